// Equal steps of several products have one meaning and one state each: they are told apart by a chain of identities,
// which begins with that of their meaning.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "runtime/base/rng.h"

namespace braid {

/// The identity of the next step with the same meaning.
constexpr uint64_t next_identity(uint64_t identity) {
  constexpr uint64_t kAgain = 0x6167'6169'6e;
  return hash_mix(identity, kAgain);
}

/// By identity and schema, what the parts of a step's state mean, in their order, so that those that stay can go on
/// where others come or go: of groups the aggregates; of joins and of `last` the columns of their inputs, of one input
/// behind the other. Made by the compiler beside the program.
using StateParts = std::map<std::pair<uint64_t, uint64_t>, std::vector<uint64_t>>;

}  // namespace braid
