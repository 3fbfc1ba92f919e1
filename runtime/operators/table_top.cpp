#include "runtime/operators/table_top.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/operators/use_block.h"

namespace braid {

TableTopNode::TableTopNode(const Services& services)
    : ChangesNode(services),
      content_(std::get<TopOperator>(self_.content)),
      limit_{content_.count, content_.with_ties},
      key_(input_row(0), content_.group.keys, KeyFormat::Nulls::group),
      order_(content_, input_row(0)),
      stored_(first_fields(input_row(0), content_.fields)),
      place_bytes_(content_.group.retracted >= 0 ? 0 : RankOrder::kPlaceBytes),
      values_(*this),
      rows_(table(0), table(1), key_, services, values_, pool_,
            forgets() ? std::optional(DueKeys::timers(table(2), retains() ? content_.group.retain_us : 0))
                      : std::nullopt) {
  if (forgets()) dues_.emplace(rows_, sizeof(Key));
  if (content_.group.window_key >= 0) {
    const int field = content_.group.keys[static_cast<size_t>(content_.group.window_key)];
    end_column_ = static_cast<int>(leaf_offset(input_row(0), field) + leaf_count(input_row(0)[field].type)) - 1;
  }
  if (content_.group.retracted >= 0)
    retracted_column_ = static_cast<int>(leaf_offset(input_row(0), content_.group.retracted));
  BRAID_CHECK(stored_.leaf_count() + (content_.numbered ? 1 : 0) + 1 == leaves_.size(),
              "the row of `top` is not that of the rows before, its number and its mark");
}

/// Two texts and a number, as WireWriter writes them.
void TableTopNode::append_change(std::string_view values, std::string_view entry, int64_t count, WireWriter& out) {
  const auto values_size = static_cast<uint32_t>(values.size()), entry_size = static_cast<uint32_t>(entry.size());
  std::string& bytes = out.bytes();
  const size_t at = bytes.size();
  bytes.resize(at + 2 * sizeof(uint32_t) + values.size() + entry.size() + sizeof(count));
  char* to = bytes.data() + at;
  std::memcpy(to, &values_size, sizeof(values_size));
  to = std::ranges::copy(values, to + sizeof(values_size)).out;
  std::memcpy(to, &entry_size, sizeof(entry_size));
  to = std::ranges::copy(entry, to + sizeof(entry_size)).out;
  std::memcpy(to, &count, sizeof(count));
}

void TableTopNode::note_change(Key& key, std::string_view values, std::string_view entry, int64_t count) {
  constexpr uint64_t kFew = 16;
  news_bytes_ += values.size() + entry.size();
  key.rows_changed = true;
  if (key.log == nullptr || key.log->whole) return;
  Log& log = *key.log;
  append_change(values, entry, count, log.news);
  if (log.written + ++log.news_count <= 2 * key.rows.entries() + kFew) return;
  log.whole = true;
  log.news = {};
  log.news_count = 0;
}

void TableTopNode::take(int, const Block& block, std::vector<Block>&) {
  KeyBlock keys = key_.encode(block, arena());
  note(rows_.warm(keys, block.rows));
  for (uint32_t row = 0; row < block.rows; ++row) rows_.prefetch_slot(keys.hashes[row]);
  for (uint32_t row = 0; row < block.rows; ++row) rows_.prefetch_row(keys.hashes[row]);
  const Block target = stored_.target(block, 0);
  std::string &values = values_bytes_, &entry = entry_bytes_;
  use_block(dispositions(), index(), 0, block, arena());
  // Where no key leaves while rows come, keys are found a few rows ahead, so that their lists are at hand.
  constexpr uint32_t kAhead = 6;
  const uint32_t ahead = retains() ? 0 : kAhead;
  struct Found {
    RowHandle row;
    bool added;
  };
  auto* found = arena().allocate_array<Found>(block.rows);
  uint32_t looked = 0;
  for (uint32_t row = 0; row < block.rows; ++row) {
    for (; looked < block.rows && looked <= row + ahead; ++looked) {
      bool is_new = false;
      const RowHandle its = rows_.find_or_add(keys.hashes[looked], keys.keys[looked].view(), &is_new);
      found[looked] = {its, is_new};
      if (!is_new) key(its).rows.prefetch();
    }
    auto [at, added] = found[row];
    rows_.change(at);
    if (added) begin_key(at);
    if (added && end_column_ >= 0)
      dues_->begin(at, add_time(block.columns[end_column_].as<int64_t>()[row], content_.group.window.late_us));
    if (retains()) {
      if (has_ended(key(at), block.time[row])) {
        if (key(at).touch == 0) touch_key(at, sequence_of(row));
        end_at(touched(key(at).touch - 1), add_time(key(at).time, content_.group.retain_us), block.time[row]);
        at = begin_anew(at);
        added = true;
      }
      const int64_t due = add_time(std::max(key(at).time, block.time[row]), content_.group.retain_us);
      if (added) {
        dues_->begin(at, due);
      } else {
        dues_->move(rows_.value(at), due);
      }
    }
    Key& own = key(at);
    own.time = std::max(own.time, block.time[row]);
    values.clear();
    entry.clear();
    order_.append_values(block, row, values);
    const bool of_stream = retracted_column_ < 0;
    if (of_stream && (RankedRows::head_of(values) > own.bound || !own.rows.admits(values, limit_))) continue;
    if (own.touch == 0) touch_key(at, sequence_of(row));
    if (of_stream) RankOrder::append_place(block, row, entry);
    stored_.append(target, row, entry);
    const bool goes = !of_stream && block.columns[retracted_column_].as<uint8_t>()[row] != 0;
    const int64_t count = goes ? -1 : 1;
    own.rows.change(values, entry, count, memory());
    note_change(own, values, entry, count);
    if (!of_stream) continue;
    own.rows.trim(limit_, memory(), [&](std::string_view left, std::string_view gone, int64_t rows) {
      note_change(own, left, gone, -rows);
    });
    own.bound = own.rows.bound(limit_);
  }
  taken += block.rows;
}

/// Numbered, what has the same place; else what is there as often.
void TableTopNode::drop_what_stays(std::span<std::string_view> before) {
  if (content_.numbered) {
    for (size_t i = 0; i < std::min(before.size(), now_.size()); ++i)
      if (before[i].data() == now_[i].data() || before[i] == now_[i]) before[i] = now_[i] = {};
    return;
  }
  std::vector<std::string_view*> was, is;
  for (std::string_view& row : before) was.push_back(&row);
  for (std::string_view& row : now_) is.push_back(&row);
  auto less = [](const std::string_view* left, const std::string_view* right) { return *left < *right; };
  std::ranges::stable_sort(was, less);
  std::ranges::stable_sort(is, less);
  for (size_t i = 0, k = 0; i < was.size() && k < is.size();) {
    if (*was[i] == *is[k])
      *was[i++] = *is[k++] = {};
    else
      ++(*was[i] < *is[k] ? i : k);
  }
}

void TableTopNode::touch_key(RowHandle at, uint64_t sequence) {
  touch(at, sequence);
  Key& own = key(at);
  own.touch = touches();
  own.rows.visit_first(limit_, [&](std::string_view each) { before_.push_back(row_of(each)); });
  before_ends_.push_back(before_.size());
}

void TableTopNode::begin_key(RowHandle at) {
  key(at).time = kNoTime;
  key(at).bound = UINT64_MAX;
}

/// What blocks of the turn show of its rows stays for them.
void TableTopNode::end_key(RowHandle at) {
  key(at).rows.clear(memory());
  rows_.erase(at);
}

RowHandle TableTopNode::begin_anew(RowHandle at) {
  const uint32_t touch = key(at).touch;
  const uint64_t hash = rows_.hash(at);
  const std::string_view bytes = arena().copy(rows_.key(at)).view();
  end_key(at);
  bool added = false;
  at = rows_.find_or_add(hash, bytes, &added);
  rows_.change(at);
  Key& now = key(at);
  begin_key(at);
  now.touch = touch;
  touched(touch - 1).row = at;
  return at;
}

void TableTopNode::touch_forgotten() {
  if (!retains()) return;
  due_.clear();
  note(dues_->take(forgets_to(), due_));
  std::sort(due_.begin(), due_.end(), [this](RowHandle a, RowHandle b) {
    return std::pair(rows_.hash(a), rows_.key(a)) < std::pair(rows_.hash(b), rows_.key(b));
  });
  for (const RowHandle row : due_) {
    rows_.change(row);
    if (key(row).touch == 0) touch_key(row, forgotten_sequence());
    end_at(touched(key(row).touch - 1), dues_->of(rows_.value(row)).time, kEndTime);
    key(row).forgotten = true;
  }
}

void TableTopNode::emit(std::span<const Touched> touched, std::vector<Block>& out) {
  changes_.clear();
  parts_.clear();
  std::vector<RowHandle> ended;
  for (const Touched& each : touched) {
    Key& own = key(each.row);
    const size_t first = own.touch == 1 ? 0 : before_ends_[own.touch - 2];
    const std::span<std::string_view> before(before_.data() + first, before_ends_[own.touch - 1] - first);
    own.touch = 0;
    now_.clear();
    if (!own.forgotten) own.rows.visit_first(limit_, [&](std::string_view entry) { now_.push_back(row_of(entry)); });
    const int64_t gone = goes_at(each, own.time);
    if (gone == own.time) drop_what_stays(before);
    auto add = [&](bool goes, std::span<const std::string_view> rows) {
      for (size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].data() == nullptr) continue;
        changes_.push_back({each.sequence, goes, goes ? gone : own.time, rows_.hash(each.row), rows_.key(each.row), i});
        parts_.push_back({rows[i], i + 1});
        if (changes_.size() < kBlockRows) continue;
        put_out_rows(changes_, parts_, out);
        changes_.clear();
        parts_.clear();
      }
    };
    add(true, before);
    add(false, now_);
    if (own.forgotten || own.rows.empty()) ended.push_back(each.row);
  }
  if (!changes_.empty()) put_out_rows(changes_, parts_, out);
  for (const RowHandle row : ended) end_key(row);
}

