#include "runtime/data/arena.h"

#include <algorithm>
#include <cstring>

namespace braid {

char* Arena::allocate_slow(size_t bytes) {
  // Chunks kept by `reset` come first; one that is too small for this request is passed over until the next reset.
  size_t next = next_ == nullptr ? 0 : current_ + 1;
  while (next < chunks_.size() && chunks_[next].bytes < bytes) ++next;
  if (next >= chunks_.size()) {
    size_t size = std::max(bytes, chunk_bytes_);
    chunks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
    next = chunks_.size() - 1;
  }
  current_ = next;
  next_ = chunks_[next].memory.get() + bytes;
  left_ = chunks_[next].bytes - bytes;
  return chunks_[next].memory.get();
}

Bytes Arena::copy(std::string_view text) {
  char* place = allocate(text.size());
  if (!text.empty()) std::memcpy(place, text.data(), text.size());
  return {place, text.size()};
}

void Arena::reset() {
  current_ = 0;
  next_ = nullptr;
  left_ = 0;
}

size_t Arena::bytes_reserved() const {
  size_t bytes = 0;
  for (const Chunk& chunk : chunks_) bytes += chunk.bytes;
  return bytes;
}

}  // namespace braid
