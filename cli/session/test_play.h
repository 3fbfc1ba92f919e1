// Runs one test once on one program: its statements become turns of an in-memory session, and its output is compared
// with the expected rows.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/typed/project.h"
#include "runtime/abi/program.h"
#include "runtime/base/result.h"
#include "runtime/data/block.h"
#include "runtime/engine/job.h"
#include "runtime/operators/operator.h"
#include "runtime/time/partition_clock.h"

namespace braid::cli {

/// How a test's rows arrive, and which program runs them.
struct Arrival {
  bool row_by_row = false;   ///< each row is a turn of its own
  int restarts = 0;          ///< of the job behind each turn
  uint64_t permutation = 0;  ///< not 0: row by row in another order within the disorder bounds, by this seed
  size_t workers = 1;
  uint32_t block_rows = kBlockRows;
  uint64_t round_rows = kRoundRows;
  uint64_t state_memory = UINT64_MAX;  ///< as EngineOptions
};

/// The whole output of a play, for a comparison with another one.
struct PlayRecord {
  std::map<std::string, std::vector<std::string>> rows;  ///< by "product/port", as JSON, in order
  std::vector<JobReport::Product> ledgers;
};

/// The result of one `expect`.
struct Mismatch {
  Span span;
  std::string relation;
  std::string difference;  ///< lines
  // Of the play at that point.
  int product = 0;                     ///< of the program
  size_t statement = 0;                ///< of the test
  size_t missing = 0;                  ///< expected rows that have not come
  bool ended = false;                  ///< all inputs have
  std::vector<PartitionClock> clocks;  ///< of the sources of the program, which have one partition each
};

/// Sources whose time moves to an instant.
struct Moved {
  std::vector<int> sources;  ///< of the program
  int64_t to = 0;
};

/// Where `given … from "file"` reads; relative paths are the script's.
struct PlayContext {
  const typed::Project& project;
  std::string folder;  ///< of the script
};

/// `delete T [keys]` as the record that the table's `delete when` asks for; nothing where there is no such condition,
/// or it is not a plain flag or comparison with a constant: then the table takes deletes
/// (typed::Source::takes_deletes).
std::optional<typed::TestRow> deleting_row(const typed::Relation& relation, const typed::TestRow& keys);

/// Tables that tests delete from without such a record take deletes from here on.
void take_deletes(typed::Project& project);

/// What the test expects rows of, products or views, each once.
std::vector<typed::RelationId> expected_products(const typed::Test& test);

/// The first expectation that does not hold; `record`, if not null, is filled if all hold. Fails if the
/// engine fails or a file cannot be read.
Result<std::optional<Mismatch>> play(const typed::Test& test, const Program& program, const PlayContext& context,
                                     const Arrival& arrival, PlayRecord* record = nullptr);

/// How many expected rows have not come at that statement, if time moves before it. 0: not one. Fails as `play` does.
Result<size_t> missing_rows(const typed::Test& test, const Program& program, const PlayContext& context,
                            size_t statement, const Moved& moved);

/// Whether the arrival of this test's rows can be permuted: some rows have times, and none is late as written.
bool can_permute(const typed::Test& test, const typed::Project& project);

}  // namespace braid::cli
