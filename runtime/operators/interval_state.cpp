// How an interval join forgets, closes and stores its rows.
#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/operators/interval_join.h"
#include "runtime/state/wire.h"

namespace braid {

int64_t IntervalJoinNode::passed() const {
  if (edges[1].ended) return kEndTime;
  return closes_in_time() ? subtract_time(edges[1].finite, upper()) : kNoTime;
}

std::optional<ReleasePoint> IntervalJoinNode::next_release() {
  if (is_outer()) return next_release_outer();
  if (has_own_ends()) return next_release_ends();
  if (content_.nearest) return waiting_.next_release(passed());
  if (!closes_in_time()) return next_slice();
  int64_t first = closings_.empty() ? kEndTime : closings_.first_time();
  if (const auto span = first_cold_left()) first = std::min(first, begin_of(*span));
  if (first >= passed()) return {};
  return ReleasePoint{TimeQueue<Closing, ByArrival>::bucket_end(first)};
}

uint64_t IntervalJoinNode::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  const int64_t before = std::min(point.time, passed());
  if (is_outer()) return release_outer(point, out);
  if (has_own_ends()) return release_ends(point, out);
  if (content_.nearest) return decide_waiting(before, out);
  if (!closes_in_time()) return close_slice(point.slice - 1, out);
  for (auto span = first_cold_left(); span && begin_of(*span) < before; span = first_cold_left())
    note(load_span(*span, services_.first_slice, services_.end_slice));
  return close_before(before, out);
}

std::optional<ReleasePoint> IntervalJoinNode::next_slice() {
  const bool any = left_count_ > 0 || first_cold_left().has_value();
  if (!edges[1].ended || !any) {
    ending_.clear();
    return {};
  }
  if (ending_.empty()) {
    ending_.resize(kSlices);
    next_slice_ = services_.first_slice;
    keys_.for_each([this](Entry& entry) {
      if (!entry.value.left.empty()) ending_[slice_of(entry.hash)].push_back(&entry);
    });
  }
  BRAID_CHECK(next_slice_ < services_.end_slice, "left rows outside of the slices of their join");
  return ReleasePoint{kEndTime, next_slice_ + 1};
}

uint64_t IntervalJoinNode::close_slice(uint32_t slice, std::vector<Block>& out) {
  if (ending_.empty() || slice != next_slice_ || slice == services_.end_slice) return 0;  // another worker's
  constexpr int64_t kOnlySpan = 0;
  if (first_cold_left()) note(load_span(kOnlySpan, slice, slice + 1));
  ++next_slice_;
  // All of the table goes: a range instead of the name of each row.
  left_of_slice_[slice] = LeftRows::gone;
  std::vector<HeldRow> unmatched;
  uint64_t rows = 0;
  for (Entry* entry : ending_[slice]) {
    for (LeftRow* row : entry->value.left.rows()) {
      copy(*entry, *row);
      if (!row->matched) unmatched.push_back(row->held);
      drop_later(*row);
    }
    rows += entry->value.left.size();
    entry->value.left.clear(pool_);
    if (!entry->value.right.empty()) continue;
    // The slice says that its left rows are gone; only right rows that were forgotten one by one have to be named.
    if (forgets()) cold_.gone(entry->hash, entry->key.view(), entry->bucket);
    erase(*entry);
  }
  left_count_ -= rows;
  std::sort(unmatched.begin(), unmatched.end(), before_by_arrival);
  settle_unmatched(unmatched, out, slice);
  ending_[slice].clear();
  // What came back only to close makes room for the next slice.
  for (Entry* entry : loaded_)
    if (entry->live && entry->value.changed == ChangedIn::none) evict(*entry);
  loaded_.clear();
  return rows;
}

void IntervalJoinNode::finish_release(std::vector<Block>&) {
  if (content_.nearest) waiting_.pass(passed());
  if (is_outer()) right_closed_to_ = std::max(right_closed_to_, passed_right());
  forget_right();
}

uint64_t IntervalJoinNode::decide_waiting(int64_t before, std::vector<Block>& out) {
  std::vector<HeldRow> released;
  note(waiting_.take_before(before, released));
  if (edges[1].ended && !released.empty() && closes_in_time()) seal(add_time(released.back().time, upper()));
  for_each_block(released, HeldRows::Order::arrival, left_rows_, left_leaves_, services_, [&](const Block& block) {
    KeyBlock keys = left_key_.encode(block, arena());
    std::vector<uint32_t> rows(block.rows);
    for (uint32_t row = 0; row < block.rows; ++row) {
      rows[row] = row;
      dispositions().release(index(), 0, block.record_of(row));
    }
    decide_nearest(block, keys, rows, out);
  });
  return released.size();
}

