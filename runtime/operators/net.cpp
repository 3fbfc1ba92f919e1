#include "runtime/operators/net.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/data/pair_place.h"
#include "runtime/operators/use_block.h"

namespace braid {
namespace {

constexpr size_t kChangesAtOnce = kBlockRows;

}  // namespace

NetNode::NetNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<NetOperator>(self_.content)),
      key_(input_row(0), content_.keys, KeyFormat::Nulls::group),
      stored_(first_fields(input_row(0), content_.fields)),
      leaves_(flatten(self_.row)),
      retracted_column_(static_cast<uint32_t>(leaf_offset(input_row(0), content_.retracted))),
      slots_(64, 0) {
  // Of whole ones also the row before and the time, each with its presence.
  const size_t behind = content_.whole ? 1 + (1 + stored_.leaf_count()) + 2 : 1;
  BRAID_CHECK(stored_.leaf_count() + behind == leaves_.size(), "changes whose row is not that of the rows before");
  if (content_.keeps) standing_ = std::make_unique<StandingRows>(table(0), key_, stored_, services);
  if (const auto proof = PairedChanges::prove(services.program, services.index))
    paired_ = std::make_unique<PairedChanges>(*proof, stored_, input_row(0), content_.fields, retracted_column_);
}

NetNode::Side NetNode::side_of(const Block& block, const Block& target, uint32_t row) {
  scratch_.clear();
  stored_.append(target, row, scratch_);
  Side side{turn_.copy(scratch_), block.time[row], block.record_of(row)};
  // Rows of one key of the step before share their bytes.
  if (side.record.bytes.data != last_bytes_.data || side.record.bytes.size != last_bytes_.size) {
    last_bytes_ = side.record.bytes;
    last_copy_ = turn_.copy(last_bytes_.view());
  }
  side.record.bytes = last_copy_;
  return side;
}

NetNode::Change& NetNode::change_of(uint64_t hash, std::string_view key) {
  if ((changes_.size() + 1) * 2 > slots_.size()) {
    slots_.assign(slots_.size() * 2, 0);
    for (size_t i = 0; i < changes_.size(); ++i) {
      size_t at = changes_[i].hash & (slots_.size() - 1);
      while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = static_cast<uint32_t>(i) + 1;
    }
  }
  size_t at = hash & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    Change& known = changes_[slots_[at] - 1];
    if (known.hash == hash && known.key.view() == key) return known;
  }
  changes_.push_back({hash, turn_.copy(key), {}, {}});
  slots_[at] = static_cast<uint32_t>(changes_.size());
  return changes_.back();
}

Bytes NetNode::standing_row(const Change& change) {
  const Bytes row = standing_->row(change.hash, change.key.view());
  return row.data == nullptr ? row : turn_.copy(row.view());
}

void NetNode::take(int, const Block& block, std::vector<Block>& out) {
  if (paired_) {
    use_block(dispositions(), index(), 0, block, arena());
    const size_t before = out.size();
    paired_->take(block, arena(), out);
    count_made(out, before);
    return;
  }
  if (changes_.empty()) turn_.reset();
  last_bytes_ = {nullptr, 0};  // other bytes may lie there now
  const KeyBlock keys = key_.encode(block, arena());
  if (standing_) note(standing_->warm(keys, block.rows));
  const Block target = stored_.target(block, 0);
  const auto* goes = block.columns[retracted_column_].as<uint8_t>();
  use_block(dispositions(), index(), 0, block, arena());
  for (uint32_t row = 0; row < block.rows; ++row) {
    const size_t known = changes_.size();
    Change& change = change_of(keys.hashes[row], keys.keys[row].view());
    const bool first = changes_.size() > known;
    const Side side = side_of(block, target, row);
    if (standing_) {
      if (first) change.before.row = standing_row(change);
      note_standing(change, side, goes[row] != 0);
    } else if (first) {
      (goes[row] != 0 ? change.before : change.now) = side;
    } else if (goes[row] == 0) {
      if (change.now.row.data != nullptr) others_.push_back({change.key, change.now});
      change.now = side;
    } else if (!goes_again(change, side) && change.before.row.data == nullptr) {
      change.before = side;
    }
  }
}

/// Whether the row that goes has come in this turn. A key may move from one group to another: then its new row may come
/// before the one that it had goes.
bool NetNode::goes_again(Change& change, const Side& side) {
  auto other = [&](auto fits) {
    return std::ranges::find_if(
        others_, [&](const auto& each) { return each.first.view() == change.key.view() && fits(each.second); });
  };
  if (change.now.row.data != nullptr && change.now.row.view() == side.row.view()) {
    change.now = {};
    change.now.time = side.time;
    if (const auto left = other([](const Side&) { return true; }); left != others_.end()) {
      change.now = left->second;
      others_.erase(left);
    }
    return true;
  }
  const auto same = other([&](const Side& each) { return each.row.view() == side.row.view(); });
  if (same == others_.end()) return false;
  others_.erase(same);
  return true;
}

/// Either side goes out with the cause that came last.
void NetNode::note_standing(Change& change, Side side, bool goes) {
  standing_->change(change.hash, change.key.view(), side.row.view(), goes);
  const Bytes before = change.before.row;
  side.row = standing_row(change);
  change.now = change.before = side;
  change.before.row = before;
}

