// What a job has read, from its first record on, and whether it is still there: what states can be made of again
// (rebuild.h). The epochs of a store say which turns were run; which sources these numbers mean, the store notes for
// each program that ran on it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/fs.h"
#include "runtime/state/store.h"

namespace braid {

struct History {
  /// Of each program by its id: the sources by their numbers. Those of before this was noted are missing.
  std::map<uint64_t, std::vector<std::string>> sources;
  bool whole = true;  ///< all epochs are there, and their programs are known

  bool knows(const std::string& source) const;
};

/// Notes the program's sources.
void put_program(StateBatch& batch, const Program& program);
Result<bool> history_knows(const Program& program, StateStore& store);
Result<History> read_history(StateStore& store);

/// Whether all that a step has read is still there.
struct Retained {
  bool whole = false;
  std::string text;  ///< "from the first record of `shop.payment`"; else why not
};
/// Of files, whose places the program's bindings say. `root`: JobOptions::root.
Result<Retained> retained_for(const Program& program, int op, const History& history, StateStore& store, Fs& fs,
                              const std::string& root);
/// Where there is no store yet: as far as the kinds of the sources tell.
Retained retained_by_kind(const Program& program, int op);

}  // namespace braid
