// Up to where a step at once puts out what the rows of a turn have changed. It follows from the numbers that these rows
// have, which all workers share (OperatorNode::sequence_of()), and not from how many keys one worker has: so rounds are
// the same with any number of workers (ReleasePoint).
#pragma once

#include <cstdint>

namespace braid {

/// The end of the range of rows that `sequence` lies in.
inline int64_t end_of_range(int64_t sequence) {
  constexpr int64_t kRowsAtOnce = 512;
  return (sequence / kRowsAtOnce + 1) * kRowsAtOnce;
}

}  // namespace braid
