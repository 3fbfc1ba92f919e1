// Result types of aggregates, from those of their arguments; null: the aggregate does not take such. And the aggregates
// that have files of their own.
#pragma once

#include <string_view>
#include <vector>

#include "runtime/declare/aggregate.h"

namespace braid {

inline constexpr std::string_view kSortable = "a value with an order that is not null";

inline Type same_if_sortable(const std::vector<Type>& arguments) {
  const Type& type = arguments[0];
  return is_ordered(type) || is(type, TypeKind::boolean) || is(type, TypeKind::enumeration) ? type : nullptr;
}

inline Type same_as_first(const std::vector<Type>& arguments) {
  return is(arguments[0], TypeKind::null) ? nullptr : arguments[0];
}

inline Type number_of(const std::vector<Type>& arguments) {
  return same_as_first(arguments) ? int_type() : nullptr;
}

inline bool is_number(const Type& type) {
  return is(type, TypeKind::integer) || is(type, TypeKind::decimal) || is(type, TypeKind::floating);
}

inline Type bytes_of(const std::vector<Type>& arguments) {
  return is(arguments[0], TypeKind::bytes) ? bytes_type() : nullptr;
}

inline Type counts_of(const std::vector<Type>& arguments) {
  const Type type = same_if_sortable(arguments);
  return type == nullptr ? nullptr : list_type(struct_type({{"value", type}, {"count", int_type()}}));
}

/// sketch_aggregates.cpp
void add_sketches(std::vector<AggregateDeclaration>& made);

}  // namespace braid
