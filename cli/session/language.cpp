#include "cli/session/session.h"
#include "runtime/base/clock.h"
#include "runtime/data/time_zone.h"
#include "stdlib/registry.h"

namespace braid::cli {

const driver::Language& language() {
  static const driver::Language known{
      .functions = standard_library(),
      .knows_zone = [](std::string_view name) { return load_time_zone(name) != nullptr; },
      .zone_names = time_zone_names,
      .now_us = [] { return system_clock().now_us(); },
  };
  return known;
}

}  // namespace braid::cli
