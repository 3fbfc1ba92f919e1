// Where in the input a run-time error happened: shown under the script line that asked for the record.
// A plain value; it owns its bytes.
#pragma once

#include <cstdint>
#include <string>

namespace braid {

struct RecordPlace {
  std::string source;     ///< "payments.payment"
  std::string partition;  ///< path of the file
  int64_t position = 0;   ///< offset of the record's first byte in the partition
  int64_t line = 0;       ///< 1-based; 0 where lines have no meaning
  std::string bytes;      ///< the record as it came, or an excerpt of it
  /// The offending bytes, as a half open range of `bytes`; empty if the whole record is meant.
  uint32_t mark_begin = 0;
  uint32_t mark_end = 0;
};

}  // namespace braid
