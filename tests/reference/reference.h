// The independent oracle of operators and time: what a checked plan (compiler/plan, before any pass) gives for recorded
// input, computed naively. Whole relations lie in memory, each step is computed from all its input at once, sorted and
// scanned; nothing here knows turns, blocks, watermarks of edges or state. It shares only the expression evaluator with
// the real system.
//
// The order in which partitions interleave is no input: by the model it cannot show, but where rows wait by the wall
// clock, or have the time of their arrival, which is given as steps. Ends are sealed. Nothing is idle, but where the
// time of a silent partition goes on by the clock, which is given as well. What the model leaves to arrival (a flow
// re-timed behind a join that holds rows) is taken in order of time.
//
// A pure function of its arguments. One thread. Fails by BRAID_CHECK only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/plan/plan.h"
#include "compiler/typed/project.h"
#include "runtime/data/value.h"

namespace braid::reference {

/// One field of a record, as decoding left it. Absent and null of an optional field, or of one with a fallback: Null.
struct InputField {
  Value value = {Null{}};
  ConversionFault fault = ConversionFault::none;
};

struct InputRecord {
  std::vector<InputField> fields;  ///< of the relation's row, all of them
  uint32_t broken = 0;             ///< not 0: the structure is broken, there is no row; code of the catalogue
  int64_t position = 0;
  int64_t line = 0;
  size_t arrival = 0;  ///< the step of Input::steps with which it came
};

/// A partition has been silent, and its time has gone on by the clock.
struct ClockFollowed {
  size_t records = 0;  ///< so many of its records had come
  int64_t time = 0;
};

struct InputPartition {
  std::string name;
  std::vector<InputRecord> records;
  std::vector<ClockFollowed> followed = {};  ///< in order
  size_t ended = 0;                          ///< the step with which it ended
};

/// Some records of one partition have come. What waits by the wall clock depends on when that was.
struct InputStep {
  int64_t wall = 0;      ///< what the clock showed then
  bool lets_go = false;  ///< behind the records, rows go on that have waited as long as they may
};

struct Input {
  /// By qualified name; partitions in the order of their ordinals.
  std::map<std::string, std::vector<InputPartition>> sources;
  std::vector<InputStep> steps;  ///< in order; empty: nothing is let go before its time
  int64_t clock_us = 0;
  int64_t wall_us = 0;  ///< without steps: the one reading of the clock with which all records came
  uint64_t job_seed = 0;
};

/// What became of the records of one input, or of derived rows: then `in` is what was made, `used` what was emitted.
struct Counts {
  int64_t in = 0, used = 0, filtered = 0, duplicate = 0, unmatched = 0, rejected = 0, late = 0;
  int64_t partly_late = 0;  ///< of the used
  int64_t early = 0;        ///< joined before the table's time
  friend bool operator==(const Counts&, const Counts&) = default;
};

/// A row of a product or one of its ports.
struct OutputRow {
  std::vector<Field> fields;  ///< of the row itself; `checked` fields are optional here
  std::vector<Value> values;
  int64_t time = 0;
  // Of rows of `rejected`, `late`, `unmatched` and `alerts`: why, where, and the record that caused it.
  uint32_t code = 0;
  std::string step;
  std::string check;
  bool derived = false;  ///< made by a window: it has no single origin
  std::string source;
  uint32_t partition = 0;
  int64_t position = 0;
  bool hidden = false;  ///< the product does not show the row: it is of a step of another domain

  /// `{"a":1,"b":"x"}`
  std::string json() const;
};

struct ProductOutcome {
  std::string name;                                    ///< domain.product
  std::map<std::string, std::vector<OutputRow>> rows;  ///< by port; "" is the product itself. In no order
  std::map<std::string, Counts> inputs;                ///< by qualified name of source or product
  Counts derived;
};

/// In the order of `plan.products`.
std::vector<ProductOutcome> evaluate(const plan::Plan& plan, const typed::Project& project, const Input& input);

}  // namespace braid::reference
