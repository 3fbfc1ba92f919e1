// Which names a declaration looks up, beside its own parameters: in types, and in expressions. Pure; any thread.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "compiler/ast/nodes.h"

namespace braid::mesh {

struct NamesIn {
  std::set<std::string> types;   ///< single names in types, without type parameters
  std::set<std::string> values;  ///< names in expressions, called or read, without parameters and `let`s
  std::set<std::string> paths;   ///< "payments.money" in types
};

/// Of a type, function, aggregate or service; of others nothing. Examples of functions are left out.
NamesIn names_in(const ast::Item& item);
/// Of an expression over a row: names that are read are those of its fields first.
NamesIn names_in(const ast::Expr& value, const std::vector<std::string>& fields);

}  // namespace braid::mesh
