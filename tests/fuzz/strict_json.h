// Whether a text is JSON as RFC 8259 and RFC 3629 have it: slow and obvious, the measure for the fast reader of
// runtime/codec. Pure.
#pragma once

#include <string_view>

namespace braid::fuzz {

bool is_strict_utf8(std::string_view text);

/// One value with blanks around it, nested at most `levels` deep. Escaped surrogates must stand in pairs.
bool is_strict_json(std::string_view text, int levels);

}  // namespace braid::fuzz
