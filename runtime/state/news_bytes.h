// What no commit has yet of something that only grows, as bytes that are added in small pieces and taken all at once.
// The bytes of a piece stay together. Memory is the pool's, in chunks that double; zeroed memory is empty. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "runtime/state/blob_pool.h"

namespace braid {

class NewsBytes {
 public:
  bool empty() const { return newest_ == nullptr; }
  /// Room for a piece.
  char* add(uint64_t size, BlobPool& pool) {
    if (newest_ == nullptr || newest_->size - newest_->used < size) begin_chunk(size, pool);
    char* at = reinterpret_cast<char*>(newest_) + newest_->used;
    newest_->used += size;
    return at;
  }
  /// Gives all of it to `put`, chunk after chunk, the newest first, and is empty then.
  template <class Put>
  void take(BlobPool& pool, Put put) {
    for (const Chunk* chunk = newest_; chunk != nullptr; chunk = chunk->before)
      put(std::string_view(reinterpret_cast<const char*>(chunk) + sizeof(Chunk), chunk->used - sizeof(Chunk)));
    end(pool);
  }
  void end(BlobPool& pool) {
    while (newest_ != nullptr) {
      Chunk* before = newest_->before;
      pool.release(reinterpret_cast<char*>(newest_), newest_->size);
      newest_ = before;
    }
  }

 private:
  struct Chunk {
    Chunk* before;
    uint64_t size;  ///< with this head
    uint64_t used;
  };
  static constexpr uint64_t kFirst = 64, kLargest = 32 * 1024;

  void begin_chunk(uint64_t room, BlobPool& pool) {
    // Each eight times as large as the one before: a commit writes a row for each.
    uint64_t size = newest_ == nullptr ? kFirst : std::min(8 * newest_->size, kLargest);
    size = std::max(size, sizeof(Chunk) + room);
    auto* chunk = reinterpret_cast<Chunk*>(pool.allocate(size));
    *chunk = {newest_, size, sizeof(Chunk)};
    newest_ = chunk;
  }

  Chunk* newest_;
};

}  // namespace braid
