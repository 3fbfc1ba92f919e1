// Finds the relation that a name in `from`, `join`, `union` or a test means, and the facts that its readers need.
#pragma once

#include "compiler/check/context.h"

namespace braid::checking {

struct Resolved {
  const Declaration* declaration = nullptr;  ///< null: reported
  std::optional<ast::Name> port;
  std::string purpose = {};  ///< that the `use` states by which it is named
};
/// Applies domain, `use`, version and visibility; reports mistakes.
Resolved resolve_relation(Context& context, const Place& place, const ast::Relation& relation);

/// Ports that every product has.
bool is_standing_port(std::string_view name);

/// The field that a path of a clause names: its column and the indexes below it. Reports an unknown field.
struct FieldPath {
  int column = -1;
  std::vector<int> below;
  Type type;
};
std::optional<FieldPath> find_path(Context& context, const Row& row, const ast::Path& path);

}  // namespace braid::checking
