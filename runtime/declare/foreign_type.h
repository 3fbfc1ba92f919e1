// Types of other languages, as data: the name that users of such a language type, and the Braid type with the same
// values. The parser reads it (`cast(x as varchar)`, `name: varchar(20)`), the checker reads it for unknown types, and
// so do the tests. Immutable; any thread.
#pragma once

#include <span>
#include <string_view>

namespace braid {

struct ForeignType {
  std::string_view name;       ///< in lower case; case does not matter
  std::string_view languages;  ///< "PostgreSQL and MySQL"
  std::string_view braid;      ///< "int"; "decimal" without its digits; empty: only `note` helps
  std::string_view note;       ///< what differs, or the way out; may be empty if there is a type
};

std::span<const ForeignType> foreign_types();
/// Null if unknown.
const ForeignType* find_foreign_type(std::string_view name);

/// The types of Braid that are a single word: int, string, timestamp, …
std::span<const std::string_view> type_names();
/// That word for `written`, a Braid type in any case (`String`) or a foreign one; empty if unknown.
std::string_view braid_type_name(std::string_view written);

}  // namespace braid
