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
  arg_max,
  any,
  every,
  bit_and,
  bit_or,
  bit_xor,
  variance,
  variance_population,
  stddev,
  stddev_population,
  covariance,
  covariance_population,
  correlation,
  slope,
  intercept,
  geometric_mean,
  median,
  quantile,
  quantile_disc,
  mode,
  value_counts,
  top_k,
  collect,
  collect_set,
  string_agg,
  histogram,
  approx_distinct,
  hll,
  merge_hll,
  approx_quantile,
  quantile_sketch,
  merge_quantile_sketch,
  approx_top_k,
  top_k_sketch,
  merge_top_k_sketch,
  count_min,
  merge_count_min
};

/// What a parameter takes: a value of each row, or one that is known when compiling.
enum class AggregateInput : uint8_t {
  row,
  share,  ///< 0 to 1, as decimal(10,9)
  count,  ///< 1 to 10,000
  text,
  bounds  ///< a list of 1 to 100 ascending values of the first argument's type
};

struct AggregateParameter {
  std::string_view name;
  std::string_view documentation;
  AggregateInput input = AggregateInput::row;
};

struct AggregateExample {
  std::string_view rows;    ///< the rows of the group: a list of the argument's values, or of structs
  std::string_view call;    ///< over a row's fields, which are `x` where `rows` holds plain values
  std::string_view result;  ///< a Braid literal, or "fails"
};

struct AggregateDeclaration {
  AggregateKind kind;
  std::string_view name;
  std::string_view summary;  ///< one sentence, or a few
  /// All required; `where:` comes to all of them, `by:` to ordered ones. At most two of rows, and one constant.
  std::vector<AggregateParameter> parameters;
  bool takes_by = false;  ///< `by:` replaces event time as the order
  /// Result type from the types of the arguments of rows (not widened; nullable ones as they are), without `where:`.
  /// Null if the aggregate does not accept such arguments: `expects` then says what it accepts.
  std::function<Type(const std::vector<Type>&)> result;
  std::string_view expects;  ///< "an int, decimal, float or duration"
  /// Null-free results stay so with `where:`: there is a value of no rows (count 0, sum 0). Others become `T?`.
  bool has_empty_value = false;
  /// The value may not fit its type; checked when it is emitted.
  bool fails = false;
  /// What to write over a table, whose rows go again: this cannot take them out. Empty: it can.
  std::string_view over_tables;
  std::vector<AggregateExample> examples;

  size_t row_parameters() const {
    size_t count = 0;
    for (const AggregateParameter& parameter : parameters) count += parameter.input == AggregateInput::row;
    return count;
  }
};

/// Result type of a call from the types of its arguments of rows, `where:` included; null if it does not take those
/// arguments.
inline Type aggregate_result(const AggregateDeclaration& aggregate, const std::vector<Type>& arguments,
                             bool has_where) {
  if (arguments.size() != aggregate.row_parameters()) return nullptr;
  Type type = aggregate.result(arguments);
  return type != nullptr && has_where && !aggregate.has_empty_value ? optional_type(type) : type;
}

}  // namespace braid
