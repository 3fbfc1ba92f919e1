// Finds the end of JSON values and checks their grammar: the hot loops of the NDJSON decoder, also for values that
// nothing reads. Plain functions over bytes.
//
// The contract on the text is that of record_functions.h. A null result means broken text; `ScanError` then has reason
// and place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/abi/record_functions.h"

namespace braid {

struct ScanError {
  const char* at = nullptr;
  std::string_view reason;  ///< of a literal
  bool too_deep = false;
};

/// scan_json_number for numbers of any length; does not read bytes after their end.
const char* scan_long_json_number(const char* at);

/// Returns the byte after the number, null if there is none.
inline const char* scan_json_number(const char* at) {
  DirectNumber number = find_direct_number(at);
  return number.length != 0 ? at + number.length : scan_long_json_number(at);
}

/// `at` is the byte after the opening quote, the result the one after the closing quote. Checks escapes and surrogates.
const char* scan_json_string(const char* at, bool* escaped, ScanError& error);
/// Any value from its first byte; `depth` levels are open around it.
const char* skip_json_value(const char* at, int depth, ScanError& error);
/// The content of a scanned string with escapes; `to` has room for text.size() bytes, or is the text. Returns the
/// length.
size_t unescape_json(std::string_view text, char* to);

}  // namespace braid
