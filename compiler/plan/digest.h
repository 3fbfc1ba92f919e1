// Identity of stateful nodes and of the whole plan, from the meaning of the checked plan. It depends on types,
// expressions, windows and the sub-plan below, and not on names of columns, spans or the order of declarations.
#pragma once

#include "compiler/plan/plan.h"

namespace braid::plan {

/// Fills in Node::state of stateful nodes and Plan::id.
void identify(Plan& plan, const typed::Project& project);

/// What a node does, as text: equal text over equal inputs means equal rows.
std::string meaning(const Node& node, const Plan& plan, const typed::Project& project);

uint64_t digest(std::string_view text);

/// `as NAME` says which step it is, whatever becomes of it.
bool has_name(const Node& node);

}  // namespace braid::plan
