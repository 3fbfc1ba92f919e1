#include "runtime/operators/latest.h"

#include <algorithm>
#include <tuple>

#include "runtime/base/check.h"
#include "runtime/data/pair_place.h"
#include "runtime/operators/use_block.h"

namespace braid {

LatestNode::LatestNode(const Services& services)
    : ChangesNode(services),
      content_(std::get<LatestOperator>(self_.content)),
      key_(input_row(0), content_.keys, KeyFormat::Nulls::group),
      stored_(first_fields(input_row(0), content_.fields)),
      values_(*this),
      rows_(table(0), table(1), key_, services, values_, pool_,
            retains() ? std::optional(DueKeys::timers(table(2), content_.retain_us)) : std::nullopt) {
  if (retains()) dues_.emplace(rows_, sizeof(Newest));
  if (content_.deleted >= 0) delete_column_ = static_cast<int>(leaf_offset(input_row(0), content_.deleted));
  BRAID_CHECK(stored_.leaf_count() + 1 == leaves_.size(), "changes whose row is not that of the rows before");
}

bool LatestNode::is_older(int64_t time, const Record& record, const Newest& than) const {
  const std::tuple own(time, record.source, record.partition, record.position);
  const std::tuple other(than.time, than.source, than.partition, than.position);
  if (own != other) return own < other;
  Record kept;
  set_pair(kept, than.pair);
  return pair_place(record) < pair_place(kept);
}

void LatestNode::keep_pair(Newest& newest, std::string_view places) {
  Record kept;
  set_pair(kept, newest.pair);
  if (newest.pair != nullptr) pool_.release(pair_memory(kept));
  newest.pair = places.empty() ? nullptr : write_pair(places, pool_.allocate(sizeof(uint32_t) + places.size()));
}

void LatestNode::NewestRows::store(char* value, WireWriter& out, const PutPart&) {
  const auto& newest = *reinterpret_cast<const Newest*>(value);
  struct [[gnu::packed]] Head {
    int64_t time, position;
    uint32_t source, partition;
    uint8_t stands;
    uint32_t size;
  };
  out.fixed(Head{newest.time, newest.position, newest.source, newest.partition,
                 static_cast<uint8_t>(newest.row.data != nullptr), static_cast<uint32_t>(newest.row.size)});
  out.bytes().append(newest.row.view());
  Record kept;
  set_pair(kept, newest.pair);
  if (newest.pair != nullptr) out.text(pair_place(kept));
}

bool LatestNode::NewestRows::load(WireReader& in, char* value) {
  auto& newest = *reinterpret_cast<Newest*>(value);
  newest.time = in.fixed<int64_t>();
  newest.position = in.fixed<int64_t>();
  newest.source = in.fixed<uint32_t>();
  newest.partition = in.fixed<uint32_t>();
  const bool stands = in.fixed<uint8_t>() != 0;
  newest.known = stands ? kStands : kEnded;
  const std::string_view row = in.text();
  if (in.failed() || (stands && !node_.stored_.fits(row))) return false;
  if (stands) newest.row = node_.pool_.copy(row);
  if (!in.at_end()) node_.keep_pair(newest, in.text());
  if (node_.retains()) node_.dues_->of(value).time = add_time(newest.time, node_.content_.retain_us);
  return true;
}

bool LatestNode::NewestRows::stays(const char* value) const {
  return reinterpret_cast<const Newest*>(value)->row.data == nullptr;
}

void LatestNode::NewestRows::loaded(RowHandle row, char* value) {
  const auto& newest = *reinterpret_cast<const Newest*>(value);
  if (node_.retains()) node_.dues_->begin(row, node_.dues_->of(value).time);
  if (newest.row.data == nullptr) node_.ended_.push({newest.time, node_.rows_.hash(row), row});
}

void LatestNode::NewestRows::end(char* value) {
  auto& newest = *reinterpret_cast<Newest*>(value);
  newest.known = kUnknown;
  if (node_.retains()) node_.dues_->end(value);
  if (newest.row.data != nullptr) node_.pool_.release_later(newest.row);
  node_.keep_pair(newest, {});
}

void LatestNode::take(int, const Block& block, std::vector<Block>&) {
  KeyBlock keys = key_.encode(block, arena());
  note(rows_.warm(keys, block.rows));
  for (uint32_t row = 0; row < block.rows; ++row) rows_.prefetch_slot(keys.hashes[row]);
  for (uint32_t row = 0; row < block.rows; ++row) rows_.prefetch_row(keys.hashes[row]);
  const Block target = stored_.target(block, 0);
  use_block(dispositions(), index(), 0, block, arena());
  for (uint32_t row = 0; row < block.rows; ++row) {
    const Record& record = block.record_of(row);
    const bool ends = delete_column_ >= 0 && block.columns[delete_column_].as<uint8_t>()[row] != 0;
    int64_t time = block.time[row];
    if (content_.versions) time = std::max({time, block.watermark[row], edges[0].finite});
    bool added = false;
    const RowHandle at = rows_.find_or_add(keys.hashes[row], keys.keys[row].view(), &added);
    Newest& kept = newest(at);
    if (!added && is_older(time, record, kept)) continue;
    rows_.change(at);
    if (kept.touch == 0) {
      Touched& made = touch(at, sequence_of(row));
      made.before = kept.row;  // whose memory stays until it is out
      if (retains() && !added) end_at(made, add_time(kept.time, content_.retain_us), time);
      kept.touch = touches();
    } else if (kept.row.data != nullptr) {
      pool_.release_later(kept.row);
    }
    kept = {.time = time,
            .position = record.position,
            .source = record.source,
            .partition = record.partition,
            .touch = kept.touch,
            .known = ends ? kEnded : kStands,
            .row = {nullptr, 0},
            .pair = kept.pair};
    keep_pair(kept, pair_place(record));
    if (retains()) {
      const int64_t due = add_time(time, content_.retain_us);
      if (added) {
        dues_->begin(at, due);
      } else {
        dues_->move(rows_.value(at), due);
      }
    }
    if (ends) {
      ended_.push({time, keys.hashes[row], at});
    } else {
      kept.row = stored_.store(target, row, pool_);
    }
  }
  taken += block.rows;
}

void LatestNode::touch_forgotten() {
  if (!retains()) return;
  due_.clear();
  note(dues_->take(forgets_to(), due_));
  std::sort(due_.begin(), due_.end(), [this](RowHandle a, RowHandle b) {
    return std::pair(rows_.hash(a), rows_.key(a)) < std::pair(rows_.hash(b), rows_.key(b));
  });
  for (const RowHandle row : due_) {
    rows_.change(row);
    Newest& kept = newest(row);
    if (kept.touch == 0) {
      Touched& made = touch(row, forgotten_sequence());
      made.before = kept.row;
      end_at(made, dues_->of(rows_.value(row)).time, kEndTime);
      kept.touch = touches();
    } else if (kept.row.data != nullptr) {
      pool_.release_later(kept.row);
    }
    kept.row = {nullptr, 0};
    kept.known = kForgotten;
  }
}

void LatestNode::emit(std::span<const Touched> touched, std::vector<Block>& out) {
  std::vector<Change> changes;
  std::vector<RowHandle> forgotten;
  std::vector<Bytes> rows;
  for (const Touched& each : touched) {
    Newest& now = newest(each.row);
    now.touch = 0;
    const bool stood = each.before.data != nullptr, stands = now.row.data != nullptr;
    if (stood) pool_.release_later(each.before);
    if (now.known == kForgotten) forgotten.push_back(each.row);
    const bool stays = goes_at(each, now.time) == now.time;
    if (stood == stands && (!stood || (stays && each.before.view() == now.row.view()))) continue;
    auto add = [&](bool goes, int64_t time, Bytes row) {
      changes.push_back({each.sequence, goes, time, rows_.hash(each.row), rows_.key(each.row)});
      rows.push_back(row);
    };
    if (stood) add(true, goes_at(each, now.time), each.before);
    if (stands) add(false, now.time, now.row);
  }
  if (changes.empty()) {
    for (const RowHandle row : forgotten) rows_.erase(row);
    return;
  }
  const Block block = begin_block(changes);
  const Block target = stored_.target(block, 0);
  std::vector<uint32_t> kept;
  for (uint32_t row = 0; row < block.rows; ++row) {
    stored_.read(rows[row], target, row, arena());
    kept.push_back(row);
  }
  put_out(block, kept, out);
  for (const RowHandle row : forgotten) rows_.erase(row);
}

void LatestNode::end_turn() {
  // A key that has ended need not be known once no older version can come.
  while (!ended_.empty() && ended_.top().time < edges[0].finite) {
    const Ended ended = ended_.top();
    ended_.pop();
    if (rows_.hash(ended.row) != ended.hash) continue;  // the place is another key's now
    const Newest& kept = newest(ended.row);
    if (kept.known == kEnded && kept.row.data == nullptr && kept.time == ended.time) rows_.erase(ended.row);
  }
}

Status LatestNode::evict(uint64_t bytes) {
  rows_.evict(bytes);
  if (dues_) dues_->forget_evicted();
  return {};
}

StateSize LatestNode::state_size() const {
  StateSize size = rows_.size();
  size.bytes += ended_.size() * sizeof(Ended);
  if (dues_) size.bytes += dues_->bytes();
  return size;
}

}  // namespace braid
