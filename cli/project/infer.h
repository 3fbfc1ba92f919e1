// A stream declaration guessed from a sample of records, for a data engineer to check. It reads the sample from which
// it was made: fields that no type reads are left out, with a comment.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace braid::cli {

struct InferOptions {
  std::string path;    ///< of the sample, as `from file` will name it
  std::string format;  ///< "json", "csv", "avro"
  std::string stream_name;
  std::string null_marker;  ///< CSV: cells that mean null
  int64_t now = 0;          ///< by the clock: later times need `ahead`
};

/// The declaration as script text. Fails (E7020) if the sample has no record.
Result<std::string> infer_stream(std::string_view sample, const InferOptions& options);

}  // namespace braid::cli
