// What the record of an epoch says of an erasure: which subjects are passed over from there on, and what all epochs
// before it would have written without them. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/erasure/erasure_log.h"

namespace braid {

struct ErasureNote {
  uint64_t outputs = 0;  ///< digest of them all; 0: there was no epoch
  ErasureLog log;

  std::string encode() const;
  /// Fails with 8002.
  static Result<ErasureNote> decode(std::string_view bytes);
};

}  // namespace braid
