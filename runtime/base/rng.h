// Randomness as a seam: a generator with a seed, the same sequence on every machine and in every version. All random
// values in a job, a test or the simulation come from one of these or from `hash_mix` of what identifies the place.
// A value type; not shared between threads.
#pragma once

#include <cstdint>

namespace braid {

/// One step of splitmix64: a good mix of 64 bits, and a bijection.
constexpr uint64_t hash_mix(uint64_t value) {
  value += 0x9E3779B97F4A7C15;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}
/// Depends on the order of its arguments.
constexpr uint64_t hash_mix(uint64_t a, uint64_t b) {
  return hash_mix(hash_mix(a) ^ b);
}

/// xoshiro256**, seeded by splitmix64.
class Rng {
 public:
  explicit constexpr Rng(uint64_t seed) {
    for (uint64_t& word : state_) {
      word = hash_mix(seed);
      seed += 0x9E3779B97F4A7C15;
    }
  }

  constexpr uint64_t next() {
    uint64_t result = rotate(state_[1] * 5, 7) * 9;
    uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  /// 0 to bound - 1, without bias; `bound` is not 0.
  constexpr uint64_t below(uint64_t bound) {
    uint64_t limit = (uint64_t{0} - bound) % bound;  // the lowest values that would make some results likelier
    uint64_t value = next();
    while (value < limit) value = next();
    return value % bound;
  }
  /// Both ends included.
  constexpr int64_t between(int64_t low, int64_t high) {
    uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
    return static_cast<int64_t>(static_cast<uint64_t>(low) + (span == 0 ? next() : below(span)));
  }
  constexpr bool chance(uint64_t one_in) { return below(one_in) == 0; }
  /// [0, 1), 53 bits.
  constexpr double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  static constexpr uint64_t rotate(uint64_t value, int by) { return (value << by) | (value >> (64 - by)); }
  uint64_t state_[4] = {};
};

}  // namespace braid
