#include "runtime/state/unread_ranges.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"

namespace braid {

std::string UnreadRanges::begin_of(uint32_t table, uint32_t slice, int64_t bucket) const {
  return family_ == StateFamily::timed ? bucket_prefix(table, slice, bucket) : slice_prefix(table, slice);
}

Status UnreadRanges::begin(StateStore& store) {
  store_ = &store;
  buckets_.clear();
  wanted_.clear();
  cells_ = rows_ = 0;
  for (size_t table = 0; table < tables_.size(); ++table) {
    BRAID_TRY(find_buckets(table));
    if (!empty())
      rows_ += store
                   .estimate(family_, slice_prefix(tables_[table], first_slice_),
                             StateStore::behind_prefix(slice_prefix(tables_[table], end_slice_ - 1)))
                   .rows;
  }
  return {};
}

Status UnreadRanges::find_buckets(size_t table) {
  return store_->leap(family_, slice_prefix(tables_[table], first_slice_),
                      StateStore::behind_prefix(slice_prefix(tables_[table], end_slice_ - 1)),
                      [&](std::string_view key, std::string_view) -> Result<std::string> {
                        const bool timed = family_ == StateFamily::timed;
                        const int64_t bucket = timed ? parse_timed_key(key).bucket : 0;
                        const uint32_t slice = slice_of(timed ? parse_timed_key(key).hash : parse_point_key(key).hash);
                        if (slice < first_slice_ || slice >= end_slice_)
                          return Error{ErrorKind::store, "a row of the state is in no slice of its step", 0, 0};
                        Bucket& found = buckets_[bucket];
                        found.cells.resize(end_slice_ - first_slice_);
                        found.tables |= uint32_t{1} << table;
                        Cell& cell = found.cells[slice - first_slice_];
                        if (cell.unread == 0) {
                          cell.unread = 1;
                          ++found.left;
                          ++cells_;
                        }
                        return StateStore::behind_prefix(begin_of(tables_[table], slice, bucket));
                      });
}

bool UnreadRanges::holds(uint64_t hash, int64_t bucket) const {
  auto found = buckets_.find(bucket);
  if (found == buckets_.end()) return false;
  const Cell& cell = found->second.cells[slice_of(hash) - first_slice_];
  return is_unread(cell, range_of(cell, hash));
}

std::optional<int64_t> UnreadRanges::first_bucket(size_t table, int64_t from) const {
  for (auto bucket = buckets_.lower_bound(from); bucket != buckets_.end(); ++bucket)
    if ((bucket->second.tables >> table & 1) != 0) return bucket->first;
  return {};
}

uint64_t UnreadRanges::ranges_of(int64_t bucket) {
  auto found = buckets_.find(bucket);
  if (found == buckets_.end()) return 0;
  uint64_t ranges = 0;
  for (uint32_t slice = first_slice_; slice < end_slice_; ++slice) {
    Cell& cell = found->second.cells[slice - first_slice_];
    size(cell, slice, bucket);
    ranges += cell.unread;
  }
  return ranges;
}

void UnreadRanges::size(Cell& cell, uint32_t slice, int64_t bucket) {
  if (cell.unread == 0 || cell.bits != kNotDecided) return;
  uint64_t bytes = 0;
  for (uint32_t table : tables_) {
    const std::string prefix = begin_of(table, slice, bucket);
    bytes += store_->estimate(family_, prefix, StateStore::behind_prefix(prefix)).bytes;
  }
  cell.bits = static_cast<int8_t>(std::min<int>(std::bit_width(bytes / range_bytes_), kMostBits));
  cell.unread = uint32_t{1} << cell.bits;
}

void UnreadRanges::want(uint64_t hash, int64_t bucket) {
  auto found = buckets_.find(bucket);
  if (found == buckets_.end()) return;
  const uint32_t slice = slice_of(hash);
  Cell& cell = found->second.cells[slice - first_slice_];
  size(cell, slice, bucket);
  if (is_unread(cell, range_of(cell, hash))) wanted_.push_back({slice, bucket, range_of(cell, hash)});
}

UnreadRanges::Run UnreadRanges::run_of(const Cell& cell, uint32_t slice, int64_t bucket, uint32_t range) {
  const int rest = 58 - std::max<int>(cell.bits, 0);  // bits of the hash within a range
  const uint64_t first = uint64_t{slice} << 58 | uint64_t{range} << rest;
  return {bucket, first, first | ((uint64_t{1} << rest) - 1)};
}

void UnreadRanges::take(Place bucket, Cell& cell, uint32_t slice, uint32_t range, std::vector<Run>& runs) {
  const Run run = run_of(cell, slice, bucket->first, range);
  if (!runs.empty() && runs.back().bucket == run.bucket && runs.back().last + 1 == run.first &&
      slice_of(runs.back().last) == slice) {
    runs.back().last = run.last;
  } else {
    runs.push_back(run);
  }
  if (--cell.unread > 0) {
    if (cell.read == nullptr) cell.read = std::make_unique<std::vector<bool>>(size_t{1} << cell.bits);
    (*cell.read)[range] = true;
    return;
  }
  cell.read.reset();
  --bucket->second.left;
  --cells_;
}

uint64_t UnreadRanges::take_some(Place bucket, Cell& cell, uint32_t slice, uint64_t most, std::vector<Run>& runs) {
  uint64_t taken = 0;
  for (; cell.unread > 0 && taken < most; ++cell.next) {
    if (!is_unread(cell, cell.next)) continue;
    take(bucket, cell, slice, cell.next, runs);
    ++taken;
  }
  return taken;
}

UnreadRanges::Place UnreadRanges::pass(Place bucket) {
  Place next = bucket->second.left == 0 ? buckets_.erase(bucket) : std::next(bucket);
  if (buckets_.empty()) rows_ = 0;
  return next;
}

void UnreadRanges::sort(std::vector<Run>& runs) {
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) {
    return std::tuple(slice_of(a.first), a.bucket, a.first) < std::tuple(slice_of(b.first), b.bucket, b.first);
  });
}

