// Copies of snapshots on this machine, for tasks that may move here: a standby.
//
// A snapshot is objects whose names are never used twice (docs/decisions/0027), so a copy of an object is whole or
// damaged, and never out of date. StandbyStore reads a copy where there is one, and everything else from the store that
// all machines see. Whoever fetches a snapshot compares size and hash of each file as before, and asks for a damaged
// copy no second time.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/fs.h"
#include "runtime/snapshot/folder_store.h"
#include "runtime/snapshot/manifest.h"
#include "runtime/snapshot/snapshot_store.h"

namespace braid {

struct StandbyRefresh {
  size_t tasks = 0;      ///< whose newest snapshot is here
  size_t left_out = 0;   ///< whose newest snapshot does not fit the limit
  uint64_t bytes = 0;    ///< of all copies
  uint64_t fetched = 0;  ///< bytes, by this call
};

/// refresh() is for one thread; everything else for any.
class StandbyStore : public SnapshotStore {
 public:
  /// Copies lie in `directory` and take at most `limit` bytes.
  StandbyStore(SnapshotStore& shared, Fs& local, std::string directory, uint64_t limit);

  /// Copies the newest snapshot of each of `owners`, in this order, if it fits; deletes copies that belong to none of
  /// them. A file that the store has deleted meanwhile is left to the next call. Fails with the error of the store,
  /// with 8045 if this machine cannot keep copies, or with ECANCELED once `stop` is true; the copies stay.
  Result<StandbyRefresh> refresh(std::span<const SnapshotOwner> owners, const std::function<bool()>& stop);

  std::string place() const override { return shared_.place(); }
  Status put(const std::string& name, uint64_t size, const NextPiece& next) override {
    return shared_.put(name, size, next);
  }
  Status get(const std::string& name, const TakePiece& take) override;
  Result<std::vector<std::string>> list(const std::string& folder) override { return shared_.list(folder); }
  Result<std::vector<std::string>> list_unfinished(const std::string& folder) override {
    return shared_.list_unfinished(folder);
  }
  Status remove(const std::string& name) override { return shared_.remove(name); }
  bool drop_copy(const std::string& name) override;

 private:
  struct Wanted {
    std::string name;  ///< of the object
    SnapshotFile file;
  };
  Result<std::vector<Wanted>> newest(const SnapshotOwner& owner);
  /// False: the store does not have it any more.
  Result<bool> fetch(const Wanted& wanted, const std::function<bool()>& stop);
  Status remove_others(std::span<const SnapshotOwner> owners);
  Error not_kept(const Error& cause) const;

  SnapshotStore& shared_;
  Fs& local_;
  const std::string directory_;
  const uint64_t limit_;
  FolderStore copies_;
  std::mutex mutex_;
  std::set<std::string> here_;  ///< names of objects of which there is a copy. Guarded by mutex_
};

/// The tasks of a job, from 0, except `own`, in the order in which this instance copies them. It depends on the
/// instance, so that instances that cannot keep all tasks keep different ones.
std::vector<SnapshotOwner> standby_order(const std::string& job, int32_t tasks, std::span<const int32_t> own,
                                         std::string_view instance);

}  // namespace braid
