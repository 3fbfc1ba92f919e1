// Random input for the sources of a script, from a seed: records with disorder within and beyond the bounds, ties,
// leaps, null keys and bad fields, in several partitions, and an order of turns. Each record is there twice: as the
// bytes that a producer would send, and as the values that decoding must find in them. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/typed/project.h"
#include "runtime/base/rng.h"
#include "tests/reference/reference.h"

namespace braid::scenarios {

/// Bytes of some whole records of one partition.
struct RecordedTurn {
  std::string source;  ///< domain.name
  uint32_t partition = 0;
  std::string bytes;
  int64_t position = 0;
  int64_t line = 1;
  bool ends = false;                    ///< the partition ends with it
  int64_t wall = 0;                     ///< what the wall clock shows then
  bool lets_go = false;                 ///< behind it, rows go on that have waited as long as they may
  std::optional<int64_t> follows = {};  ///< behind it, the partition is silent, and its time goes on by the clock
};

struct RecordedInput {
  reference::Input values;
  std::vector<RecordedTurn> tables;  ///< static ones, which are read first
  std::vector<RecordedTurn> turns;
};

struct InputShape {
  uint32_t partitions = 2;  ///< of each source that has time
  int records = 40;         ///< of each partition, at most
  int64_t now_us = 0;       ///< the clock; rows beyond it are rejected
  uint32_t padding = 1;     ///< each record is longer by fewer blanks than this
  bool on_time = false;     ///< no row is late or ahead, and none of a partition has the time of another
};

/// For all sources of the project.
RecordedInput record_input(const typed::Project& project, const InputShape& shape, Rng& rng);
/// The same records in another order of turns, cut otherwise.
void interleave(RecordedInput& input, Rng& rng);
/// Input that is on time, in another order of arrival within the bounds on disorder: records change places within
/// their partitions.
RecordedInput permuted(const RecordedInput& input, const typed::Project& project, Rng& rng);
/// Turns take place at times of the wall clock, and now and then rows are let go.
void let_time_pass(RecordedInput& input, Rng& rng);
/// Partitions fall silent now and then, and their time goes on by the clock. Of one source with one partition: what
/// wakes is then judged by its own time alone.
void let_time_follow(RecordedInput& input, const typed::Project& project, Rng& rng);

}  // namespace braid::scenarios
