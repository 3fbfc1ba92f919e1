// Broken invariants: our bug, never the user's. Checks stay in release builds; a failed one ends the process with exit
// code 70 after naming the place.
#pragma once

#include <string_view>

namespace braid {

[[noreturn]] void check_failed(const char* file, int line, const char* condition, std::string_view message = {});

}  // namespace braid

#define BRAID_CHECK(condition, ...)                                                              \
  do {                                                                                           \
    if (!(condition)) [[unlikely]]                                                               \
      ::braid::check_failed(__FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__);          \
  } while (false)

#define BRAID_UNREACHABLE(message) ::braid::check_failed(__FILE__, __LINE__, "unreachable", message)