uint64_t IntervalJoinNode::close_before(int64_t time, std::vector<Block>& out) {
  std::vector<HeldRow> unmatched;
  const uint64_t held = left_count_;
  Closing closing;
  while (closings_.take_before(time, &closing)) close(closing, unmatched);
  settle_unmatched(unmatched, out);
  return held - left_count_;  // not those that have left: after a restart nobody knows of them
}

void IntervalJoinNode::close(const Closing& closing, std::vector<HeldRow>& unmatched) {
  auto list = closing.entry->value.left.rows();
  auto place_of = [](const LeftRow* row) {
    return std::tuple(row->held.time, row->held.record.turn, row->held.record.ordinal, row->held.sequence);
  };
  auto place = std::lower_bound(list.begin(), list.end(), closing,
                                [&](const LeftRow* row, const Closing& c) { return place_of(row) < c.place(); });
  const bool there = place != list.end() && place_of(*place) == closing.place();
  BRAID_CHECK(there || leaves_met_, "a left row is gone");
  if (!there) return;  // it left when it met its match
  if (edges[1].ended) seal(add_time(closing.time, upper()));
  LeftRow& row = **place;
  copy(*closing.entry, row);
  if (row.held.stored) erased_.erase(StateFamily::timed, left_key_of(*closing.entry, row.held));
  if (!row.matched) unmatched.push_back(row.held);
  drop_later(row);
  closing.entry->value.left.erase(static_cast<size_t>(place - list.begin()), 1);
  --left_count_;
  erase_if_empty(*closing.entry);
}

void IntervalJoinNode::settle_alone(const Block& block, std::vector<Block>& out) {
  JoinPairs alone;
  std::vector<RightTime> times;
  for (uint32_t row = 0; row < block.rows; ++row) {
    dispositions().release(index(), 0, block.record_of(row));
    if (!emits_alone_) {
      rows_.leave_unmatched(block, row);
      continue;
    }
    if (makes_rows_) dispositions().use(index(), 0, block.record_of(row));
    alone.add(row, {nullptr, 0});
    times.push_back({block.time[row], block.watermark[row]});
  }
  if (!alone.rows.empty()) emit(block, alone, times, out);
}

void IntervalJoinNode::settle_unmatched(std::span<const HeldRow> unmatched, std::vector<Block>& out,
                                        std::optional<uint32_t> slice) {
  uint64_t rank = 0;
  for_each_block(unmatched, HeldRows::Order::arrival, left_rows_, left_leaves_, services_, [&](const Block& block) {
    // Of all workers' rows those of a slice come before those of the next.
    if (slice && services_.trace != nullptr)
      for (OrderKey& key : services_.trace->rows) key = {.time = *slice, .a = rank++};
    settle_alone(block, out);
  });
}

void IntervalJoinNode::forget_right() {
  // A right row is needed while a left row can come, or waits, that it lies within reach of. What ends is not counted:
  // a file may grow before the next run.
  if (!forgets()) return;
  int64_t bound = edges[0].finite;
  if (content_.nearest && !waiting_.empty()) bound = std::min(bound, waiting_.first_time());
  if (content_.nearest && has_own_ends()) bound = std::min(bound, first_held());
  // Needed if time − lower ≥ bound; of `any` if time + retain ≥ bound.
  right_needed_from_ =
      content_.lower_us ? add_time(bound, *content_.lower_us) : subtract_time(bound, content_.retain_us);
  Expiry<Entry> expiry;
  while (expiries_.take(subtract_time(right_needed_from_, 1), &expiry)) {
    Entry& entry = *expiry.entry;
    if (!expiry.is_current()) continue;
    auto list = entry.value.right.rows();
    auto end = std::lower_bound(list.begin(), list.end(), right_needed_from_,
                                [](const RightRow* row, int64_t time) { return row->time < time; });
    for (auto row = list.begin(); row != end; ++row) {
      copy(entry, **row);
      if ((*row)->stored) erased_.erase(StateFamily::timed, right_key_of(entry, **row));
      pool_.release_later((*row)->memory());
      --right_count_;
    }
    entry.value.right.erase(0, static_cast<size_t>(end - list.begin()));
    erase_if_empty(entry);
  }
  forget_cold_right(right_needed_from_);
}