void TableTopNode::put_out_rows(std::span<const Change> changes, std::span<const Part> parts, std::vector<Block>& out) {
  const Block block = begin_block(changes);
  const Block target = stored_.target(block, 0);
  std::vector<uint32_t> kept;
  for (uint32_t row = 0; row < block.rows; ++row) {
    stored_.read({parts[row].row.data(), parts[row].row.size()}, target, row, arena());
    if (content_.numbered)
      block.columns[stored_.leaf_count()].as<int64_t>()[row] = static_cast<int64_t>(parts[row].number);
    kept.push_back(row);
  }
  put_out(block, kept, out);
}

void TableTopNode::end_turn() {
  if (content_.group.window_key >= 0) {
    due_.clear();
    note(dues_->take(edges[0].value(), due_));
    for (const RowHandle row : due_) end_key(row);
  }
  before_.clear();
  before_ends_.clear();
  for (const Bytes row : gone_) pool_.release_later(row);  // blocks that are out refer to them
  gone_.clear();
}

bool TableTopNode::are_few(const RankedRows& rows) {
  constexpr uint64_t kFewRows = 16, kFewBytes = 4096;
  if (rows.entries() > kFewRows) return false;
  rows.prefetch_bytes();  // they are written next
  uint64_t bytes = 0;
  rows.visit_all(
      [&](std::string_view values, std::string_view entry, int64_t) { bytes += values.size() + entry.size(); });
  return bytes <= kFewBytes;
}

