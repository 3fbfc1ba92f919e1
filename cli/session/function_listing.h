// The standard library as text: what `braid functions` prints, made from the declarations alone.
#pragma once

#include <string>

namespace braid::cli {

/// All functions and aggregates by group, or one in full; JSON: one object a line. Empty if there is none of that name.
std::string list_functions(const std::string& name, bool json);

}  // namespace braid::cli
