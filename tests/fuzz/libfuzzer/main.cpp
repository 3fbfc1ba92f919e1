// One target under libFuzzer. Besides libFuzzer's own changes of bytes, inputs are changed word by word with those of
// the seeds (mutator.h), which comes deeper into a compiler.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/fuzz/mutator.h"
#include "tests/fuzz/targets.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  static const braid::fuzz::Mutator mutator(braid::fuzz::read_seeds(braid::fuzz::target(BRAID_FUZZ_TARGET)));
  braid::Rng rng(seed);
  if (rng.chance(2)) return LLVMFuzzerMutate(data, size, max_size);
  const std::string made = mutator.mutate(std::string(reinterpret_cast<const char*>(data), size), rng);
  const size_t kept = std::min(made.size(), max_size);
  std::memcpy(data, made.data(), kept);
  return kept;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const braid::fuzz::Target& target = braid::fuzz::target(BRAID_FUZZ_TARGET);
  if (const auto wrong = target.run({reinterpret_cast<const char*>(data), size})) {
    std::fprintf(stderr, "%s: %s\n", BRAID_FUZZ_TARGET, wrong->c_str());
    std::abort();
  }
  return 0;
}