void TableTopNode::store_parts(Key& key, const KeyedRows::Values::PutPart& put) {
  if (key.log == nullptr) {
    key.log = new Log;
    key.log->whole = true;
  }
  Log& log = *key.log;
  if (!log.whole && log.news_count == 0) return;
  const uint32_t before = log.parts;
  if (log.whole) {
    log.news.clear();
    key.rows.visit_all([&](std::string_view values, std::string_view entry, int64_t count) {
      append_change(values, entry, count, log.news);
    });
    log.written = key.rows.entries();
    log.parts = 0;
  } else {
    log.written += log.news_count;
  }
  put(0, log.parts++, log.news.bytes());
  for (uint32_t old = log.parts; old < before; ++old) put(0, old, std::nullopt);
  log.news = {};
  log.news_count = 0;
  log.whole = false;
}

void TableTopNode::Keys::store(char* value, WireWriter& out, const PutPart& put) {
  auto& key = *reinterpret_cast<Key*>(value);
  const bool beside = key.rows_changed && are_few(key.rows);
  key.rows_changed = false;
  if (!beside) {
    node_.store_parts(key, put);
  } else if (key.log != nullptr) {
    for (uint32_t part = 0; part < key.log->parts; ++part) put(0, part, std::nullopt);
    delete std::exchange(key.log, nullptr);
  }
  out.fixed(key.time);
  out.fixed(key.log == nullptr ? uint32_t{0} : key.log->parts);
  if (node_.forgets()) out.fixed(node_.dues_->of(value).time);
  if (!beside) return;
  key.rows.visit_all([&](std::string_view values, std::string_view entry, int64_t count) {
    append_change(values, entry, count, out);
  });
}

