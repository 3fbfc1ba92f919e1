// The aggregates of `group`, as data: the checker, the documentation and the tests read it. Plan and runtime build the
// computation; nothing here runs. Immutable after start.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "runtime/data/type.h"

namespace braid {

enum class AggregateKind : uint8_t {
  count,
  sum,
  minimum,
  maximum,
  average,
  count_distinct,
  first,
  last,
  arg_min,
  arg_max
};

struct AggregateParameter {
  std::string_view name;
  std::string_view documentation;
};

struct AggregateExample {
  std::string_view rows;    ///< the rows of the group: a list of the argument's values, or of structs
  std::string_view call;    ///< over a row's fields, which are `x` where `rows` holds plain values
  std::string_view result;  ///< a Braid literal, or "fails"
};

struct AggregateDeclaration {
  AggregateKind kind;
  std::string_view name;
  std::string_view summary;                    ///< one sentence, or a few
  std::vector<AggregateParameter> parameters;  ///< all required; `where:` comes to all of them, `by:` to ordered ones
  bool takes_by = false;                       ///< `by:` replaces event time as the order
  /// Result type from the argument types (not widened; nullable ones as they are), without `where:`. Null if
  /// the aggregate does not accept such arguments: `expects` then says what it accepts.
  std::function<Type(const std::vector<Type>&)> result;
  std::string_view expects;  ///< "an int, decimal, float or duration"
  /// Null-free results stay so with `where:`: there is a value of no rows (count 0, sum 0). Others become `T?`.
  bool has_empty_value = false;
  /// The value may not fit its type; checked when it is emitted.
  bool fails = false;
  std::vector<AggregateExample> examples;
};

/// Result type of a call, `where:` included; null if it does not take those arguments.
inline Type aggregate_result(const AggregateDeclaration& aggregate, const std::vector<Type>& arguments,
                             bool has_where) {
  if (arguments.size() != aggregate.parameters.size()) return nullptr;
  Type type = aggregate.result(arguments);
  return type != nullptr && has_where && !aggregate.has_empty_value ? optional_type(type) : type;
}

}  // namespace braid
