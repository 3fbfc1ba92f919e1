// Rows of served products as they are, for views whose readers are asked who they are.
//
// What `to` writes of a product may be less: masked, and without the rows that only a `where` grants. A view of that
// could not show a reader what it may see. So such a product has one more output, as a further `to` has, of all rows as
// they are. It lies in the store, in `served`, and a view is filled from it.
#pragma once

#include <string>

#include "cli/project/project.h"
#include "compiler/typed/project.h"

namespace braid::cli {

/// Adds these outputs for served products of the environment. `all`: for those that it does not name, too.
void add_whole_outputs(typed::Project& project, const Environment& environment, bool all);
/// Whether the relation is one of them.
bool is_whole_output(const typed::Relation& relation);
/// The path of its rows.
std::string whole_output_path(const std::string& store, const std::string& qualified, int64_t version);

}  // namespace braid::cli
