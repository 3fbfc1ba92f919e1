// Whether a program can be run for each partition number by itself: whether all rows that meet in a step have the same
// number.
//
// Records with one key are in one partition: that is what the `key` of a source declares. So a keyed step can be run by
// partition if its keys contain the key by which its input is placed, and a join if both sides have their placing keys
// at the same place among the join's keys. Where that does not hold, all partitions belong to one task.
#pragma once

#include <string>

#include "runtime/abi/program.h"

namespace braid {

struct Partitioning {
  bool by_number = true;
  std::string reason;     ///< why not: names the step
  bool has_keys = false;  ///< some step brings rows together, so that inputs must have equally many partitions
};

Partitioning partitioning_of(const Program& program);

}  // namespace braid
