// Text that a function builds in a std::string, because the library it calls appends to one, as text of the turn.
#pragma once

#include <cstring>
#include <string>

#include "runtime/declare/native.h"

namespace braid {

inline std::string_view made_text(CallContext& context, std::string_view text) {
  char* const made = allocate(context, text.size());
  if (!text.empty()) std::memcpy(made, text.data(), text.size());
  return {made, text.size()};
}

/// `append(out)` writes the text.
template <class Append>
std::string_view make_text(CallContext& context, Append append) {
  std::string out;
  append(out);
  return made_text(context, out);
}

}  // namespace braid
