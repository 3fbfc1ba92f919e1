// Equal steps of several products have one meaning and one state each: they are told apart by a chain of identities,
// which begins with that of their meaning.
#pragma once

#include <cstdint>

#include "runtime/base/rng.h"

namespace braid {

/// The identity of the next step with the same meaning.
constexpr uint64_t next_identity(uint64_t identity) {
  constexpr uint64_t kAgain = 0x6167'6169'6e;
  return hash_mix(identity, kAgain);
}

}  // namespace braid
