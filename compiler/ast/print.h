// A script's tree as indented S-expressions: what `braid explain --stage ast` shows and golden files hold. Every
// construct has a form, holes too; spans, comments and the choice of brackets are left out.
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