std::vector<UnreadRanges::Run> UnreadRanges::take_wanted() {
  std::sort(wanted_.begin(), wanted_.end());
  wanted_.erase(std::unique(wanted_.begin(), wanted_.end()), wanted_.end());
  std::vector<Run> runs;
  for (const Wanted& each : wanted_) {
    Place bucket = buckets_.find(each.bucket);
    take(bucket, bucket->second.cells[each.slice - first_slice_], each.slice, each.range, runs);
    pass(bucket);
  }
  wanted_.clear();
  return runs;
}

std::vector<UnreadRanges::Run> UnreadRanges::take_bucket(int64_t bucket, uint32_t first_slice, uint32_t end_slice) {
  std::vector<Run> runs;
  Place found = buckets_.find(bucket);
  if (found == buckets_.end()) return runs;
  for (uint32_t slice = first_slice; slice < end_slice; ++slice)
    take_some(found, found->second.cells[slice - first_slice_], slice, UINT64_MAX, runs);
  pass(found);
  return runs;
}

std::vector<UnreadRanges::Run> UnreadRanges::take_next(uint64_t ranges) {
  std::vector<Run> runs;
  for (Place bucket = buckets_.begin(); bucket != buckets_.end() && ranges > 0; bucket = pass(bucket)) {
    for (uint32_t slice = first_slice_; slice < end_slice_ && ranges > 0; ++slice) {
      Cell& cell = bucket->second.cells[slice - first_slice_];
      size(cell, slice, bucket->first);
      ranges -= take_some(bucket, cell, slice, ranges, runs);
    }
  }
  sort(runs);
  return runs;
}

std::vector<UnreadRanges::Run> UnreadRanges::take_all() {
  std::vector<Run> runs;
  for (uint32_t slice = first_slice_; slice < end_slice_; ++slice)
    for (Place bucket = buckets_.begin(); bucket != buckets_.end(); ++bucket)
      take_some(bucket, bucket->second.cells[slice - first_slice_], slice, UINT64_MAX, runs);
  for (Place bucket = buckets_.begin(); bucket != buckets_.end();) bucket = pass(bucket);
  return runs;
}

void UnreadRanges::forget(int64_t bucket) {
  Place found = buckets_.find(bucket);
  if (found == buckets_.end()) return;
  rows_ -= rows_ / cells_ * found->second.left;
  cells_ -= found->second.left;
  found->second.left = 0;
  pass(found);
}

Status UnreadRanges::scan(uint32_t table, std::span<const Run> runs, const StateStore::Visit& visit) {
  if (runs.empty()) return {};
  std::vector<KeyRange> ranges;
  ranges.reserve(runs.size());
  for (const Run& run : runs) {
    const bool timed = family_ == StateFamily::timed;
    auto key = [&](uint64_t hash) {
      return timed ? timed_key(table, run.bucket, hash, {}) : point_key(table, hash, {});
    };
    ranges.push_back({key(run.first), StateStore::behind_prefix(key(run.last))});
  }
  return store_->scan_ranges(family_, ranges, [&](size_t, std::string_view key, std::string_view value) {
    if (rows_ > 0) --rows_;
    return visit(key, value);
  });
}

}  // namespace braid
