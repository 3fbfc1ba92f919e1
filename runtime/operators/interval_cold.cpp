// How rows of an interval join leave memory and come back.
#include <algorithm>
#include <unordered_set>

#include "runtime/base/check.h"
#include "runtime/operators/interval_join.h"

namespace braid {

void IntervalJoinNode::leave_cold(uint64_t hash, int64_t span, bool with_left) {
  cold_.add(hash, span);
  ++cold_spans_[span];
  if (with_left) ++cold_left_spans_[span];
}

void IntervalJoinNode::count_back(int64_t span, bool with_left) {
  auto take = [span](std::map<int64_t, uint64_t>& spans) {
    auto found = spans.find(span);
    BRAID_CHECK(found != spans.end(), "rows come back that were not away");
    if (--found->second == 0) spans.erase(found);
  };
  cold_.remove();
  if (cold_.empty()) cold_rows_ = 0;
  take(cold_spans_);
  if (with_left) take(cold_left_spans_);
}

void IntervalJoinNode::drop_now(const LeftRow& row) {
  release_record(row.held.record, pool_);
  pool_.release(row.held.row);
  pool_.release({reinterpret_cast<const char*>(&row), sizeof(LeftRow)});
}

void IntervalJoinNode::drop_later(const LeftRow& row) {
  release_later(row.held, pool_);
  pool_.release_later({reinterpret_cast<const char*>(&row), sizeof(LeftRow)});
}

uint64_t IntervalJoinNode::evict(Entry& entry) {
  BRAID_CHECK(entry.value.changed == ChangedIn::none, "rows are evicted that were never committed");
  const uint64_t before = pool_.bytes_used();
  const uint64_t size = sizeof(Entry) + entry.value.left.size() * sizeof(Closing) + entry.key.size;
  if (has_own_ends())
    for (const LeftRow* row : entry.value.left.rows()) note_cold_end(end_of(*row), entry.hash, entry.key.view());
  if (has_own_ends() && is_outer())
    for (const RightRow* row : entry.value.right.rows())
      if (!row->settled) note_cold(cold_rights_, row->time, entry.hash, entry.key.view());
  for (const LeftRow* row : entry.value.left.rows()) drop_now(*row);
  for (const RightRow* row : entry.value.right.rows()) pool_.release(row->memory());
  left_count_ -= entry.value.left.size();
  right_count_ -= entry.value.right.size();
  cold_rows_ += entry.value.left.size() + entry.value.right.size();
  leave_cold(entry.hash, entry.bucket, !entry.value.left.empty());
  erase(entry);
  return size + before - pool_.bytes_used();
}

Status IntervalJoinNode::evict(uint64_t bytes) {
  uint64_t freed = waiting_.evict(bytes);
  if (freed >= bytes) return {};
  keys_.evict(bytes - freed, [this](Entry& entry) { return evict(entry); });
  pool_.release_pending();
  for (auto* closings : {&closings_, &right_closings_})
    closings->erase_if([](const Closing& closing) { return !closing.entry->live; });
  expiries_.drop_evicted();
  return {};
}

Status IntervalJoinNode::warm(const Block& block, const KeyBlock& keys, bool right) {
  UnreadRanges& unread = cold_.unread();
  if (unread.empty() && cold_.empty()) return {};
  auto for_each_entry = [&](auto visit) {
    for (uint32_t row = 0; row < block.rows; ++row) {
      if (keys.has_null[row]) continue;
      visit(row, span_of(block.time[row]));
      SpanRange spans = right ? left_spans(block.time[row]) : right_spans(block.time[row]);
      if (right && content_.meets_one) {
        const SpanRange repeated = repeated_spans(block.time[row]);
        spans = {std::min(spans.first, repeated.first), std::max(spans.last, repeated.last)};
      }
      for (int64_t span = spans.first; span <= spans.last; ++span) visit(row, span);
    }
  };
  if (!unread.empty()) {
    for_each_entry([&](uint32_t row, int64_t span) { unread.want(keys.hashes[row], span); });
    BRAID_TRY(read(unread.take_wanted()));
  }
  if (cold_.empty()) return {};
  struct Wanted {
    int64_t span;
    uint64_t hash;
    std::string_view key;
    auto operator<=>(const Wanted&) const = default;
  };
  std::vector<Wanted> wanted;
  for_each_entry([&](uint32_t row, int64_t span) {
    const uint64_t hash = keys.hashes[row];
    const std::string_view key = keys.keys[row].view();
    if (!cold_spans_.contains(span) || !cold_.may_hold(hash, key, span)) return;
    if (keys_.find(hash, key, span) == nullptr) wanted.push_back({span, hash, key});
  });
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  for (const Wanted& each : wanted) BRAID_TRY(load(each.hash, each.key, each.span));
  return {};
}

void IntervalJoinNode::add_stored_left(Entry& entry, LeftRow* row) {
  add_left(entry, row);
  if (has_own_ends()) expect_end(entry, *row);
}

void IntervalJoinNode::add_stored_right(Entry& entry, RightRow* row) {
  add_right(entry, row);
  if (is_outer() && !row->settled) expect_right(entry, *row);
}

/// The rows of a key and span come one after the other; once there is no room, none of those not begun comes in.
bool IntervalJoinNode::stays_cold(uint64_t hash, std::string_view key, int64_t span) {
  return cold_.attached() && keys_.find(hash, key, span) == nullptr && state_size().bytes >= memory_;
}

void IntervalJoinNode::leave_row(uint64_t hash, std::string_view key, int64_t span, bool with_left) {
  ++cold_rows_;
  std::string place = timed_key(with_left, span, hash, key);
  if (place != last_cold_) leave_cold(hash, span, with_left);
  last_cold_ = std::move(place);
}

Status IntervalJoinNode::read(std::span<const UnreadRanges::Run> runs) {
  last_cold_.clear();
  BRAID_TRY(cold_.unread().scan(table(kLeftTable), runs, [this](std::string_view key, std::string_view value) {
    return take_stored_left(key, value);
  }));
  return cold_.unread().scan(table(kRightTable), runs, [this](std::string_view key, std::string_view value) {
    return take_stored_right(key, value);
  });
}

Status IntervalJoinNode::take_stored_left(std::string_view key, std::string_view value) {
  TimedKey place = parse_timed_key(key);
  BRAID_ASSIGN(StoredLeft left, read_left(key, value));
  // They are all read at the start, and held from then on.
  if (has_own_ends()) count_time(left.row->held.time);
  if (stays_cold(place.hash, left.key, place.bucket)) {
    if (has_own_ends()) note_cold_end(end_of(*left.row), place.hash, left.key);
    drop_now(*left.row);
    leave_row(place.hash, left.key, place.bucket, true);
    return {};
  }
  bool added = false;
  Entry& entry = keys_.find_or_add(place.hash, left.key, &added, place.bucket);
  if (added && !ending_.empty()) {
    ending_[slice_of(place.hash)].push_back(&entry);
    loaded_.push_back(&entry);
  }
  add_stored_left(entry, left.row);
  return {};
}

Status IntervalJoinNode::take_stored_right(std::string_view key, std::string_view value) {
  TimedKey place = parse_timed_key(key);
  BRAID_ASSIGN(StoredRight right, read_right(key, value));
  if (stays_cold(place.hash, right.key, place.bucket)) {
    if (has_own_ends() && is_outer() && !right.row->settled)
      note_cold(cold_rights_, right.row->time, place.hash, right.key);
    pool_.release(right.row->memory());
    leave_row(place.hash, right.key, place.bucket, false);
    return {};
  }
  bool added = false;
  add_stored_right(keys_.find_or_add(place.hash, right.key, &added, place.bucket), right.row);
  return {};
}

std::optional<int64_t> IntervalJoinNode::first_cold_left() const {
  std::optional<int64_t> first = cold_.unread().first_bucket(kLeftTable);
  if (cold_left_spans_.empty()) return first;
  const int64_t cold = cold_left_spans_.begin()->first;
  return first ? std::min(*first, cold) : cold;
}

Status IntervalJoinNode::load(uint64_t hash, std::string_view key, int64_t span) {
  std::vector<LeftRow*> left;
  std::vector<RightRow*> right;
  if (left_of_slice_[slice_of(hash)] == LeftRows::kept)
    BRAID_TRY(cold_.store().scan(StateFamily::timed, timed_prefix(table(kLeftTable), span, hash),
                                 [&](std::string_view stored, std::string_view value) -> Status {
                                   BRAID_ASSIGN(StoredLeft found, read_left(stored, value));
                                   if (found.key == key)
                                     left.push_back(found.row);
                                   else
                                     drop_now(*found.row);
                                   return {};
                                 }));
  if (end_of(span) > right_needed_from_)
    BRAID_TRY(cold_.store().scan(StateFamily::timed, timed_prefix(table(kRightTable), span, hash),
                                 [&](std::string_view stored, std::string_view value) -> Status {
                                   BRAID_ASSIGN(StoredRight found, read_right(stored, value));
                                   if (found.key == key)
                                     right.push_back(found.row);
                                   else
                                     pool_.release(found.row->memory());
                                   return {};
                                 }));
  if (left.empty() && right.empty()) return {};
  bool added = false;
  Entry& entry = keys_.find_or_add(hash, key, &added, span);
  for (LeftRow* row : left) add_stored_left(entry, row);
  for (RightRow* row : right) add_stored_right(entry, row);
  cold_rows_ -= std::min<uint64_t>(cold_rows_, left.size() + right.size());
  count_back(span, !left.empty());
  return {};
}

Status IntervalJoinNode::load_span(int64_t span, uint32_t first_slice, uint32_t end_slice) {
  std::unordered_set<const Entry*> loaded;
  Status failure = read(cold_.unread().take_bucket(span, first_slice, end_slice));
  const bool any = (is_outer() ? cold_spans_ : cold_left_spans_).contains(span);
  for (uint32_t slice = first_slice; slice < end_slice && failure.ok() && any; ++slice) {
    failure =
        cold_.store().scan(StateFamily::timed, bucket_prefix(table(kLeftTable), slice, span),
                           [&](std::string_view stored, std::string_view value) -> Status {
                             BRAID_ASSIGN(StoredLeft found, read_left(stored, value));
                             uint64_t hash = found.row->held.hash;
                             Entry* entry = keys_.find(hash, found.key, span);
                             // What is in memory holds all of its rows already, those that are gone must not come back.
                             if (entry == nullptr ? cold_.is_gone(hash, found.key, span) : !loaded.contains(entry)) {
                               drop_now(*found.row);
                               return {};
                             }
                             bool added = false;
                             if (entry == nullptr) entry = &keys_.find_or_add(hash, found.key, &added, span);
                             if (loaded.insert(entry).second && !ending_.empty()) {
                               ending_[slice].push_back(entry);
                               loaded_.push_back(entry);
                             }
                             add_left(*entry, found.row);
                             if (cold_rows_ > 0) --cold_rows_;
                             return {};
                           });
    if (!failure.ok() || (loaded.empty() && !is_outer())) continue;
    failure = cold_.store().scan(StateFamily::timed, bucket_prefix(table(kRightTable), slice, span),
                                 [&](std::string_view stored, std::string_view value) -> Status {
                                   BRAID_ASSIGN(StoredRight found, read_right(stored, value));
                                   const uint64_t hash = parse_timed_key(stored).hash;
                                   Entry* entry = keys_.find(hash, found.key, span);
                                   if (is_outer() && entry == nullptr && !cold_.is_gone(hash, found.key, span)) {
                                     bool added = false;
                                     entry = &keys_.find_or_add(hash, found.key, &added, span);
                                     loaded.insert(entry);
                                   }
                                   if (entry == nullptr || !loaded.contains(entry)) {
                                     pool_.release(found.row->memory());
                                     return {};
                                   }
                                   add_stored_right(*entry, found.row);
                                   if (cold_rows_ > 0) --cold_rows_;
                                   return {};
                                 });
  }
  for (size_t i = 0; i < loaded.size(); ++i) count_back(span, false);
  if (end_slice == services_.end_slice) {
    cold_left_spans_.erase(span);
    // All of the span is in memory: what is left was counted twice.
    if (const auto rest = cold_spans_.find(span); is_outer() && rest != cold_spans_.end()) {
      cold_.remove(rest->second);
      if (cold_.empty()) cold_rows_ = 0;
      cold_spans_.erase(rest);
    }
  }
  return failure;
}

StateSize IntervalJoinNode::state_size() const {
  uint64_t erasures = erased_.changes() * kBytesOfErasure;
  StateSize size = waiting_.size();
  const uint64_t cold = cold_rows_ + cold_.unread().rows();
  size += {left_count_ + right_count_ + cold,
           pool_.bytes_used() + keys_.bytes() + closings_.bytes() + right_closings_.bytes() + cold_ends_bytes_ +
               expiries_.bytes() + cold_.bytes() + erasures,
           unstored_bytes_ + erasures, cold};
  return size;
}

}  // namespace braid
