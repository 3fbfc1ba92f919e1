#include "runtime/data/count_min.h"

#include <algorithm>
#include <limits>

#include "runtime/data/varint.h"

namespace braid {
namespace {

constexpr int kBits = 11;
constexpr uint32_t kColumns = 1u << kBits, kRows = 4, kCounters = kColumns * kRows;
constexpr size_t kMostSparse = kCounters / 4;
constexpr char kForm = 1;

/// At the most that there is it stays: of sums, so that their order does not show.
void add_to(int64_t& sum, int64_t count) {
  if (__builtin_add_overflow(sum, count, &sum)) sum = std::numeric_limits<int64_t>::max();
}

/// Each row goes by other bits of the hash.
uint32_t place_of(uint64_t hash, uint32_t row) {
  return row * kColumns + (static_cast<uint32_t>(hash >> (row * kBits)) & (kColumns - 1));
}

}  // namespace

std::vector<CountMin::Counter>::const_iterator CountMin::find(uint32_t place) const {
  return std::lower_bound(sparse_.begin(), sparse_.end(), place,
                          [](const Counter& counter, uint32_t wanted) { return counter.first < wanted; });
}

void CountMin::change(uint32_t place, int64_t count) {
  if (!dense_.empty()) {
    add_to(dense_[place], count);
    return;
  }
  const auto at = sparse_.begin() + (find(place) - sparse_.cbegin());
  if (at != sparse_.end() && at->first == place) {
    add_to(at->second, count);
    if (at->second == 0) sparse_.erase(at);
    return;
  }
  sparse_.insert(at, {place, count});
  if (sparse_.size() <= kMostSparse) return;
  dense_.assign(kCounters, 0);
  for (const auto& [each, times] : sparse_) dense_[each] = times;
  sparse_ = {};
}

void CountMin::add(uint64_t hash, int64_t count) {
  add_to(total_, count);
  for (uint32_t row = 0; row < kRows; ++row) change(place_of(hash, row), count);
}

void CountMin::merge(const CountMin& other) {
  add_to(total_, other.total_);
  for (const auto& [place, count] : other.sparse_) change(place, count);
  for (uint32_t place = 0; place < other.dense_.size(); ++place)
    if (other.dense_[place] != 0) change(place, other.dense_[place]);
}

int64_t CountMin::count(uint64_t hash) const {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (uint32_t row = 0; row < kRows; ++row) {
    const uint32_t place = place_of(hash, row);
    if (!dense_.empty()) {
      least = std::min(least, dense_[place]);
      continue;
    }
    const auto at = find(place);
    least = std::min(least, at != sparse_.end() && at->first == place ? at->second : 0);
  }
  return least;
}

void CountMin::write(std::string& out) const {
  out += kForm;
  out += static_cast<char>(kBits);
  out += static_cast<char>(kRows);
  uint32_t next = 0;
  auto put = [&](uint32_t place, int64_t count) {
    append_varint(place - next, out);
    append_varint(static_cast<uint64_t>(count), out);
    next = place + 1;
  };
  for (const auto& [place, count] : sparse_) put(place, count);
  for (uint32_t place = 0; place < dense_.size(); ++place)
    if (dense_[place] != 0) put(place, dense_[place]);
}

bool CountMin::read(std::string_view bytes) {
  if (bytes.size() < 3 || bytes[0] != kForm || bytes[1] != kBits || bytes[2] != static_cast<char>(kRows)) return false;
  bytes.remove_prefix(3);
  CountMin made;
  int64_t totals[kRows] = {};
  uint64_t next = 0;
  while (!bytes.empty()) {
    uint64_t gap = 0, count = 0;
    if (!take_varint(bytes, gap) || !take_varint(bytes, count)) return false;
    if (gap >= kCounters - next || count == 0 || count > std::numeric_limits<int64_t>::max()) return false;
    next += gap;
    int64_t& total = totals[next / kColumns];
    if (__builtin_add_overflow(total, static_cast<int64_t>(count), &total)) return false;
    made.change(static_cast<uint32_t>(next), static_cast<int64_t>(count));
    ++next;
    if (next == kCounters && !bytes.empty()) return false;
  }
  for (const int64_t total : totals)
    if (total != totals[0]) return false;
  made.total_ = totals[0];
  *this = std::move(made);
  return true;
}

}  // namespace braid
