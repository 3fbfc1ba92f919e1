// A stream declaration guessed from a sample of records: for a data engineer to look over, not to believe. It reads the
// sample that it came from: what no type reads is left out, with a comment.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace braid::cli {

struct InferOptions {
  std::string path;    ///< of the sample, as `from file` will name it
  std::string format;  ///< "json" or "csv"
  std::string stream_name;
  std::string null_marker;  ///< CSV: cells that mean null
  int64_t now = 0;          ///< by the clock: later times need `ahead`
};

/// The declaration as script text. Fails (E7020) where the sample holds no record.
Result<std::string> infer_stream(std::string_view sample, const InferOptions& options);

}  // namespace braid::cli
