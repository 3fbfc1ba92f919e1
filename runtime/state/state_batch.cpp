#include "runtime/state/state_batch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/base/check.h"

namespace braid {

StateBatch& StateBatch::operator=(StateBatch&& other) noexcept {
  if (this == &other) return *this;
  pieces_ = std::exchange(other.pieces_, {});
  changes_ = std::exchange(other.changes_, 0);
  bytes_ = std::exchange(other.bytes_, 0);
  changes_of_ = std::exchange(other.changes_of_, {});
  return *this;
}

void StateBatch::append(StateBatch& later) {
  if (pieces_.empty()) {
    *this = std::move(later);
    return;
  }
  pieces_.insert(pieces_.end(), std::make_move_iterator(later.pieces_.begin()),
                 std::make_move_iterator(later.pieces_.end()));
  changes_ += later.changes_;
  bytes_ += later.bytes_;
  for (size_t family = 0; family < changes_of_.size(); ++family) changes_of_[family] += later.changes_of_[family];
  later.clear();
}

uint64_t StateBatch::bytes_reserved() const {
  uint64_t total = 0;
  for (const Piece& piece : pieces_) total += piece.size;
  return total;
}

void StateBatch::add_piece(size_t size) {
  BRAID_CHECK(size <= UINT32_MAX, "a state row is too large");
  const size_t last = pieces_.empty() ? kFirstPiece / 2 : pieces_.back().size;
  const size_t piece = std::max(size, std::min(last * 2, kLargestPiece));
  pieces_.push_back({std::make_unique_for_overwrite<char[]>(piece), piece, 0});
}

}  // namespace braid
