#include "runtime/state/file_digest.h"

#include "runtime/data/key_bytes.h"
#include "runtime/state/wire.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace braid {

std::string FileDigest::bytes() const {
  WireWriter out;
  out.fixed(whole);
  out.fixed(tail);
  return out.take();
}

std::optional<FileDigest> FileDigest::parse(std::string_view bytes) {
  WireReader in(bytes);
  FileDigest digest;
  digest.whole = in.fixed<uint64_t>();
  digest.tail = in.fixed<uint64_t>();
  if (in.failed() || !in.at_end()) return std::nullopt;
  return digest;
}

uint64_t FileDigest::of_tail(std::string_view tail) {
  return key_hash(tail);
}

struct FileDigester::State {
  XXH3_state_t hash;
};

FileDigester::FileDigester() : state_(std::make_unique<State>()) {
  XXH3_64bits_reset_withSeed(&state_->hash, kHashSeed);
}

FileDigester::~FileDigester() = default;

void FileDigester::update(std::string_view bytes) {
  XXH3_64bits_update(&state_->hash, bytes.data(), bytes.size());
  if (bytes.size() >= FileDigest::kTail) {
    tail_ = bytes.substr(bytes.size() - FileDigest::kTail);
    return;
  }
  tail_.append(bytes);
  if (tail_.size() > FileDigest::kTail) tail_.erase(0, tail_.size() - FileDigest::kTail);
}

FileDigest FileDigester::digest() const {
  return {XXH3_64bits_digest(&state_->hash), FileDigest::of_tail(tail_)};
}

}  // namespace braid
