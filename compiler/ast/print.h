// A script's tree as indented S-expressions, for `braid explain --stage ast` and golden files. Every construct has a
// form, holes too; spans, comments and the choice of brackets are left out.
//
// Pure; any thread.
#pragma once

#include <string>

#include "compiler/ast/nodes.h"

namespace braid::ast {

std::string print(const Script& script);
std::string print(const Expr& expr);
std::string print(const Type& type);

}  // namespace braid::ast
