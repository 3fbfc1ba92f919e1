// Entries of groups and of `running` with any aggregate, those of the script among them.
#include <fmt/format.h>

#include "runtime/declare/aggregate.h"
#include "stdlib/registry.h"
#include "tests/generated/flow_maker.h"

namespace braid::generated {
namespace {

/// What stands for a parameter that is known when compiling.
std::string constant(AggregateInput input, Rng& rng) {
  static const char* const kShares[] = {"0.5", "0", "1", "0.95", "0.1"};
  static const char* const kTexts[] = {"\"\"", "\", \"", "\"a\""};
  switch (input) {
    case AggregateInput::share:
      return kShares[rng.below(std::size(kShares))];
    case AggregateInput::text:
      return kTexts[rng.below(std::size(kTexts))];
    default:
      return std::to_string(rng.between(1, 4));
  }
}

}  // namespace

std::optional<Part> FlowMaker::entry_of_all(const std::string& name, ExpressionMaker& maker, Type* type) {
  const bool filtered = rng_.chance(3);
  std::vector<Part> call;
  if (!around_.aggregates.empty() && rng_.chance(4)) {
    const ScriptFunction& own = around_.aggregates[rng_.below(around_.aggregates.size())];
    for (const Type& parameter : own.parameters) {
      if (!maker.can(parameter)) return std::nullopt;
      call.push_back(maker.exact(parameter, 2));
    }
    if (filtered) call.push_back(whole({"where: ", maker.condition(2)}));
    *type = own.result;
    return whole({name + ": " + own.name + "(", whole({list(", ", std::move(call))}), ")"});
  }
  static const char* const kAll[] = {
      "any",          "every",     "bit_or",     "bit_xor",     "variance",        "stddev",         "slope",
      "median",       "quantile",  "mode",       "covariance",  "quantile_disc",   "collect",        "top_k",
      "value_counts", "histogram", "string_agg", "collect_set", "approx_distinct", "approx_quantile"};
  const std::string function = kAll[rng_.below(std::size(kAll))];
  const AggregateDeclaration& declared = *standard_library().aggregate(function);
  // Rows of a table have no order but by a value, and some sketches keep what goes.
  if ((is_table() || rows_go_) && !declared.over_tables.empty()) return std::nullopt;
  if (declared.takes_by && unordered()) return std::nullopt;
  std::vector<Type> arguments;
  for (int tries = 0; tries < 20 && arguments.empty(); ++tries) {
    static const std::vector<Type> kTypes{int_type(), bool_type(), float_type(), string_type(), decimal_type(12, 2)};
    std::vector<Type> wanted{rng_.chance(2) ? kTypes[rng_.below(kTypes.size())] : maker.some_type()};
    if (function == "string_agg") wanted = {string_type()};
    if (declared.row_parameters() == 2) wanted.push_back(float_type());
    const bool takes_null = function == "collect" || function == "collect_set" || function == "approx_distinct";
    if ((is_optional(wanted[0]) && !takes_null) || declared.result(wanted) == nullptr) continue;
    if (function == "histogram" && !is(wanted[0], TypeKind::integer)) continue;
    arguments = std::move(wanted);
  }
  if (arguments.empty()) return std::nullopt;
  size_t next = 0;
  for (const AggregateParameter& parameter : declared.parameters) {
    if (parameter.input == AggregateInput::row)
      call.push_back(maker.exact(arguments[next++], 2));
    else
      call.emplace_back(parameter.input == AggregateInput::bounds ? "[0, 2, 5]" : constant(parameter.input, rng_));
  }
  if (declared.takes_by && (is_table() || rng_.chance(3)))
    call.push_back(whole({"by: ", maker.make(rng_.chance(2) ? int_type() : string_type(), 1)}));
  if (filtered) call.push_back(whole({"where: ", maker.condition(2)}));
  *type = aggregate_result(declared, arguments, filtered);
  return whole({name + ": " + function + "(", whole({list(", ", std::move(call))}), ")"});
}

}  // namespace braid::generated
