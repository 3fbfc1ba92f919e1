// What those who use a definition may rely on: its type; its signature; the fields of its state. Types that it names
// are resolved, so that a change of a type that it stands on is one of it. Plain values; pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "mesh/definition/definition.h"
#include "runtime/data/type.h"

namespace braid::mesh {

struct ParameterFact {
  std::string name;
  std::string type;     ///< as a script writes it, with what the named types are
  std::string initial;  ///< empty: it must be given
  friend bool operator==(const ParameterFact&, const ParameterFact&) = default;
};

/// Of one declaration of the definition's name.
struct Fact {
  std::string kind;  ///< "type", "function", "aggregate", "service"
  Type type;         ///< of a type, and of what a service answers; else null
  std::string generics;
  std::vector<ParameterFact> parameters;
  std::string result;
  bool fails = false;
  std::string state;              ///< of an aggregate: the fields of `init`
  std::string body;               ///< the whole declaration, and those that it stands on, with single blanks
  std::string signature() const;  ///< "(a: int, b: int = 2) -> int fails"
};

/// Sorted by kind. Nothing is missing: what was read has been parsed.
std::vector<Fact> facts_of(const Definition& definition);

/// A struct type by its fields, any other as one field of that name: what interfaces have, so that both are compared by
/// the same rules.
std::vector<Field> fields_of(const Type& type, const std::string& name);

}  // namespace braid::mesh
