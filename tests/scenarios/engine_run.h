// Drives the real engine over recorded turns: what came out, as text, and the ledgers. One thread; fails by the Result
// of the engine.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/result.h"
#include "tests/scenarios/recorded_input.h"

namespace braid::scenarios {

struct RunOptions {
  bool restart_after_turns = false;  ///< commit, and go on in a new engine from what was committed
  uint64_t block_seed = 0;           ///< not 0: blocks are cut at random
  size_t workers = 1;
};

/// Rows as text; those of error ports by what does not depend on how the plan was optimised: code, step and origin.
using Lines = std::map<std::string, std::vector<std::string>>;  ///< by "product/port"; product rows in order of output

struct Account {
  Lines lines;
  std::map<std::string, reference::Counts> ledgers;  ///< by "product/input"; derived rows: "product/"
  friend bool operator==(const Account&, const Account&) = default;
};

/// Lines without their order.
Account sorted(Account account);
Account account_of(const std::vector<reference::ProductOutcome>& outcomes, const reference::Input& input);
Result<Account> run_engine(const Program& program, const RecordedInput& input, const RunOptions& options);
/// What differs, for a test's message; empty if nothing.
std::string difference(const Account& expected, const Account& actual);

}  // namespace braid::scenarios