void IntervalJoinNode::forget_cold_right(int64_t passed) {
  // Those with left rows come back first.
  UnreadRanges& unread = cold_.unread();
  for (auto span = unread.first_bucket(kRightTable); span && end_of(*span) <= passed;
       span = unread.first_bucket(kRightTable, *span + 1)) {
    if (unread.had_rows(*span, kLeftTable) || cold_left_spans_.contains(*span)) continue;
    unread.forget(*span);
    if (!cold_spans_.contains(*span)) erased_right_spans_.push_back(*span);
  }
  for (auto span = cold_spans_.begin(); span != cold_spans_.end() && end_of(span->first) <= passed;) {
    if (cold_left_spans_.contains(span->first) || unread.holds_bucket(span->first)) {
      ++span;
      continue;
    }
    erased_right_spans_.push_back(span->first);
    cold_.remove(span->second);
    if (cold_.empty()) cold_rows_ = 0;
    span = cold_spans_.erase(span);
  }
}

void IntervalJoinNode::forget_matched(Entry& entry) {
  if (!entry.live) return;
  entry.value.left.erase_if([&](LeftRow& row) {
    if (!row.matched) return false;
    copy(entry, row);
    if (row.held.stored) erased_.erase(StateFamily::timed, left_key_of(entry, row.held));
    drop_later(row);
    if (has_own_ends()) forget_time(row.held.time);
    --left_count_;
    return true;
  });
  erase_if_empty(entry);
}

void IntervalJoinNode::erase_if_empty(Entry& entry) {
  if (!entry.value.left.empty() || !entry.value.right.empty()) return;
  cold_.gone(entry.hash, entry.key.view(), entry.bucket);
  erase(entry);
}

void IntervalJoinNode::erase(Entry& entry) {
  entry.value.left.clear(pool_);
  entry.value.right.clear(pool_);
  keys_.erase(entry);
}

std::string_view IntervalJoinNode::left_key_of(const Entry& entry, const HeldRow& row) {
  set_timed_key(key_bytes_, table(kLeftTable), entry.bucket, entry.hash, {});
  append_time_key(key_bytes_, row.time);
  append_held_place(key_bytes_, row);
  return key_bytes_;
}

std::string_view IntervalJoinNode::right_key_of(const Entry& entry, const RightRow& row) {
  struct Place {
    uint32_t source, partition;
    int64_t position;
    uint64_t sequence;
  };
  const Place place = {row.source, row.partition, row.position, row.sequence};
  set_timed_key(key_bytes_, table(kRightTable), entry.bucket, entry.hash, {});
  append_time_key(key_bytes_, row.time);
  key_bytes_.append(reinterpret_cast<const char*>(&place), sizeof(place));
  return key_bytes_;
}

Result<IntervalJoinNode::StoredLeft> IntervalJoinNode::read_left(std::string_view key, std::string_view value) {
  TimedKey place = parse_timed_key(key);
  WireReader in(value);
  const bool matched = in.fixed<uint8_t>() != 0;
  const std::string_view left_key = in.text();
  std::string_view held = in.text();
  if (in.failed() || place.key.size() < sizeof(int64_t))
    return Error{ErrorKind::store, "a row of an interval join is damaged", 0, 0};
  BRAID_ASSIGN(HeldRow row, read_held(read_time_key(place.key), place.hash, held, left_rows_, pool_, has_own_ends()));
  return StoredLeft{make_left(row, matched), left_key};
}

Result<IntervalJoinNode::StoredRight> IntervalJoinNode::read_right(std::string_view key, std::string_view value) {
  const Error damaged{ErrorKind::store, "a row of an interval join is damaged", 0, 0};
  TimedKey parsed = parse_timed_key(key);
  if (parsed.key.size() < sizeof(int64_t)) return damaged;
  WireReader place(parsed.key.substr(sizeof(int64_t))), in(value);
  RightRow right;
  right.stored = true;
  right.time = read_time_key(parsed.key);
  right.source = place.fixed<uint32_t>();
  right.partition = place.fixed<uint32_t>();
  right.position = place.fixed<int64_t>();
  right.sequence = place.fixed<uint64_t>();
  right.watermark = in.fixed<int64_t>();
  const std::string_view right_key = in.text();
  const std::string_view content = in.text();
  if (is_outer()) right.settled = in.fixed<uint8_t>() != 0;
  const std::string_view met = in.at_end() ? std::string_view() : in.text();
  if (place.failed() || in.failed()) return damaged;
  RightRow* made = make_right(right, content, met);
  const bool kept = content_.right_filter.empty() || !content.empty();  // its fields
  if (!kept || rows_.right_rows().fits((is_outer() ? fields_of(*made) : made->row()).view()))
    return StoredRight{made, right_key};
  pool_.release(made->memory());
  return damaged;
}

