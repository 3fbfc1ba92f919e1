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
  pool_.release(row.held.record.bytes);
  pool_.release(row.held.row);
  pool_.release({reinterpret_cast<const char*>(&row), sizeof(LeftRow)});
}

void IntervalJoinNode::drop_later(const LeftRow& row) {
  release_later(row.held, pool_);
  pool_.release_later({reinterpret_cast<const char*>(&row), sizeof(LeftRow)});
}

uint64_t IntervalJoinNode::evict(Entry& entry) {
  BRAID_CHECK(!entry.value.changed, "rows are evicted that were never committed");
  const uint64_t before = pool_.bytes_used();
  const uint64_t size = sizeof(Entry) + entry.value.left.size() * sizeof(Closing) + entry.key.size;
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
  closings_.erase_if([](const Closing& closing) { return !closing.entry->live; });
  expiries_.drop_evicted();
  return cold_.renew();
}

Status IntervalJoinNode::warm(const Block& block, const KeyBlock& keys, bool right) {
  if (cold_.empty()) return {};
  struct Wanted {
    int64_t span;
    uint64_t hash;
    std::string_view key;
    auto operator<=>(const Wanted&) const = default;
  };
  std::vector<Wanted> wanted;
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (keys.has_null[row]) continue;
    uint64_t hash = keys.hashes[row];
    std::string_view key = keys.keys[row].view();
    auto want = [&](int64_t span) {
      if (!cold_spans_.contains(span) || !cold_.may_hold(hash, key, span)) return;
      if (keys_.find(hash, key, span) == nullptr) wanted.push_back({span, hash, key});
    };
    want(span_of(block.time[row]));
    SpanRange spans = right ? left_spans(block.time[row]) : right_spans(block.time[row]);
    if (right && content_.meets_one) {
      const SpanRange repeated = repeated_spans(block.time[row]);
      spans = {std::min(spans.first, repeated.first), std::max(spans.last, repeated.last)};
    }
    for (int64_t span = spans.first; span <= spans.last; ++span) want(span);
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  for (const Wanted& each : wanted) BRAID_TRY(load(each.hash, each.key, each.span));
  return {};
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
  for (LeftRow* row : left) add_left(entry, row);
  for (RightRow* row : right) add_right(entry, row);
  cold_rows_ -= std::min<uint64_t>(cold_rows_, left.size() + right.size());
  count_back(span, !left.empty());
  return {};
}

Status IntervalJoinNode::load_span(int64_t span, uint32_t first_slice, uint32_t end_slice) {
  std::unordered_set<const Entry*> loaded;
  Status failure;
  for (uint32_t slice = first_slice; slice < end_slice && failure.ok(); ++slice) {
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
    if (!failure.ok() || loaded.empty()) continue;
    failure = cold_.store().scan(StateFamily::timed, bucket_prefix(table(kRightTable), slice, span),
                                 [&](std::string_view stored, std::string_view value) -> Status {
                                   BRAID_ASSIGN(StoredRight found, read_right(stored, value));
                                   Entry* entry = keys_.find(parse_timed_key(stored).hash, found.key, span);
                                   if (entry == nullptr || !loaded.contains(entry)) {
                                     pool_.release(found.row->memory());
                                     return {};
                                   }
                                   add_right(*entry, found.row);
                                   if (cold_rows_ > 0) --cold_rows_;
                                   return {};
                                 });
  }
  for (size_t i = 0; i < loaded.size(); ++i) count_back(span, false);
  if (end_slice == services_.end_slice) cold_left_spans_.erase(span);
  return failure;
}

StateSize IntervalJoinNode::state_size() const {
  uint64_t erasures = erased_.changes() * kBytesOfErasure;
  StateSize size = waiting_.size();
  size += {left_count_ + right_count_ + cold_rows_,
           pool_.bytes_used() + keys_.bytes() + closings_.bytes() + expiries_.bytes() + cold_.bytes() + erasures,
           unstored_bytes_ + erasures, cold_rows_};
  return size;
}

}  // namespace braid
