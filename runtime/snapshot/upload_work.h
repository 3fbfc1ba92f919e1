// One upload, as the executor's thread sees it: looks at what is stored, puts the files that are missing, then the
// manifest, and deletes what is not needed any more; a slice at a time.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "runtime/snapshot/upload.h"

namespace braid {

class UploadWork {
 public:
  struct Places {
    SnapshotStore& store;
    Fs& local;
    Clock& clock;
  };
  /// `manifest` without its files. `read`: manifests that were read before; those that are read now are added.
  UploadWork(Places places, const UploadOptions& options, SnapshotManifest manifest, FrozenTask frozen,
             std::vector<ManifestName> known, std::map<std::string, SnapshotManifest>& read);

  /// One call after the other, on any thread.
  void advance();
  bool finished() const { return step_ == Step::finished; }
  UploadResult take_result() { return std::move(result_); }
  /// From any thread.
  void cancel() { cancelled_ = true; }

 private:
  enum class Step { look, copy, publish, check, remove_old, finished };

  Status take_step();
  Status look();
  Status list_stored();
  std::vector<const SnapshotManifest*> safe_to_build_on() const;
  Status copy_files();
  Status put_file(const FrozenFile& file);
  Status publish();
  Status check();
  Status remove_old();
  /// Names of puts that never ended and are older than any upload.
  Status add_abandoned(const std::string& folder, std::vector<std::string>& names);
  void fail(Error error);
  void remove_own_files();
  void finish(UploadResult::Outcome outcome);

  Places places_;
  UploadOptions options_;
  FrozenTask frozen_;
  std::vector<ManifestName> known_;
  std::map<std::string, SnapshotManifest>& read_;
  std::atomic<bool> cancelled_ = false;
  UploadResult result_;
  Step step_ = Step::look;
  std::string id_;
  int64_t began_us_ = 0;            ///< steady
  std::vector<std::string> files_;  ///< objects that are stored
  std::vector<ListedManifest> manifests_;
  std::map<std::string, std::vector<SnapshotFile>> stored_;  ///< by path
  size_t next_file_ = 0;
  std::vector<std::string> own_files_;  ///< names of objects that this upload has put
  std::vector<std::string> removals_;   ///< names of objects
  size_t next_removal_ = 0;
};

}  // namespace braid
