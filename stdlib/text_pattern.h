// Regular expressions, as `matches` of scripts has them (RE2), for text that is not in rows. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace braid {

/// Why it is not a regular expression; empty if it is one.
std::string text_pattern_fault(std::string_view pattern);
/// Whether the whole text is as the pattern says. False too if that is no regular expression.
bool fits_pattern(std::string_view text, std::string_view pattern);

}  // namespace braid
