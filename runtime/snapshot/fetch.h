// Brings a snapshot of a task back: what the new owner of the task begins with.
//
// All snapshots up to an epoch are tried, the newest first, until the caller finds that one is on the committed chain
// and all its files are there as they were stored. It is put into a new folder beside the wanted one, which gets its
// name when it is whole and durable: so an interrupted fetch begins again.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/fs.h"
#include "runtime/report/diagnostic.h"
#include "runtime/snapshot/manifest.h"
#include "runtime/snapshot/snapshot_store.h"

namespace braid {

struct FetchRequest {
  SnapshotOwner owner;
  uint64_t newest_epoch = 0;  ///< the committed one
  /// Whether its (epoch, digest) is on the committed chain, and its program can be continued.
  std::function<bool(const SnapshotManifest&)> fits;
  /// Of the task; it is missing or empty. DIRECTORY.fetch is used meanwhile.
  std::string directory;
};

struct FetchedSnapshot {
  SnapshotManifest manifest;
  std::string name;  ///< of the manifest; SnapshotUploader::continue_from takes it
};

struct FetchResult {
  std::optional<FetchedSnapshot> snapshot;  ///< none: no stored one can be used
  std::vector<Diagnostic> warnings;         ///< W8033
};

/// On any thread, for as long as it takes. Fails with ErrorKind::store: 8030 if no snapshot was found where one could
/// not be read, 8034 and 8035 if the folder cannot be written; system_error ECANCELED once `stop` is set.
Result<FetchResult> fetch_snapshot(SnapshotStore& store, Fs& local, const FetchRequest& request,
                                   const std::atomic<bool>& stop);

}  // namespace braid
