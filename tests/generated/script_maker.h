// Random scripts that should check: streams and tables of random fields, functions, views, and products that share
// them. The same seed makes the same script.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/data/type.h"
#include "tests/generated/script_tree.h"

namespace braid::generated {

struct MadeScript {
  Part tree;
  bool waits = false;    ///< rows wait by the wall clock somewhere
  bool retimes = false;  ///< a flow has a time of its own, whose disorder no bound of a source is for
  std::map<std::string, std::vector<Field>> rows;  ///< of each view and product, by name, as the maker knows them
};

/// From this seed on windows may put out changes, and keys may be forgotten. Seeds before it make the scripts that they
/// always made.
inline constexpr uint64_t kChangingSeeds = 1'000'000;

/// From this seed on all steps and functions may occur.
inline constexpr uint64_t kWideSeeds = 2'000'000;

/// From this seed on keys of tables may lie inside structs.
inline constexpr uint64_t kInnerKeySeeds = 3'000'000;

/// From this seed on steps that go by the place of rows may read pairs of rows of two streams, and windows may have
/// `last per` and `match`.
inline constexpr uint64_t kPairSeeds = 10'000'000;

/// From this seed on groups and ranks may choose among pairs, and joins may have them on their right side.
inline constexpr uint64_t kPairGroupSeeds = 20'000'000;

MadeScript make_script(uint64_t seed);

}  // namespace braid::generated
