// Trees of expressions and types; print.cpp builds the trees of scripts from them.
#pragma once

#include <string>

#include "compiler/ast/nodes.h"
#include "compiler/ast/tree_text.h"

namespace braid::ast {

std::string dotted(const Path& path);
const char* range_sign(RangeEnd end);
TreeText tree(const Expr& expr);
TreeText tree(const ExprPtr& expr);  ///< `none` if there is none
TreeText tree(const Arguments& arguments);
TreeText tree(const Struct& node);
TreeText tree(const Entry& entry);
TreeText tree(const Fields& fields);
TreeText tree(const Type& type);

}  // namespace braid::ast
