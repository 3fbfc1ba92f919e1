// The path of an output that writes a file for each value of some fields: `out/{country}/{day}.ndjson`. `{{` and `}}`
// are braces of the path itself. A plain value; checker and runtime read it in the same way.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/type.h"

namespace braid {

struct PathTemplate {
  struct Part {
    std::string literal;  ///< before the field
    std::string field;    ///< "country", "window.start"; empty: nothing follows, as in the last part alone
    size_t begin = 0;     ///< of `{` in the text
    size_t size = 0;      ///< up to and with `}`
  };
  std::string text;
  std::vector<Part> parts;

  /// Nothing if a brace has no partner, or nothing stands in it.
  static std::optional<PathTemplate> parse(std::string_view text);
  /// Whether some part of the path comes from the row.
  bool has_fields() const;
};

/// The indexes of fields on the way to `path` in a row, through structs; empty if there is no such field.
std::vector<int> path_in_row(const std::vector<Field>& row, std::string_view path);
/// Of the field there; optional if a struct on the way is.
Type type_at(const std::vector<Field>& row, const std::vector<int>& path);
/// Whether values of the type can be a part of a path: scalars but floats, whose equality is not that of their texts,
/// and bytes; optional too.
bool fits_in_path(const Type& type);

/// A text as a part of a name: it has no `/`, does not begin with a dot, is not empty, and is at most 80 bytes long.
/// ASCII but for letters, digits, `-`, `_` and inner dots is `%` with two hexadecimal digits; no text at all is
/// `%empty`. Different texts have different names; of those that would be longer, a hash tells them apart.
std::string path_part(std::string_view text);
/// Of null.
inline constexpr std::string_view kNullPart = "%null";

/// The same for names of topics: all but ASCII letters, digits and `-` is `_` with two hexadecimal digits for each
/// byte; no text at all is `_empty`. So it has no dot.
std::string topic_part(std::string_view text);
inline constexpr std::string_view kNullTopicPart = "_null";

}  // namespace braid
