// State in memory, for tests and the simulation: with an Fs it keeps a log of its batches, so that a crash loses what
// was not synced and nothing else; without one it lives as long as the object.
//
// Log: frames of length u32 | XXH3-64 of the payload u64 | payload. A torn last frame is cut when the log is opened.
// Each checkpoint begins another part of it (`log`, `log.1`, `log.2` …): parts that a checkpoint has never change.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "runtime/base/fs.h"
#include "runtime/state/store.h"

namespace braid {

class MemoryStore : public StateStore {
 public:
  MemoryStore() = default;
  /// `directory`/log; made if it is not there.
  static Result<std::unique_ptr<StateStore>> open(Fs& fs, const std::string& directory);

  Result<bool> get(StateFamily family, std::string_view key, std::string* value) override;
  Status get_many(StateFamily family, std::span<const std::string> keys,
                  const std::function<Status(size_t, std::string_view)>& visit) override;
  Status scan_range(StateFamily family, std::string_view begin, std::string_view end, const Visit& visit) override;
  Status scan_ranges(StateFamily family, std::span<const KeyRange> ranges, const VisitOf& visit) override;
  Status leap(StateFamily family, std::string_view begin, std::string_view end, const Leap& visit) override;
  StoredSize estimate(StateFamily family, std::string_view begin, std::string_view end) override;
  Status commit(const StateBatch& batch) override;
  uint64_t commits() const override { return commits_; }
  /// With an Fs only.
  Result<std::vector<CheckpointFile>> checkpoint(const std::string& directory) override;
  /// A copy of all rows.
  std::shared_ptr<const StoreSnapshot> snapshot() override;

 private:
  using Rows = std::map<std::string, std::string, std::less<>>;
  class Snapshot;
  class Cursor;

  /// Applies the whole frames of a log, and returns their length.
  uint64_t replay(std::string_view content);
  std::string part_path(const std::string& directory, size_t part) const;
  /// Opens the last part for appending.
  Status open_last_part(uint64_t length);
  void apply(StateFamily family, StateBatch::Change::Kind kind, std::string_view key, std::string_view value);
  /// False if the bytes are no batch.
  bool apply_payload(std::string_view payload);

  std::mutex mutex_;  ///< of `rows_`: a commit may run beside reads
  Rows rows_[kStateFamilies];
  Fs* fs_ = nullptr;
  std::string directory_;
  size_t parts_ = 1;
  std::unique_ptr<FileWriter> log_;  ///< the last part
  uint64_t commits_ = 0;
};

}  // namespace braid
