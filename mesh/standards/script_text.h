// Pieces of a script as text. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace braid::mesh {

/// What stands behind `//` or `///` on one line: without line breaks and control characters.
std::string one_line(std::string_view text);

/// Whether it is the text of a type that a field can have, as `to_string` of runtime/data/type.h writes it.
bool is_type_text(std::string_view text);
/// `reject` in "reject", 18 and 2 in "numeric(18, 2)": the word before the parenthesis in small letters, the numbers in
/// it.
struct SizedWord {
  std::string word;
  std::optional<int> first, second;
};
SizedWord sized_word(std::string_view text);

}  // namespace braid::mesh
