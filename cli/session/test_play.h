// One test played once on one program: its statements turned into turns of an in-memory session, what came out held
// against what was expected.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/typed/project.h"
#include "runtime/abi/program.h"
#include "runtime/base/result.h"

namespace braid::cli {

/// How a test's rows arrive.
struct Arrival {
  bool restart_between_rows = false;  ///< each row is a turn of its own, and the job restarts behind it
  uint64_t permutation = 0;           ///< not 0: rows arrive in another order within the disorder bounds, by this seed
  size_t workers = 1;
};

/// What one `expect` saw.
struct Mismatch {
  Span span;
  std::string relation;
  std::string difference;  ///< lines
};

/// Where `given … from "file"` reads; relative paths are the script's.
struct PlayContext {
  const typed::Project& project;
  std::string folder;  ///< of the script
};

/// The first expectation that does not hold. Fails where the engine does, or a file cannot be read.
Result<std::optional<Mismatch>> play(const typed::Test& test, const Program& program, const PlayContext& context,
                                     const Arrival& arrival);

/// Whether the arrival of this test's rows can be permuted: some rows have times, and none is late as written.
bool can_permute(const typed::Test& test, const typed::Project& project);

}  // namespace braid::cli
