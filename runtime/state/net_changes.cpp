#include "runtime/state/net_changes.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "runtime/base/check.h"

namespace braid {
namespace {

bool by_key(const NetChanges::Row& a, const NetChanges::Row& b) {
  const int order = a.change().key.compare(b.change().key);
  return order != 0 ? order < 0 : a.number < b.number;
}

bool by_head(const NetChanges::Row& a, const NetChanges::Row& b) {
  return a.head < b.head;
}

constexpr int kBytesOfHead = 8;

constexpr uint64_t mask_of(int bits) {
  return bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
}

}  // namespace

void NetChanges::reserve(uint64_t changes) {
  rows_.reserve(changes);
  beginnings_.reserve(changes);
}

NetChanges::Beginning NetChanges::beginning_of(std::string_view key) {
  Beginning beginning = {};
  if (key.size() >= sizeof(beginning))
    std::memcpy(beginning.data(), key.data(), sizeof(beginning));  // of a fixed size: three moves, not a call
  else
    std::memcpy(beginning.data(), key.data(), key.size());
  for (uint64_t& word : beginning) word = __builtin_bswap64(word);
  return beginning;
}

void NetChanges::add(const StateBatch::Change& change, const char* place) {
  if (change.kind == StateBatch::Change::Kind::erase_range) {
    ranges_.push_back({0, place, next_++});
    return;
  }
  const Beginning beginning = beginning_of(change.key);
  if (rows_.empty()) first_ = beginning;
  for (size_t word = 0; word < kWords; ++word) different_[word] |= beginning[word] ^ first_[word];
  rows_.push_back({0, place, next_++});
  beginnings_.push_back(beginning);
}

void NetChanges::settle() {
  BRAID_CHECK(rows_.size() <= UINT32_MAX, "a commit has too many changes");
  make_heads();
  if (!std::is_sorted(rows_.begin(), rows_.end(), by_head)) sort_by_head();
  keep_last();
  std::sort(ranges_.begin(), ranges_.end(), by_key);
  if (!ranges_.empty()) drop_erased();
}

void NetChanges::make_heads() {
  // The first bytes that are not the same everywhere, those side by side as one.
  struct Bytes {
    size_t word;
    int shift, bits;
  };
  std::vector<Bytes> runs;
  int left = kBytesOfHead;
  for (size_t word = 0; word < kWords; ++word)
    for (int shift = 56; shift >= 0 && left > 0; shift -= 8) {
      if ((different_[word] >> shift & 0xFF) == 0) continue;
      --left;
      if (!runs.empty() && runs.back().word == word && runs.back().shift == shift + 8)
        runs.back() = {word, shift, runs.back().bits + 8};
      else
        runs.push_back({word, shift, 8});
    }
  // What is the same in front of the first bit that differs need not be sorted by.
  head_bits_ = 0;
  for (Bytes& run : runs) {
    run.bits = static_cast<int>(std::bit_width(different_[run.word] >> run.shift & mask_of(run.bits)));
    head_bits_ += run.bits;
  }
  for (size_t row = 0; row < rows_.size(); ++row) {
    uint64_t head = 0;
    for (const Bytes& run : runs) {
      const uint64_t bytes = beginnings_[row][run.word] >> run.shift & mask_of(run.bits);
      head = run.bits == 64 ? bytes : head << run.bits | bytes;
    }
    rows_[row].head = head;
  }
  beginnings_ = {};
}

void NetChanges::sort_by_head() {
  constexpr size_t kFew = 256;
  if (rows_.size() < kFew) {
    std::stable_sort(rows_.begin(), rows_.end(), by_head);
    return;
  }
  // By digits of the first bits, from the last of them to the first; each pass keeps the order of the one before. So
  // many bits tell most rows apart, since keys have a hash in front; the few that agree in them are sorted then.
  constexpr int kDigit = 11, kMore = 12, kMostPasses = 6;
  const int enough = static_cast<int>(std::bit_width(rows_.size())) + kMore;
  const int passes = std::min((std::min(enough, head_bits_) + kDigit - 1) / kDigit, kMostPasses);
  const int first = std::max(head_bits_ - passes * kDigit, 0);
  std::vector<uint32_t> counts(static_cast<size_t>(passes) << kDigit);
  auto digit = [&](const Row& row, int pass) { return row.head >> (first + pass * kDigit) & mask_of(kDigit); };
  for (const Row& row : rows_)
    for (int pass = 0; pass < passes; ++pass) ++counts[static_cast<size_t>(pass) << kDigit | digit(row, pass)];
  std::vector<Row> sorted(rows_.size());
  for (int pass = 0; pass < passes; ++pass) {
    const std::span<uint32_t> places = std::span(counts).subspan(static_cast<size_t>(pass) << kDigit, 1 << kDigit);
    if (places[digit(rows_[0], pass)] == rows_.size()) continue;
    uint32_t next = 0;
    for (uint32_t& place : places) next += std::exchange(place, next);
    for (const Row& row : rows_) sorted[places[digit(row, pass)]++] = row;
    rows_.swap(sorted);
  }
  if (first > 0) sort_runs(first);
}

void NetChanges::sort_runs(int shift) {
  for (auto begin = rows_.begin(), end = begin; begin != rows_.end(); begin = end) {
    for (end = begin + 1; end != rows_.end() && end->head >> shift == begin->head >> shift;) ++end;
    if (end - begin > 1) std::sort(begin, end, by_head);
  }
}

void NetChanges::keep_last() {
  size_t kept = 0;
  for (size_t begin = 0, end = 0; begin < rows_.size(); begin = end) {
    for (end = begin + 1; end < rows_.size() && rows_[end].head == rows_[begin].head;) ++end;
    if (end - begin > 1)
      std::sort(rows_.begin() + static_cast<std::ptrdiff_t>(begin), rows_.begin() + static_cast<std::ptrdiff_t>(end),
                by_key);
    for (size_t i = begin; i < end; ++i)
      if (i + 1 == end || rows_[i].change().key != rows_[i + 1].change().key) rows_[kept++] = rows_[i];
  }
  rows_.resize(kept);
}

void NetChanges::drop_erased() {
  std::vector<const Row*> open;  // ranges that have begun
  auto next = ranges_.begin();
  std::erase_if(rows_, [&](const Row& row) {
    const std::string_view key = row.change().key;
    for (; next != ranges_.end() && next->change().key <= key; ++next) open.push_back(&*next);
    std::erase_if(open, [&](const Row* range) { return range->change().value <= key; });
    return std::any_of(open.begin(), open.end(), [&](const Row* range) { return range->number > row.number; });
  });
}

}  // namespace braid
