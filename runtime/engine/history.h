// What a job has read, from its first record on, and whether it is still there: what states can be made of again
// (rebuild.h). The epochs of a store say which turns were run; which sources these numbers mean, the store notes for
// each program that ran on it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/fs.h"
#include "runtime/broker/broker.h"
#include "runtime/state/store.h"

namespace braid {

struct History {
  /// Of each program by its id: the sources by their numbers. Those of before this was noted are missing.
  std::map<uint64_t, std::vector<std::string>> sources;
  /// Of each partition that it found, by source and name: where it began to read.
  std::map<std::pair<std::string, std::string>, int64_t> begins;
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
/// Where inputs are looked for, at the places that the program's bindings say.
struct InputPlaces {
  Fs& fs;
  std::string root;  ///< JobOptions::root
  /// Of topics. Null: they are not read again, because of `no_topics`.
  Broker* broker = nullptr;
  std::string no_topics = "no broker was asked";
};
Result<Retained> retained_for(const Program& program, int op, const History& history, StateStore& store,
                              const InputPlaces& places);
/// Where there is no store yet: as far as the kinds of the sources tell. `no_topics`: why topics are not read again;
/// empty: they are.
Retained retained_by_kind(const Program& program, int op, const std::string& no_topics);

/// Of a job that writes topics.
inline constexpr std::string_view kTasksReadOnce = "a job that writes topics does not read them again";

}  // namespace braid
