// Which seeds a simulated run goes through.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace braid {

inline uint64_t number_of_environment(const char* name, uint64_t usual) {
  const char* given = std::getenv(name);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : usual;
}

/// BRAID_SEEDS: how many instead of the usual number. Under sanitizers a change of stacks is slow.
inline uint64_t seeds(uint64_t usual) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  usual = usual / 20 + 1;
#endif
#endif
  return number_of_environment("BRAID_SEEDS", usual);
}

/// BRAID_FIRST_SEED: with which one the run begins, so that several processes share many seeds.
inline uint64_t first_seed() {
  return number_of_environment("BRAID_FIRST_SEED", 1);
}

}  // namespace braid
