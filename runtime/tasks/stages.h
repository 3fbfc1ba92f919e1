// A program as stages, each of which can be run for each partition number by itself: all rows that meet in a step have
// the same number.
//
// Records with one key are in one partition: that is what the `key` of a source declares. So a keyed step can be run
// where its input comes from if its keys contain the key by which its rows are placed, and a join if both sides have
// their placing keys at the same place among the join's keys, in equally many partitions. Any other keyed step begins
// a new stage: its rows go through a repartition topic, where rows with equal keys have one partition. Stage 0 reads
// the sources; reference data is read by each stage that needs it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/program.h"

namespace braid {

struct Stage {
  /// Sources, products, sites and step texts are those of the whole program, and have the same numbers; what it reads
  /// from other stages are sources behind those.
  std::shared_ptr<const Program> program;
  int32_t tasks = 1;
  int32_t first_task = 0;  ///< of the job's numbers: it has the next `tasks`
};

struct Stages {
  std::vector<Stage> stages;  ///< none: it cannot be run by partition number
  std::string reason;         ///< why not: names the step
  int32_t tasks() const { return stages.empty() ? 1 : stages.back().first_task + stages.back().tasks; }
};

/// `partitions`: how many each source has that is not static, by its number. `group` begins the names of repartition
/// topics; the rest is of the identity and the form of the step that reads them, so that another version of the script
/// finds them.
/// Those of one job have equally many partitions. `program` outlives the result, and has one stage if no step needs
/// another.
Stages split(const Program& program, const std::map<int, int32_t>& partitions, const std::string& group);

/// The program as a stage of its own, which does not own it.
std::shared_ptr<const Program> whole_stage(const Program& program);

/// For people: what each stage reads and sends, a line each, or why there are none; empty for a job of one stage.
std::string describe(const Stages& stages);

}  // namespace braid
