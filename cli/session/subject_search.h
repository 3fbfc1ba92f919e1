// The bytes of a subject's key, looked for in all that a job has: the files of its store and of its outputs as they
// are, and the rows of its state as they were before they were packed. One thread.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/fs.h"
#include "runtime/state/store.h"

namespace braid::cli {

/// A text of fewer bytes is found everywhere by chance.
inline constexpr size_t kShortestSought = 4;

/// Files that have one of the texts, or whose names have, and "the state" where a row has it. `paths`: files and
/// folders; a missing one has nothing.
Result<std::vector<std::string>> find_texts(Fs& fs, const std::vector<std::string>& paths, StateStore* state,
                                            const std::vector<std::string>& texts);

}  // namespace braid::cli
