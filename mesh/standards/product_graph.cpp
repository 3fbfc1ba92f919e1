#include "mesh/standards/product_graph.h"

#include <algorithm>

#include "runtime/base/overloaded.h"

namespace braid::mesh {
namespace {

void add_upstream(const typed::Project& project, const typed::Relation& relation,
                  std::vector<typed::RelationId>& made) {
  const auto add = [&](typed::RelationId id) {
    const typed::Relation& read = project.relations[static_cast<size_t>(id)];
    if (read.kind == typed::RelationKind::view)
      add_upstream(project, read, made);
    else if (std::find(made.begin(), made.end(), id) == made.end())
      made.push_back(id);
  };
  for (const typed::Step& step : relation.steps)
    std::visit(Overloaded{[&](const typed::FromStep& from) { add(from.relation); },
                          [&](const typed::UnionStep& with) { add(with.relation); },
                          [&](const typed::JoinStep& join) { add(join.relation); },
                          [&](const typed::TableJoinStep& join) { add(join.relation); }, [](const auto&) {}},
               step.content);
}

}  // namespace

std::vector<typed::RelationId> upstream_of(const typed::Project& project, const typed::Relation& relation) {
  std::vector<typed::RelationId> made;
  add_upstream(project, relation, made);
  return made;
}

}  // namespace braid::mesh
