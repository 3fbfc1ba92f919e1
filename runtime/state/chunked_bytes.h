// Bytes that are added in small pieces, each of which stays together and where it is. They go all at once. Memory is
// the pool's, in chunks that grow from `first` to `largest` bytes, each `growth` times as large as the one before;
// zeroed memory is empty. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "runtime/state/blob_pool.h"

namespace braid {

template <uint64_t first, uint64_t growth, uint64_t largest>
class ChunkedBytes {
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

  void begin_chunk(uint64_t room, BlobPool& pool) {
    uint64_t size = newest_ == nullptr ? first : std::min(growth * newest_->size, largest);
    size = std::max(size, sizeof(Chunk) + room);
    auto* chunk = reinterpret_cast<Chunk*>(pool.allocate(size));
    *chunk = {newest_, size, sizeof(Chunk)};
    newest_ = chunk;
  }

  Chunk* newest_;
};

/// What no commit has yet of something that only grows. Chunks grow fast: a commit writes a row for each.
using NewsBytes = ChunkedBytes<64, 8, 32 * 1024>;

}  // namespace braid
