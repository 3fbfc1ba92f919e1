// One case: a random script, random input for it, and the ways to run it; what the engine gives against the oracle of
// tests/reference and against itself. The same seed makes the same case. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/generated/script_maker.h"
#include "tests/scenarios/recorded_input.h"
#include "tests/scenarios/script.h"
#include "tests/scenarios/variations.h"

namespace braid::generated {

struct Case {
  uint64_t seed = 0;
  MadeScript script;
  scenarios::RecordedInput input, other;  ///< the same records, in other turns
  /// And in another order, within the bounds on disorder; of input that is on time alone.
  std::optional<scenarios::RecordedInput> permuted;
  std::vector<scenarios::Variation> of_turns, of_job;  ///< the plain one first; the job may not run
};

struct Verdict {
  std::string refusal;     ///< what the checker says of the script
  std::string difference;  ///< empty: all is as it should be. Its first word says of what kind it is
  size_t products = 0;
  std::string kind() const { return difference.substr(0, difference.find(' ')); }
};

Case make_case(uint64_t seed);
/// `types`: whether the rows have the types that the maker knows.
Verdict judge(const Case& each, bool types);
/// The case without what is not needed for a difference of the same kind.
Case smallest(const Case& each, const std::string& kind);
/// The script and its records, for a reader.
std::string shown(const Case& each);

}  // namespace braid::generated
