// Where a job or a task stands in its history of commits (docs/architecture.md).
#pragma once

#include <cstdint>

namespace braid {

/// The last epoch, and the digest over all up to it.
struct EpochChain {
  uint64_t epoch = 0;
  uint64_t digest = 0;
  bool operator==(const EpochChain&) const = default;
};

}  // namespace braid
