// Finding the end of JSON values, with their grammar checked: the hot loops of the NDJSON decoder, also used for values
// that nothing reads. Plain functions over bytes.
//
// The contract on the text is that of record_functions.h. A result of null means broken text; `ScanError` then says why
// and where.
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

/// scan_json_number for numbers of any length; looks at no byte behind their end.
const char* scan_long_json_number(const char* at);

/// Behind the last byte of the number, null if there is none.
inline const char* scan_json_number(const char* at) {
  DirectNumber number = find_direct_number(at);
  return number.length != 0 ? at + number.length : scan_long_json_number(at);
}

/// `at` is behind the opening quote; the result behind the closing one. Escapes are checked, also their surrogates.
const char* scan_json_string(const char* at, bool* escaped, ScanError& error);
/// Any value from its first byte; `depth` levels are open around it.
const char* skip_json_value(const char* at, int depth, ScanError& error);
/// The content of a scanned string with escapes; `to` has room for text.size() bytes, or is the text. Returns the
/// length.
size_t unescape_json(std::string_view text, char* to);

}  // namespace braid
