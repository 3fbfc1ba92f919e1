// Text forms shared by literals, JSON and CSV: UUIDs, base64, floats, JSON strings. Pure functions, no locale.
#pragma once

#include <string>
#include <string_view>

#include "runtime/data/slot.h"

namespace braid {

/// 8-4-4-4-12 hexadecimal digits of any case. The value is the number its 16 bytes make, first byte highest.
bool parse_uuid(std::string_view text, int128* value);
/// Lower case.
void append_uuid(std::string& out, int128 value);

/// RFC 4648 with padding.
void append_base64(std::string& out, std::string_view bytes);
/// Appends the bytes that `text` encodes; false (and `out` as it was) if it is not base64 with correct padding.
bool parse_base64(std::string_view text, std::string& out);

/// The shortest text that reads back equal; always a JSON number for finite values, "NaN", "Infinity" and "-Infinity"
/// without quotes otherwise.
void append_float(std::string& out, double value);

/// With quotes; control characters, quotes and backslashes are escaped.
void append_json_string(std::string& out, std::string_view text);

/// Whether all of `text` is well-formed UTF-8.
bool is_utf8(std::string_view text);
/// Where the first ill-formed sequence begins; the size if there is none.
size_t first_broken_byte(std::string_view text);

}  // namespace braid
