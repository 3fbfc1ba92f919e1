#include "runtime/state/net_changes.h"

#include <algorithm>
#include <cstring>

namespace braid {
namespace {

/// Big-endian, filled up with zeros: in the order of the bytes where they differ.
std::array<uint64_t, 3> head_of(std::string_view key) {
  std::array<uint64_t, 3> head = {};
  std::memcpy(head.data(), key.data(), std::min(key.size(), sizeof(head)));
  for (uint64_t& word : head) word = __builtin_bswap64(word);
  return head;
}

}  // namespace

bool NetChanges::Row::operator<(const Row& other) const {
  if (head != other.head) return head < other.head;
  const int order = change().key.compare(other.change().key);
  return order != 0 ? order < 0 : number < other.number;
}

void NetChanges::add(const StateBatch::Change& change, const char* place) {
  std::vector<Row>& list = change.kind == StateBatch::Change::Kind::erase_range ? ranges_ : rows_;
  list.push_back({head_of(change.key), place, next_++});
}

void NetChanges::settle() {
  std::sort(rows_.begin(), rows_.end());
  std::sort(ranges_.begin(), ranges_.end());
  size_t kept = 0;
  for (size_t i = 0; i < rows_.size(); ++i) {
    const bool last = i + 1 == rows_.size() || rows_[i].head != rows_[i + 1].head ||
                      rows_[i].change().key != rows_[i + 1].change().key;
    if (last) rows_[kept++] = rows_[i];
  }
  rows_.resize(kept);
  if (!ranges_.empty()) drop_erased();
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
