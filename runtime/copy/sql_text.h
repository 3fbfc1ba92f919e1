// Names and texts as parts of a statement. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace braid {

/// Between `sign`, which is written twice inside.
inline std::string sql_quoted(std::string_view text, char sign) {
  std::string made(1, sign);
  for (const char c : text) made.append(c == sign ? 2 : 1, c);
  return made + sign;
}
/// Of a table or a column.
inline std::string sql_name(std::string_view name) {
  return sql_quoted(name, '"');
}
inline std::string sql_text(std::string_view text) {
  return sql_quoted(text, '\'');
}

}  // namespace braid