void IntervalJoinNode::committed() {
  cold_.committed();
  for (LeftRows& left : left_of_slice_)
    if (left == LeftRows::going) left = LeftRows::kept;
}

void IntervalJoinNode::copy_frozen_row(const Entry& entry, LeftRow& row) {
  value_.clear();
  value_.fixed(static_cast<uint8_t>(row.matched));
  value_.text(entry.key.view());
  held_.clear();
  append_held_value(held_, row.held);
  if (has_own_ends()) held_.fixed(end_of(row));
  value_.text(held_.bytes());
  frozen_.batch().put(StateFamily::timed, left_key_of(entry, row.held), value_.bytes());
  row.held.stored = true;
  row.held.changed = ChangedIn::none;
}

void IntervalJoinNode::copy_frozen_row(const Entry& entry, RightRow& row) {
  value_.clear();
  value_.fixed(row.watermark);
  value_.text(entry.key.view());
  value_.text(row.row().view());
  if (is_outer()) value_.fixed(static_cast<uint8_t>(row.settled));
  if (row.is_pair) value_.text(pair_place(row.met()));
  frozen_.batch().put(StateFamily::timed, right_key_of(entry, row), value_.bytes());
  row.stored = true;
  row.changed = ChangedIn::none;
}

void IntervalJoinNode::copy_frozen_rows(Entry& entry) {
  if (!entry.live) return;
  for (LeftRow* row : entry.value.left.rows()) copy(entry, *row);
  for (RightRow* row : entry.value.right.rows()) copy(entry, *row);
  if (frozen_.holds(entry.value.changed)) entry.value.changed = ChangedIn::none;
}

void IntervalJoinNode::freeze() {
  waiting_.freeze();
  frozen_.begin(erased_);
  for (uint32_t slice = 0; slice < kSlices; ++slice) {
    if (left_of_slice_[slice] != LeftRows::gone) continue;
    erase_bucket(frozen_.batch(), table(kLeftTable), 0, slice, slice + 1);
    left_of_slice_[slice] = LeftRows::going;
  }
  for (int64_t span : erased_right_spans_)
    erase_bucket(frozen_.batch(), table(kRightTable), span, services_.first_slice, services_.end_slice);
  erased_right_spans_.clear();
  changed_.freeze();
  unstored_bytes_ = 0;
  cold_.collected();
  if (!std::exchange(sealed_changed_, false)) return;
  value_.clear();
  value_.fixed(sealed_);
  if (is_outer()) value_.fixed(sealed_left_);
  frozen_.batch().put(StateFamily::point, point_key(table(kSealedTable), 0, {}), value_.bytes());
}

bool IntervalJoinNode::copy_frozen(CopyBudget& budget) {
  return waiting_.copy_frozen(budget) && changed_.copy(
                                             frozen_, budget, [](const Entry* entry) { __builtin_prefetch(entry); },
                                             [](const Entry* entry) { entry->value.right.prefetch(); },
                                             [this](Entry* entry) { copy_frozen_rows(*entry); });
}

void IntervalJoinNode::take_frozen(StateBatch& batch) {
  waiting_.take_frozen(batch);
  frozen_.take(batch);
}

Status IntervalJoinNode::restore(StateStore& store, uint64_t memory) {
  BRAID_TRY(waiting_.restore(store, memory));
  memory_ = memory;
  BRAID_TRY(cold_.find_unread(store));
  // Of left rows with ends of their own all are looked at: nobody knows which of them is the next to close.
  if (!cold_.attached() || has_own_ends()) BRAID_TRY(read(cold_.unread().take_all()));
  std::string sealed;
  BRAID_ASSIGN(bool found, store.get(StateFamily::point, point_key(table(kSealedTable), 0, {}), &sealed));
  if (found) {
    WireReader in(sealed);
    sealed_ = in.fixed<int64_t>();
    if (is_outer()) sealed_left_ = in.fixed<int64_t>();
    if (in.failed()) return Error{ErrorKind::store, "a row of an interval join is damaged", 0, 0};
  }
  return {};
}

}  // namespace braid
