// Why a row leaves a flow, for the `reason` of an error row. Where an expression failed, it is one of the script's, and
// the arguments hold its values. Values own their memory but for `detail`, which lives in the arena of the turn.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/report/span.h"

namespace braid {

/// Named arguments of a row's reason, as the catalogue's message names them.
using ReasonArguments = std::vector<std::pair<std::string, std::string>>;

/// Bounds of what a reason shows: bytes of one value, of an expression's text and of all values together.
inline constexpr size_t kShownValue = 64;
inline constexpr size_t kShownExpression = 128;
inline constexpr size_t kShownValues = 256;

struct RowReason {
  static constexpr uint32_t kNoExpression = UINT32_MAX;

  uint32_t code = 0;                    ///< of the catalogue; 0: the site says it
  std::string_view detail = {};         ///< what was wrong, where no arguments say it
  uint32_t expression = kNoExpression;  ///< that failed: index into Program::expressions
  ReasonArguments arguments = {};
};

/// An expression that may fail, as its rows' reasons name it.
struct FallibleExpression {
  Span span;                             ///< as written, in a function of the script too
  std::vector<Span> calls;               ///< the calls that lead to that function, the innermost first
  std::string output;                    ///< field of the step's row that it makes; empty: none
  std::string place;                     ///< of `span`, for people: "payments.braid:12:3"
  std::string text;                      ///< as written, on one line, at most kShownExpression bytes
  std::vector<std::string> call_places;  ///< of `calls`: "payments.braid:20:5 vat(amount)"
};

}  // namespace braid
