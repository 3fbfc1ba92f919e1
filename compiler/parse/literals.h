// The content of literals: escapes of a text, parts of a duration, days of a calendar. Pure functions on text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ast/nodes.h"

namespace braid::grammar {

/// An escape that means nothing: where in the text it stands, and how long it is.
struct BadEscape {
  size_t offset = 0;
  size_t length = 0;
};
struct DecodedText {
  std::string value;
  std::vector<BadEscape> bad;
};
/// `\n \r \t \0 \\ \" \' \{ \} \u{1F600}`.
DecodedText decode_text(std::string_view source);

/// The parts of `1h30m`; nothing if a count does not fit 63 bits.
std::optional<std::vector<ast::DurationPart>> duration_parts(std::string_view text);
/// `10sec` → `10s`: what units spelled as elsewhere stand for.
std::optional<std::string> meant_duration(std::string_view text);

std::optional<int64_t> whole_number(std::string_view digits);

/// Why a time of the right form is not a valid day or time of day; empty if it is valid.
std::string time_mistake(std::string_view text, ast::TimeKind kind);

}  // namespace braid::grammar
