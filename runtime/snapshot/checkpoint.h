// A task's folder as of its last commit, frozen in a folder beside it, from which it is uploaded while the task goes
// on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/fs.h"
#include "runtime/state/store.h"

namespace braid {

struct FrozenFile {
  std::string path;  ///< in the folder
  uint64_t size = 0;
  std::optional<uint64_t> hash;  ///< StreamDigest, where it is known already
};

struct FrozenTask {
  std::string directory;
  std::vector<FrozenFile> files;
};

/// `to`/state becomes a checkpoint of the store, and each of `beside` that is in `from` a copy in `to`. What was in
/// `to` before is deleted; both folders are on one disk. Between two commits, on their thread. Fails with
/// ErrorKind::store and a code; the store is as it was then.
Result<FrozenTask> freeze_task(Fs& fs, StateStore& store, const std::string& from, std::span<const std::string> beside,
                               const std::string& to);

}  // namespace braid
