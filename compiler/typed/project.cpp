#include "compiler/typed/project.h"

namespace braid::typed {

std::vector<std::string> path_names(const std::vector<Field>& row, const std::vector<int>& path) {
  std::vector<std::string> names;
  const std::vector<Field>* fields = &row;
  for (const int index : path) {
    const Field& field = (*fields)[static_cast<size_t>(index)];
    names.push_back(field.name);
    fields = &without_optional(field.type)->fields;
  }
  return names;
}

std::vector<UniquePromise> unique_promises(const Relation& relation) {
  std::vector<UniquePromise> made;
  for (const Unique& unique : relation.uniques) {
    UniquePromise& one = made.emplace_back();
    if (unique.within_us != kForever) one.within_us = unique.within_us;
    for (size_t i = 0; i < unique.fields.size(); ++i) {
      std::vector<int> path{unique.fields[i]};
      path.insert(path.end(), unique.below[i].begin(), unique.below[i].end());
      one.fields.push_back(path_names(relation.row, path));
    }
  }
  return made;
}

}  // namespace braid::typed
