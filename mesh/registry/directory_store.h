// A registry in a directory, which may be on a file system that several machines mount, if its locks work.
//
// An object is written beside its place, synced and renamed. A head is swapped under a lock file, by a rename. Locks
// are the operating system's and end with their process. So a writer that is killed anywhere leaves the old state, and
// at most files that end in `.tmp`.
//
// A directory that is not there is a registry that is empty, until something is written. One that this store has seen
// with something in it, and that is gone or empty now, as a file system that was unmounted, fails with 7248: nobody has
// withdrawn what it had.
#pragma once

#include <atomic>

#include "mesh/registry/object_store.h"
#include "runtime/base/fs.h"

namespace braid::mesh {

class DirectoryStore : public ObjectStore {
 public:
  /// The directory is made by the first write. `fs` outlives the store.
  DirectoryStore(Fs& fs, std::string root) : fs_(fs), root_(std::move(root)) {}

  std::string place() const override { return root_; }
  Result<std::optional<std::string>> read(const std::string& name) override;
  Result<bool> put_if_absent(const std::string& name, const std::string& content) override;
  Result<std::optional<StoredHead>> read_head(const std::string& name) override;
  Result<bool> swap_head(const std::string& name, const std::optional<std::string>& etag,
                         const std::string& content) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<std::vector<std::string>> list_leftovers(const std::string& folder) override;
  Status remove(const std::string& name) override;
  Result<std::unique_ptr<Turn>> take_turn() override;

 private:
  std::string path_of(const std::string& name) const { return join_path(root_, name); }
  /// Fails if it had something and has nothing now.
  Status check_it_is_there();
  Status collect(const std::string& folder, bool leftovers, std::vector<std::string>& names);

  Fs& fs_;
  std::string root_;
  std::atomic<bool> had_something_ = false;
};

}  // namespace braid::mesh
