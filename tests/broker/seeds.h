// How many seeds a simulated run goes through.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace braid {

/// BRAID_SEEDS: how many instead of the usual number. Under sanitizers a change of stacks is slow.
inline uint64_t seeds(uint64_t usual) {
  const char* given = std::getenv("BRAID_SEEDS");
  if (given != nullptr) return std::strtoull(given, nullptr, 10);
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  usual = usual / 20 + 1;
#endif
#endif
  return usual;
}

}  // namespace braid
