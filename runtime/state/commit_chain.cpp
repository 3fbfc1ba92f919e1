#include "runtime/state/commit_chain.h"

#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"
#include "runtime/state/wire.h"

namespace braid {

CommitChain CommitChain::next(const StateBatch& batch) const {
  uint64_t digest = hash_mix(after, last + 1);
  batch.for_each_piece([&](std::string_view piece) { digest = hash_mix(digest, key_hash(piece)); });
  return {.first = last + 1, .last = last + 1, .before = after, .after = digest};
}

CommitChain CommitChain::joined(const CommitChain& later) const {
  CommitChain both = {
      .first = last == 0 ? later.first : first, .last = later.last, .before = before, .after = later.after};
  both.broken = broken || later.broken || later.first != last + 1 || later.before != after;
  return both;
}

std::string CommitChain::bytes() const {
  WireWriter out;
  for (uint64_t part : {first, last, before, after}) out.fixed(part);
  out.fixed(static_cast<uint8_t>(broken));
  return out.take();
}

std::optional<CommitChain> CommitChain::parse(std::string_view bytes) {
  WireReader in(bytes);
  CommitChain chain;
  for (uint64_t* part : {&chain.first, &chain.last, &chain.before, &chain.after}) *part = in.fixed<uint64_t>();
  chain.broken = in.fixed<uint8_t>() != 0;
  if (in.failed() || !in.at_end()) return std::nullopt;
  return chain;
}

}  // namespace braid