bool TableTopNode::load_changes(WireReader& in, Key& key, uint64_t* count) {
  for (; !in.failed() && !in.at_end(); ++*count) {
    const std::string_view values = in.text(), entry = in.text();
    const auto by = in.fixed<int64_t>();
    if (in.failed() || entry.size() < place_bytes_ || !stored_.fits(row_of(entry))) return false;
    key.rows.change(values, entry, by, {pool_});
  }
  key.bound = key.rows.bound(limit_);
  return !in.failed();
}

bool TableTopNode::Keys::load(WireReader& in, char* value) {
  auto& key = *reinterpret_cast<Key*>(value);
  key.time = in.fixed<int64_t>();
  if (const auto parts = in.fixed<uint32_t>(); parts > 0) {
    key.log = new Log;
    key.log->parts = parts;
  }
  if (node_.forgets()) node_.dues_->of(value).time = in.fixed<int64_t>();
  uint64_t rows = 0;
  return node_.load_changes(in, key, &rows);
}

std::vector<uint32_t> TableTopNode::Keys::parts(char* value) {
  const Log* log = reinterpret_cast<const Key*>(value)->log;
  if (log == nullptr) return {};
  return {log->parts};
}

bool TableTopNode::Keys::load_part(uint16_t, std::string_view bytes, char* value) {
  auto& key = *reinterpret_cast<Key*>(value);
  WireReader in(bytes);
  return key.log != nullptr && node_.load_changes(in, key, &key.log->written);
}

void TableTopNode::Keys::end(char* value) {
  auto& key = *reinterpret_cast<Key*>(value);
  if (node_.forgets()) node_.dues_->end(value);
  key.rows.clear({node_.pool_});
  delete std::exchange(key.log, nullptr);
}

void TableTopNode::Keys::end_with_all(char* value) {
  auto& key = *reinterpret_cast<Key*>(value);
  key.rows.end();
  delete key.log;
}

void TableTopNode::freeze() {
  rows_.freeze();
  news_bytes_ = 0;
}

Status TableTopNode::evict(uint64_t bytes) {
  rows_.evict(bytes);
  if (dues_) dues_->forget_evicted();
  return {};
}

StateSize TableTopNode::state_size() const {
  StateSize size = rows_.size();
  size.dirty += news_bytes_;
  if (dues_) size.bytes += dues_->bytes();
  return size;
}

}  // namespace braid
