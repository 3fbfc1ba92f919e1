#include "runtime/data/stream_digest.h"

#include "runtime/data/key_bytes.h"

#define XXH_STATIC_LINKING_ONLY
#include <xxh_x86dispatch.h>  // uses the widest registers of the processor

namespace braid {

struct StreamDigest::State {
  XXH3_state_t hash;
};

StreamDigest::StreamDigest() : state_(std::make_unique<State>()) {
  clear();
}
StreamDigest::~StreamDigest() = default;
StreamDigest::StreamDigest(StreamDigest&&) noexcept = default;
StreamDigest& StreamDigest::operator=(StreamDigest&&) noexcept = default;

void StreamDigest::add(std::string_view bytes) {
  XXH3_64bits_update(&state_->hash, bytes.data(), bytes.size());
}

uint64_t StreamDigest::value() const {
  return XXH3_64bits_digest(&state_->hash);
}

uint64_t stream_hash(std::string_view bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), kHashSeed);
}

void StreamDigest::clear() {
  XXH3_INITSTATE(&state_->hash);
  XXH3_64bits_reset_withSeed(&state_->hash, kHashSeed);
}

}  // namespace braid
