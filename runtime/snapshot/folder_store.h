// Snapshots in a folder that all machines of a job see: a mounted network folder, or any folder on one machine. An
// object is a file of its name, written as NAME.tmp until it is whole.
#pragma once

#include "runtime/base/fs.h"
#include "runtime/snapshot/snapshot_store.h"

namespace braid {

class FolderStore : public SnapshotStore {
 public:
  /// `root` is made when something is put.
  FolderStore(Fs& fs, std::string root) : fs_(fs), root_(std::move(root)) {}

  std::string place() const override { return root_; }
  Status put(const std::string& name, uint64_t size, const NextPiece& next) override;
  Status get(const std::string& name, const TakePiece& take) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<std::vector<std::string>> list_unfinished(const std::string& folder) override;
  Status remove(const std::string& name) override;

 private:
  Error unreadable(const Error& cause) const;
  Error unwritable(const Error& cause) const;
  Status write(const std::string& path, uint64_t size, const NextPiece& next);
  Result<std::vector<std::string>> list_files(const std::string& folder, bool finished);

  Fs& fs_;
  std::string root_;
};

}  // namespace braid