void NetNode::count_made(const std::vector<Block>& out, size_t first) {
  for (size_t i = first; i < out.size(); ++i) dispositions().make(index(), out[i].rows);
}

std::optional<ReleasePoint> NetNode::next_release() {
  if (paired_) return paired_->waiting() ? std::optional(ReleasePoint{1, 0}) : std::nullopt;
  if (next_ == changes_.size()) return {};
  return ReleasePoint{static_cast<int64_t>(std::min(next_ + kChangesAtOnce, changes_.size())), 0};
}

uint64_t NetNode::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  if (paired_) {
    const size_t before = out.size();
    paired_->finish(arena(), out);
    count_made(out, before);
    return 0;
  }
  const size_t first = next_;
  while (next_ < changes_.size() && static_cast<int64_t>(next_) < point.time)
    put_out(std::min({next_ + kChangesAtOnce, changes_.size(), static_cast<size_t>(point.time)}), out);
  return next_ - first;
}

void NetNode::put_out(size_t end, std::vector<Block>& out) {
  struct Part {
    const Side* side;
    RowChange change;
    Bytes before;  ///< no data: none
    uint64_t hash;
  };
  std::vector<Part> parts;
  for (; next_ < end; ++next_) {
    const Change& each = changes_[next_];
    const bool stood = each.before.row.data != nullptr, stands = each.now.row.data != nullptr;
    if (stood && stands && each.before.row.view() == each.now.row.view()) continue;
    if (!stood && !stands) continue;
    parts.push_back(stands ? Part{&each.now, stood ? RowChange::becomes : RowChange::comes, each.before.row, each.hash}
                           : Part{&each.before, RowChange::goes, {nullptr, 0}, each.hash});
  }
  if (parts.empty()) return;
  const auto count = static_cast<uint32_t>(parts.size());
  Block block = allocate_block(leaves_, count, arena());
  auto* records = arena().allocate_array<Record>(count);
  block.rows = count;
  block.records = records;
  dispositions().make(index(), count);
  const Block target = stored_.target(block, 0);
  const size_t fields = stored_.leaf_count();
  auto* kinds = block.columns[fields].as<int64_t>();
  for (uint32_t row = 0; row < count; ++row) {
    const Side& side = *parts[row].side;
    stored_.read(side.row, target, row, turn_);
    kinds[row] = static_cast<int64_t>(parts[row].change);
    if (content_.whole) put_whole(block, row, parts[row].before, side.time);
    records[row] = side.record;
    records[row].settled = 0;
    if (content_.whole) place_by_key(records[row], parts[row].hash);
    block.time[row] = side.time;
    block.watermark[row] = kNoTime;
    block.record[row] = row;
  }
  out.push_back(std::move(block));
}

/// Of one instant each key has one change, whatever row caused it: what is read of the changes goes by the key.
void NetNode::place_by_key(Record& record, uint64_t hash) const {
  record.source = made_source(services_.program);
  record.partition = 0;
  record.position = static_cast<int64_t>(hash >> 1);
  set_pair(record, nullptr);
}

void NetNode::put_whole(Block& block, uint32_t row, Bytes before, int64_t time) {
  const size_t first = stored_.leaf_count() + 1, behind = first + 1 + stored_.leaf_count();
  const bool has_before = before.data != nullptr, has_time = time != kNoTime;
  write_slot(block.columns[first], row, slot_u8(has_before));
  if (has_before)
    stored_.read(before, stored_.target(block, first + 1), row, turn_);
  else
    for (size_t leaf = first + 1; leaf < behind; ++leaf) write_slot(block.columns[leaf], row, slot_i128(0));
  write_slot(block.columns[behind], row, slot_u8(has_time));
  write_slot(block.columns[behind + 1], row, slot_i64(has_time ? time : 0));
}

void NetNode::finish_release(std::vector<Block>&) {
  if (paired_) paired_->end_turn();
  constexpr size_t kFewSlots = 4096;
  if (slots_.size() > kFewSlots && changes_.size() * 8 < slots_.size()) slots_.resize(kFewSlots);
  changes_.clear();
  others_.clear();
  std::fill(slots_.begin(), slots_.end(), 0);
  next_ = 0;
}

void NetNode::begin_round() {
  if (standing_) standing_->begin_round();
}

void NetNode::freeze() {
  if (standing_) standing_->freeze();
}

bool NetNode::copy_frozen(CopyBudget& budget) {
  return !standing_ || standing_->copy_frozen(budget);
}

void NetNode::take_frozen(StateBatch& batch) {
  if (standing_) standing_->take_frozen(batch);
}

void NetNode::committed() {
  if (standing_) standing_->committed();
}

Status NetNode::restore(StateStore& store, uint64_t memory) {
  return standing_ ? standing_->restore(store, memory) : Status();
}

void NetNode::read_ahead() {
  if (standing_) note(standing_->read_ahead(services_.read_ahead.ranges));
}

Status NetNode::evict(uint64_t bytes) {
  if (standing_) standing_->evict(bytes);
  return {};
}

StateSize NetNode::state_size() const {
  return standing_ ? standing_->size() : StateSize{};
}

}  // namespace braid
