// Drives the real engine over recorded turns: what came out, as text, and the ledgers. One thread; fails by the Result
// of the engine.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/result.h"
#include "runtime/data/block.h"
#include "runtime/engine/job.h"
#include "tests/scenarios/recorded_input.h"

namespace braid::scenarios {

struct RunOptions {
  bool restart_after_turns = false;  ///< commit, and go on in a new engine from what was committed
  bool restart_twice = false;        ///< and again, before that has run anything
  uint32_t block_rows = kBlockRows;
  uint64_t round_rows = kRoundRows;
  size_t workers = 1;
  uint64_t state_memory = UINT64_MAX;  ///< state beyond that is evicted after every turn
  bool whole_errors = false;           ///< rows of error ports are shown whole, not as the oracle knows them
};

/// Rows as text; those of error ports by what the oracle knows of them: code, step and origin.
using Lines = std::map<std::string, std::vector<std::string>>;  ///< by "product/port"; product rows in order of output

struct Account {
  Lines lines;
  std::map<std::string, reference::Counts> ledgers;  ///< by "product/input"; derived rows: "product/"
  Lines tables;  ///< of the engine: what the changes of each product that is a table come to, by "product/"
  friend bool operator==(const Account&, const Account&) = default;
};

/// As an account has them.
std::map<std::string, reference::Counts> ledgers_of(const std::vector<JobReport::Product>& products);
/// Lines without their order.
Account sorted(Account account);
/// Of products that are tables only what they come to: changes on the way, and what is rejected of them, depend on how
/// rows come in turns.
Account come_to(Account account, const Program& program);
Account account_of(const std::vector<reference::ProductOutcome>& outcomes, const reference::Input& input);
Result<Account> run_engine(const Program& program, const RecordedInput& input, const RunOptions& options);
/// What differs, for a test's message; empty if nothing.
std::string difference(const Account& expected, const Account& actual);

}  // namespace braid::scenarios
