// Types as JSON, and back. The form is exact and has no text that would have to be parsed: "int", "timestamp",
// {"decimal":[12,2]}, {"enum":["a","b"]}, {"list":T}, {"map":[K,V]}, {"optional":T},
// {"struct":[{"name":"id","type":"int"}]}. Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>

#include "runtime/base/result.h"
#include "runtime/data/type.h"

namespace braid::mesh {

using Json = nlohmann::ordered_json;

/// Of a type that a row can have: not of `checked`, `null` and `error`.
Json type_to_json(const Type& type);
/// An error says what is no type; nesting is bounded by kMaxTypeNesting.
Result<Type> type_of_json(const Json& json);

inline constexpr int kMaxTypeNesting = 64;

}  // namespace braid::mesh
