// The standard library as text: what `braid functions` prints, made from the declarations alone.
#pragma once

#include <string>
#include <vector>

namespace braid::cli {

/// All functions and aggregates by group, or one in full; JSON: one object a line. Empty if there is none of that name.
std::string list_functions(const std::string& name, bool json);

/// Names of functions and aggregates that have the word in them.
std::vector<std::string> functions_like(const std::string& word);

/// docs/language/function-reference.md: all functions by subject, a line each. Groups that have no subject stand at its
/// end by their names.
std::string function_reference();

}  // namespace braid::cli
