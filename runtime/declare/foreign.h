// Functions of other languages, as data: the name that users of such a language type, and what Braid writes instead.
// The checker reads it for calls that do not name a function of Braid; the tests read it too.
#pragma once

#include <string_view>

namespace braid {

struct ForeignFunction {
  std::string_view name;       ///< as that language spells it; case does not matter
  std::string_view languages;  ///< "PostgreSQL, MySQL"
  /// A Braid expression in which `$1` is the first argument, or the value before the dot, and `$2-` one less than the
  /// second. It is meant for calls with as many arguments as the highest of them. Empty: only `note` helps.
  std::string_view form;
  std::string_view arguments;  ///< of an example call, which the tests check
  std::string_view note;       ///< what differs, or the way out; may be empty if there is a form
  bool in_group = false;       ///< stands in a `group`
};

}  // namespace braid
