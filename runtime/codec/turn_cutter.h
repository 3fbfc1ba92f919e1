// Where turns end: the next 256 KB or less of whole records, a longer record alone. Depends on the bytes only, so every
// run cuts alike.
//
// NDJSON records end with a line end; CSV records with a line end outside of quotes. A CSV quote that does not close
// within kMaxRecordBytes closes nothing: the record ends with its first line, and is rejected.
// Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/codec/decoder.h"

namespace braid {

inline constexpr size_t kTurnBytes = 256 * 1024;
/// So many bytes from a turn's beginning always suffice to cut it.
inline constexpr size_t kCutLookahead = kTurnBytes + kMaxRecordBytes + 3;

struct TurnCut {
  size_t bytes = 0;  ///< of the turn, line ends included; 0: more of the input is needed
  bool long_record =
      false;  ///< one record that is longer than kMaxRecordBytes; if `bytes` is 0 its end is not in sight
};

/// `at_end`: nothing follows `available`.
TurnCut cut_turn(Format format, std::string_view available, bool at_end);

/// Length of the first record with its line end; 0 if it does not end in `available` and not `at_end`. CSV records that
/// take more than kMaxRecordBytes because of an open quote end with their first line.
size_t first_record_bytes(Format format, std::string_view available, bool at_end);

/// Line ends in the text.
size_t count_line_ends(std::string_view text);

}  // namespace braid
