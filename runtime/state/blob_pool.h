// Memory for rows that live longer than a turn and go one by one: waiting rows, versions, keys. Rounds sizes up to
// classes (at most a third lost) and keeps a free list per class, so that a row costs no call of the heap.
// Owns all its memory; one thread. `bytes_used` counts what is handed out.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/data/slot.h"

namespace braid {

class BlobPool {
 public:
  BlobPool() { free_.fill(nullptr); }
  BlobPool(const BlobPool&) = delete;
  BlobPool& operator=(const BlobPool&) = delete;

  /// Not cleared, aligned to 16 bytes. `release` takes the same size.
  char* allocate(uint64_t size);
  void release(char* memory, uint64_t size);
  Bytes copy(std::string_view bytes) {
    char* memory = allocate(bytes.size());
    if (!bytes.empty()) std::memcpy(memory, bytes.data(), bytes.size());
    return {memory, bytes.size()};
  }
  void release(Bytes bytes) { release(const_cast<char*>(bytes.data), bytes.size); }
  /// For what blocks of this turn still refer to: released by the next `release_pending`.
  void release_later(Bytes bytes) { pending_.push_back(bytes); }
  void release_pending() {
    for (Bytes bytes : pending_) release(bytes);
    pending_.clear();
  }
  /// Memory of somebody else's that belongs to the same rows, so that it is counted; negative: given back.
  void charge(int64_t bytes) { used_ += static_cast<uint64_t>(bytes); }
  uint64_t bytes_used() const { return used_; }

 private:
  static constexpr uint64_t kChunk = 256 * 1024;
  static constexpr uint64_t kLargest = 32 * 1024;
  static constexpr int kClasses = 24;
  static int class_of(uint64_t size);
  static uint64_t class_size(int index);

  std::array<char*, kClasses> free_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::vector<Bytes> pending_;
  std::unordered_map<const char*, std::unique_ptr<char[]>> large_;  ///< beyond kLargest, one by one
  char* next_ = nullptr;
  uint64_t left_ = 0;
  uint64_t used_ = 0;
};

}  // namespace braid
