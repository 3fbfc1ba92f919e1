// Outputs outside their store: which store a file belongs to.
//
// Beside the file FILE lies `.FILE.owner`, which names the file and the store that writes it, each by path and by the
// number of its inode; it is about the file as long as one of the two is right, so neither a moved file nor a restored
// one loses its owner, and a copy of both files has none. A store is the owner if it has the owner's id and is where
// the owner is. A store with the owner's id at another place is a copy: it becomes the owner only when the one it was
// copied from is no longer where it was, as after a move or a restore. Called with the file locked. Fails with
// ErrorKind::output: 8012 another store's, 7010 nobody's but not empty.
#pragma once

#include <string>

#include "runtime/base/fs.h"
#include "runtime/engine/store_identity.h"

namespace braid {

/// Where an output is: in its store, or elsewhere.
struct OutputPlace {
  std::string path;    ///< to open it
  std::string stored;  ///< as the state names it: relative to the store, or absolute and without links
  bool elsewhere() const { return stored.starts_with('/'); }
};
Result<OutputPlace> place_output(Fs& fs, const StorePlace& store, const std::string& directory,
                                 const std::string& path);

/// Makes the store the owner of the file `stored`, of which `committed` bytes are committed; an error if it may not be.
Status own_output(Fs& fs, const StorePlace& store, const std::string& stored, const FileInfo& file, uint64_t committed);
/// Whether the file says that this store may write it.
Result<bool> owns_output(Fs& fs, const StorePlace& store, const std::string& stored);
/// Deletes a file and what says whose it is.
Status remove_owned(Fs& fs, const std::string& stored);

}  // namespace braid
