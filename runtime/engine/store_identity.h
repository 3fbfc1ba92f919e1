// Which store a folder holds, and whether its state is the one that belongs there.
//
// The folder has a file `identity` beside its state: the id that the store got when it began, which its state holds as
// well, and a number of commits that the state has at least. So state that is gone, that lost its last commits or that
// was put there from another store is noticed. The file is written where outputs have been claimed and when a job ends;
// it may lag behind, and it may be missing: then the state is believed, and the file is written again.
// Fails with ErrorKind::store: 8002 a damaged store, 8005 a format that this program does not know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/fs.h"
#include "runtime/state/store.h"

namespace braid {

struct StoreIdentity {
  std::string id;
  uint64_t commits = 0;  ///< at least
};

/// None where the file is missing or says nothing.
Result<std::optional<StoreIdentity>> read_identity(Fs& fs, const std::string& directory);
Status write_identity(Fs& fs, const std::string& directory, const StoreIdentity& identity);
Status remove_identity(Fs& fs, const std::string& directory);

/// What `meta` says of the store under "format".
struct StoreHeader {
  std::string id;
  std::string project;
  int64_t started_at = 0;  ///< clock reading of the first start
};

/// What was opened in `directory`: none for an empty store that is about to begin.
Result<std::optional<StoreHeader>> read_header(StateStore& store, const std::string& directory,
                                               const std::optional<StoreIdentity>& identity);
void put_header(StateBatch& batch, const StoreHeader& header);

/// Where a store is. Two of them are one place if they have the path or the folder in common.
struct StorePlace {
  std::string id;
  std::string path;  ///< canonical
  uint64_t device = 0, inode = 0;

  bool same_place(const StorePlace& other) const {
    return path == other.path || (device == other.device && inode == other.inode);
  }
};
Result<StorePlace> place_of_store(Fs& fs, const std::string& directory, const std::string& id);

}  // namespace braid
