#include "runtime/state/blob_pool.h"

#include <bit>

namespace braid {

// Classes 2k and 2k+1 are 16·2^k and 24·2^k, rounded up to 16: 16 32 32 48 64 96 128 192 …
int BlobPool::class_of(uint64_t size) {
  uint64_t units = size <= 16 ? 1 : (size + 15) / 16;
  int power = std::bit_width(units) - 1;
  if (units == uint64_t{1} << power) return 2 * power;
  if (2 * units <= 3 * (uint64_t{1} << power)) return 2 * power + 1;
  return 2 * (power + 1);
}

uint64_t BlobPool::class_size(int index) {
  uint64_t base = uint64_t{16} << (index / 2);
  return index % 2 == 0 ? base : (base * 3 / 2 + 15) & ~uint64_t{15};
}

char* BlobPool::allocate(uint64_t size) {
  if (size > kLargest) {
    used_ += size;
    auto memory = std::make_unique_for_overwrite<char[]>(size);
    char* place = memory.get();
    large_.emplace(place, std::move(memory));
    return place;
  }
  int index = class_of(size);
  uint64_t bytes = class_size(index);
  used_ += bytes;
  if (free_[index] != nullptr) {
    char* memory = free_[index];
    std::memcpy(&free_[index], memory, sizeof(char*));
    return memory;
  }
  if (left_ < bytes) {
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(kChunk));
    next_ = chunks_.back().get();
    left_ = kChunk;
  }
  char* memory = next_;
  next_ += bytes;
  left_ -= bytes;
  return memory;
}

void BlobPool::release(char* memory, uint64_t size) {
  if (size > kLargest) {
    used_ -= size;
    large_.erase(memory);
    return;
  }
  int index = class_of(size);
  used_ -= class_size(index);
  std::memcpy(memory, &free_[index], sizeof(char*));
  free_[index] = memory;
}

}  // namespace braid
