// Proof that nothing of a store is lost: each commit adds a link to every family, and the links of one family join into
// a chain from its first commit to its last. A family that misses a commit, at its end or in its middle, or that holds
// one of another store, has a chain that is shorter than the others, or broken.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/state/store.h"

namespace braid {

/// Commits `first` to `last` of a store, of which each follows on the one before it. Value type.
struct CommitChain {
  uint64_t first = 0, last = 0;  ///< numbered from 1; 0: none
  uint64_t before = 0;           ///< digest of all commits before the first; 0: there are none
  uint64_t after = 0;            ///< and with the last
  bool broken = false;

  bool operator==(const CommitChain&) const = default;
  /// All commits from the first one on are there.
  bool whole() const { return !broken && first <= 1 && before == 0; }
  /// The chain of the next commit alone.
  CommitChain next(const StateBatch& batch) const;
  /// The links of both; broken if `later` does not follow directly.
  CommitChain joined(const CommitChain& later) const;

  std::string bytes() const;
  static std::optional<CommitChain> parse(std::string_view bytes);
};

}  // namespace braid
