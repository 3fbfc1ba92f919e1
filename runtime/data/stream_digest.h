// The hash of bytes that come in pieces: it depends on the bytes alone, not on the pieces. It has the seed of key_hash
// and, like key_hash, never changes. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace braid {

class StreamDigest {
 public:
  StreamDigest();
  ~StreamDigest();
  StreamDigest(StreamDigest&&) noexcept;
  StreamDigest& operator=(StreamDigest&&) noexcept;

  void add(std::string_view bytes);
  /// Of all bytes since the beginning or the last clear().
  uint64_t value() const;
  void clear();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// key_hash of a text that is longer than a key.
uint64_t stream_hash(std::string_view bytes);

}  // namespace braid
