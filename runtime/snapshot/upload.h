// Stores snapshots of one task in the background, and deletes those that are not needed any more.
//
//   begin(freeze_task(…), chain, program)      at a commit, if !busy()
//   if (auto result = poll()) …                at every commit after it
//
// An upload puts those files that no snapshot in the store has yet, and the manifest last: before that, the store is as
// it was. It counts on no lock and no owner. Several uploaders of one task at once, of whom all but one do not know
// that the task has moved, disturb each other in nothing (docs/decisions/0027). An uploader belongs to one thread, its
// executor's. Memory: one piece, and what manifests and lists need.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/report/diagnostic.h"
#include "runtime/snapshot/checkpoint.h"
#include "runtime/snapshot/manifest.h"
#include "runtime/snapshot/retention.h"
#include "runtime/snapshot/snapshot_store.h"

namespace braid {

struct UploadOptions {
  RetentionLimits retention;
  /// After about so many bytes a work of the executor ends, and the next poll() starts another one. Where the executor
  /// is the upload's own it may be much.
  uint64_t slice_bytes = 64 << 20;
};

struct UploadResult {
  enum class Outcome {
    stored,
    cancelled,
    failed  ///< the store has what it had before, and perhaps the snapshot: when its last answer was an error
  } outcome = Outcome::failed;
  std::optional<Error> error;        ///< of `failed`: 8030 to 8032, 8036 to 8038
  std::vector<Diagnostic> warnings;  ///< W8039
  SnapshotManifest manifest;
  std::string name;  ///< of the manifest
  uint64_t files_put = 0, bytes_put = 0;
  uint64_t files_reused = 0, bytes_reused = 0;
  uint64_t removed = 0;  ///< objects
};

class UploadWork;

class SnapshotUploader {
 public:
  /// What these refer to must outlive it. `local` is where tasks are frozen.
  SnapshotUploader(SnapshotStore& store, Fs& local, Clock& clock, Executor& executor, SnapshotOwner owner,
                   UploadOptions options = {});
  /// Cancels what is on its way, and waits for it.
  ~SnapshotUploader();

  /// A snapshot that is on the chain of this task and was stored by somebody else: the one that it was fetched from.
  void continue_from(const std::string& manifest_name);
  /// Not while it is busy. The folder of `frozen` is deleted in the end, whatever happens. Of committed epochs only.
  void begin(FrozenTask frozen, EpochChain chain, uint64_t program);
  /// From begin() until poll() or wait() has returned the result.
  bool busy() const { return work_ != nullptr; }
  /// Returns at once; the result, when there is one.
  std::optional<UploadResult> poll();
  /// While busy.
  UploadResult wait();
  /// poll() returns soon; `cancelled`, unless it was stored by then.
  void cancel();

 private:
  void start_slice();

  SnapshotStore& store_;
  Fs& local_;
  Clock& clock_;
  Executor& executor_;
  SnapshotOwner owner_;
  UploadOptions options_;
  std::vector<ManifestName> known_;  ///< on the chain of the task: the last two
  std::map<std::string, SnapshotManifest>
      manifests_;  ///< of the store, by name: they never change. Of `work_` while busy
  std::unique_ptr<UploadWork> work_;
  std::unique_ptr<Task> slice_;  ///< refers to `work_`
};

}  // namespace braid
