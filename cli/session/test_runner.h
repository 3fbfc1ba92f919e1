// Runs the `test` blocks of a project, with simulated time. A test runs as written, and unless it says `in order` also
// in other ways that must give the same result: arrival permuted within the disorder bounds, the job restarted after
// every row, every optimiser pass off, and on native code.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/session/session.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

struct TestOptions {
  std::string only;      ///< tests whose name contains this; empty: all
  bool variants = true;  ///< false: only as written
  bool native = true;    ///< native code among the variants
};

struct TestOutcome {
  std::string name;
  std::string domain;
  bool passed = true;
  int runs = 0;  ///< in how many ways it ran
  std::vector<Diagnostic> findings;
};

/// Each test that is run, in the order of the scripts, as soon as it is done. `session` has been checked without
/// errors. The examples of functions count as tests too.
std::vector<TestOutcome> run_tests(const Session& session, const TestOptions& options,
                                   const std::function<void(const TestOutcome&)>& done);

}  // namespace braid::cli
