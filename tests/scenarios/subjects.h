// What runs in variations: a test of a script, recorded turns on the engine alone, a job on simulated files; and the
// programs that are compiled for it. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "tests/scenarios/engine_run.h"
#include "tests/scenarios/script.h"
#include "tests/scenarios/variations.h"

namespace braid::scenarios {

/// A script compiled for each choice of passes, once. Refers to the script.
class Programs {
 public:
  explicit Programs(const Script& script) : script_(script) {}
  /// Without native code if that could not be made: then `fault` says why.
  driver::Compiled& of(const Variation& variation);
  const std::string& fault() const { return fault_; }

 private:
  const Script& script_;
  std::string fault_;
  std::map<std::pair<std::string, bool>, std::unique_ptr<driver::Compiled>> compiled_;
};

/// Something that a script's program can be run on.
struct Subject {
  std::string name;
  std::vector<Dimension> dimensions;
  std::function<Result<Account>(Program&, const Variation&)> run;
  bool other_rows = false;  ///< other turns give other rows, too: rows wait by the wall clock
  bool any_way = false;     ///< other passes may put what several steps reject of one record in another order
};

/// A `test` of a script whose files lie in `folder`. Refers to script and test.
Subject played(const Script& script, const typed::Test& test, const std::string& folder);
/// Turns on the engine alone. `other`: the same records in other turns. `round_rows`: that time releases at once.
Subject recorded(const std::string& name, std::shared_ptr<const RecordedInput> input,
                 std::shared_ptr<const RecordedInput> other, uint64_t round_rows = kRoundRows);
/// The input as files, run as a job.
Subject job(const std::string& name, std::shared_ptr<const RecordedInput> input);

/// Runs the subject in all of them, the plain one first. The same turns must give the same bytes in the same order,
/// other turns the same rows: what differs first and in which variation, or what failed; empty if nothing.
/// `plain`: what the plain one gave, if it is asked for.
std::string differing(const Subject& subject, Programs& programs, const std::vector<Variation>& variations,
                      Account* plain = nullptr);

}  // namespace braid::scenarios
