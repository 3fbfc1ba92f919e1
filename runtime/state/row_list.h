// The rows of one key, in its owner's order: pointers to rows that lie in a pool. One row takes no memory besides the
// list's own 16 bytes; more lie in an array of the pool, which doubles. One thread.
//
// The pool is that of every call. clear() gives the array back; the rows are the owner's.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "runtime/state/blob_pool.h"

namespace braid {

template <class Row>
class RowList {
 public:
  uint32_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  std::span<Row* const> rows() const { return {data(), count_}; }
  /// Of the array; 0 while the list holds one row.
  uint64_t bytes() const { return room_ * sizeof(Row*); }

  /// Of a list of one row: asks the memory for it.
  void prefetch() const {
    if (room_ == 0 && count_ > 0) __builtin_prefetch(one_);
  }

  void insert(size_t at, Row* row, BlobPool& pool) {
    if (count_ == capacity()) grow(pool);
    Row** rows = data();
    std::memmove(rows + at + 1, rows + at, (count_ - at) * sizeof(Row*));
    rows[at] = row;
    ++count_;
  }
  void erase(size_t first, size_t count) {
    Row** rows = data();
    std::memmove(rows + first, rows + first + count, (count_ - first - count) * sizeof(Row*));
    count_ -= static_cast<uint32_t>(count);
  }
  template <class Gone>
  void erase_if(Gone gone) {
    Row** rows = data();
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count_; ++i)
      if (!gone(*rows[i])) rows[kept++] = rows[i];
    count_ = kept;
  }
  void clear(BlobPool& pool) {
    if (room_ > 0) pool.release({reinterpret_cast<const char*>(array_), bytes()});
    *this = RowList();
  }

 private:
  uint32_t capacity() const { return room_ == 0 ? 1 : room_; }
  Row** data() { return room_ == 0 ? &one_ : array_; }
  Row* const* data() const { return room_ == 0 ? &one_ : array_; }
  void grow(BlobPool& pool) {
    constexpr uint32_t kFirst = 4;
    const uint32_t room = room_ == 0 ? kFirst : room_ * 2;
    auto** array = reinterpret_cast<Row**>(pool.allocate(room * sizeof(Row*)));
    std::memcpy(array, data(), count_ * sizeof(Row*));
    if (room_ > 0) pool.release({reinterpret_cast<const char*>(array_), bytes()});
    array_ = array;
    room_ = room;
  }

  union {
    Row* one_ = nullptr;
    Row** array_;
  };
  uint32_t count_ = 0;
  uint32_t room_ = 0;  ///< of the array; 0: one_
};

}  // namespace braid
