#include <algorithm>

#include "compiler/lineage/flow.h"

namespace braid::lineage {

std::string_view word(Kind kind) {
  switch (kind) {
    case Kind::identity:
      return "IDENTITY";
    case Kind::transformation:
      return "TRANSFORMATION";
    case Kind::aggregation:
      return "AGGREGATION";
  }
  BRAID_UNREACHABLE("kind of lineage");
}

std::string_view word(Influence influence) {
  switch (influence) {
    case Influence::join:
      return "JOIN";
    case Influence::filter:
      return "FILTER";
    case Influence::group_by:
      return "GROUP_BY";
    case Influence::sort:
      return "SORT";
    case Influence::window:
      return "WINDOW";
    case Influence::conditional:
      return "CONDITIONAL";
  }
  BRAID_UNREACHABLE("influence");
}

const std::vector<Field>* parts_of(const Type& type) {
  Type inner = without_optional(type);
  if (is(inner, TypeKind::list)) inner = without_optional(inner->element);
  return is(inner, TypeKind::structure) ? &inner->fields : nullptr;
}

namespace {

void merge_top(Shape& into, const Shape& other) {
  for (const auto& [origin, kind] : other.values) {
    Kind& known = into.values.try_emplace(origin, kind).first->second;
    known = std::max(known, kind);
  }
  into.conditions.insert(other.conditions.begin(), other.conditions.end());
  into.labels.insert(other.labels.begin(), other.labels.end());
}

}  // namespace

void merge(Shape& into, const Shape& other) {
  merge_top(into, other);
  if (other.parts.empty()) return;
  if (into.parts.empty()) {
    into.parts = other.parts;
  } else if (into.parts.size() == other.parts.size()) {
    for (size_t i = 0; i < into.parts.size(); ++i) merge(into.parts[i], other.parts[i]);
  } else {
    into = flat(into);
    merge_top(into, flat(other));
  }
}

Shape flat(const Shape& shape) {
  Shape made;
  merge_top(made, shape);
  for (const Shape& part : shape.parts) merge_top(made, flat(part));
  return made;
}

Shape raised(Shape shape, Kind kind) {
  for (auto& [origin, known] : shape.values) known = std::max(known, kind);
  for (Shape& part : shape.parts) part = raised(std::move(part), kind);
  return shape;
}

}  // namespace braid::lineage
