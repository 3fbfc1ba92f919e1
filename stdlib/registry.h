// Everything that a script may call: the native functions of functions/ and the aggregates of aggregates.cpp. Created
// at the first use and immutable after that; threads may share it. Nothing fails.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "runtime/declare/function.h"

namespace braid {

const FunctionRegistry& standard_library();

/// Name → address of what generated code and the bitcode of the library refer to: every native form, `braid_allocate`
/// and the other symbols of this library. Those of runtime/data (`braid_decimal_…`) and of the system's libraries are
/// not among them.
const std::vector<std::pair<std::string_view, void*>>& native_symbols();

}  // namespace braid
