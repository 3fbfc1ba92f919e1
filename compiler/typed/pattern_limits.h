// What a pattern may have. Constants of the language, which the runtime's bounds repeat (checked in plan/lower.cpp).
#pragma once

#include <cstddef>
#include <cstdint>

namespace braid::typed {

inline constexpr int64_t kMostRowsOfElement = 1000;
inline constexpr size_t kMostElements = 64;

}  // namespace braid::typed
