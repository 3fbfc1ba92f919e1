// Bump allocation for objects that live as long as a turn (or a compilation): memory is freed as a whole. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "runtime/data/slot.h"

namespace braid {

class Arena {
 public:
  explicit Arena(size_t chunk_bytes = 64 * 1024) : chunk_bytes_(chunk_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;

  /// Aligned to 16 bytes, not cleared.
  char* allocate(size_t bytes) {
    bytes = (bytes + 15) & ~size_t{15};
    if (bytes > left_) return allocate_slow(bytes);
    char* place = next_;
    next_ += bytes;
    left_ -= bytes;
    return place;
  }
  template <class T>
  T* allocate_array(size_t count) {
    return reinterpret_cast<T*>(allocate(count * sizeof(T)));
  }
  Bytes copy(std::string_view text);
  /// Frees everything that was allocated, and keeps the memory for the next turn.
  void reset();
  size_t bytes_reserved() const;

 private:
  char* allocate_slow(size_t bytes);
  struct Chunk {
    std::unique_ptr<char[]> memory;
    size_t bytes;
  };
  size_t chunk_bytes_;
  std::vector<Chunk> chunks_;
  size_t current_ = 0;
  char* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace braid
