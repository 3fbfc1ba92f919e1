// Values that are known while checking: literals, and arithmetic on durations, instants and numbers.
#pragma once

#include <optional>

#include "compiler/ast/nodes.h"
#include "compiler/typed/expression.h"

namespace braid::checking {

/// The value of an expression over no row, if it is made of constants, conversions, lists, structs and plain
/// arithmetic only.
std::optional<Value> evaluate(const typed::ExpressionRef& expression);

/// The longest time that clauses and ranges may name: event time is not longer, and sums of a few fit 64 bits.
inline constexpr int64_t kLongestUs = int64_t{3'652'425} * 86'400 * 1'000'000;

/// µs; nothing if it has months or years, or is beyond 64 bits. Days are 24 hours.
std::optional<int64_t> fixed_length(const ast::Duration& duration);
/// Whether it has weeks, months or years, whose lengths only a calendar knows.
bool is_calendar(const ast::Duration& duration);

/// The value of a number as written (`-1_000`, `0x1F`, `12.50`, `1.5e3`), if that type holds it exactly.
std::optional<Value> number_value(std::string_view text, const Type& type);
/// int, float, or the decimal with as many digits as are written; nullptr if no decimal has as many.
Type number_type(std::string_view text);

/// A literal as text (`12.50`, `"EUR"`, `1h30m`, `2026-01-01`, `true`) as a value of the type; text types take
/// text without quotes unchanged.
std::optional<Value> literal_value(std::string_view text, const Type& type);

}  // namespace braid::checking
