// Durable state: rows of bytes in three column families, changed by atomic batches.
//
// A StateStore is owned by the job that locked its directory and lives as long as the job. Reads may come from several
// threads at once, and while one other thread commits: each sees a commit as a whole or not at all.
// What a batch holds is there after a crash as a whole or not at all, once `commit` has returned. Rows come back in the
// order of their keys. A failed commit says nothing about what is on disk: the process has to end.
// A store that was opened holds every commit from the first to its last one; the last ones may be lost with their log.
// Fails with ErrorKind::store.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/state/snapshot.h"
#include "runtime/state/state_batch.h"

namespace braid {

/// A file of a checkpoint.
struct CheckpointFile {
  std::string name;  ///< in the folder of the checkpoint
  uint64_t size = 0;
  std::optional<uint64_t> hash;  ///< of its bytes (StreamDigest), where the store knows it without reading the file
};

/// Rows with begin <= key < end.
struct KeyRange {
  std::string begin, end;
};
struct StoredSize {
  uint64_t rows = 0, bytes = 0;
};

/// What a store has done since it was opened.
struct StoreFigures {
  uint64_t disk_bytes = 0;  ///< of its tables, now
  uint64_t lookups = 0;     ///< keys and ranges that were looked up, besides single values
  uint64_t rows_read = 0;   ///< that these found
};

class StateStore {
 public:
  using Visit = std::function<Status(std::string_view key, std::string_view value)>;

  virtual ~StateStore() = default;
  /// True and the value, or false.
  virtual Result<bool> get(StateFamily family, std::string_view key, std::string* value) = 0;
  /// Rows of exactly these keys, which ascend; `visit` is called for those there are, with their place in `keys`.
  virtual Status get_many(StateFamily family, std::span<const std::string> keys,
                          const std::function<Status(size_t place, std::string_view value)>& visit) = 0;
  /// All rows with begin <= key < end, in key order; stops with the first error that `visit` returns, which uses no
  /// store itself.
  virtual Status scan_range(StateFamily family, std::string_view begin, std::string_view end, const Visit& visit) = 0;
  /// The same of several ranges, which ascend; `visit` is called with their place in `ranges`.
  using VisitOf = std::function<Status(size_t place, std::string_view key, std::string_view value)>;
  virtual Status scan_ranges(StateFamily family, std::span<const KeyRange> ranges, const VisitOf& visit) = 0;
  /// For what is read in parts, or with gaps: `visit` gets the first row of the range, and returns the key from which
  /// on to look for the next one; empty: right behind this one.
  using Leap = std::function<Result<std::string>(std::string_view key, std::string_view value)>;
  virtual Status leap(StateFamily family, std::string_view begin, std::string_view end, const Leap& visit) = 0;
  /// About how much lies in the range, at the cost of a few looks into indexes.
  virtual StoredSize estimate(StateFamily family, std::string_view begin, std::string_view end) = 0;
  /// Verifies the whole store first, unless that is done.
  virtual Status commit(const StateBatch& batch) = 0;
  /// Compares all that was there when it was opened with what was written: takes as long as reading it, so it may run
  /// on a thread of its own, beside reads; a commit waits for it. What it fails with, each later commit fails with.
  /// `stop` makes it return early, without a result.
  virtual Status verify(const std::atomic<bool>& stop) {
    (void)stop;
    return {};
  }
  /// On any thread.
  virtual StoreFigures figures() { return {}; }
  /// How many commits it holds; they are counted from its beginning.
  virtual uint64_t commits() const = 0;
  /// A copy of the store as of its last commit, which can be opened as a store of its own: the files of `directory`,
  /// which is made; its parent is there. The copy takes up room only for what the store has replaced since. Between two
  /// commits, on their thread; the first flushes what is only in the log, if that is much. Not made durable.
  virtual Result<std::vector<CheckpointFile>> checkpoint(const std::string& directory) = 0;
  /// The store as of its last commit, for other threads. Between two commits, on their thread. Null: this store has no
  /// readers beside the job.
  virtual std::shared_ptr<const StoreSnapshot> snapshot() { return nullptr; }
  /// When it was opened, some of its log could not be read: what was committed behind that is not here. More than a
  /// power cut leaves behind, mostly.
  virtual bool log_damaged() const { return false; }

  /// All rows whose key begins with `prefix`, in key order.
  Status scan(StateFamily family, std::string_view prefix, const Visit& visit) {
    return scan_range(family, prefix, behind_prefix(prefix), visit);
  }
  /// The least key that is greater than all that begin with `prefix`; empty: there is none, and no end to a range.
  static std::string behind_prefix(std::string_view prefix);
};

/// Key of a state row: table u32 | slice u8 | bucket i64 (timed rows only; sign flipped) | hash u64 | key bytes, all
/// big-endian. A table is one of an operator's: operator number · 8 + table.
inline constexpr size_t kPointKeyHead = 13, kTimedKeyHead = 21;  ///< bytes up to the key bytes
std::string point_key(uint32_t table, uint64_t hash, std::string_view key);
std::string timed_key(uint32_t table, int64_t bucket, uint64_t hash, std::string_view key);
/// The same in the place of what `bytes` held, for loops over many rows; more key bytes may be appended.
void set_point_key(std::string& bytes, uint32_t table, uint64_t hash, std::string_view key);
void set_timed_key(std::string& bytes, uint32_t table, int64_t bucket, uint64_t hash, std::string_view key);
std::string table_prefix(uint32_t table);
/// What the keys of all rows of a slice begin with, and of one bucket in it, and of a hash.
std::string slice_prefix(uint32_t table, uint32_t slice);
std::string bucket_prefix(uint32_t table, uint32_t slice, int64_t bucket);
/// All rows of a bucket, in those slices.
void erase_bucket(StateBatch& batch, uint32_t table, int64_t bucket, uint32_t first_slice, uint32_t end_slice);
inline std::string timed_prefix(uint32_t table, int64_t bucket, uint64_t hash) {
  return timed_key(table, bucket, hash, {});
}

/// A time at the end of a key, so that keys sort by it: 8 bytes, big-endian, sign flipped.
void append_time_key(std::string& key, int64_t time);
int64_t read_time_key(std::string_view bytes);

struct TimedKey {
  int64_t bucket;
  uint64_t hash;
  std::string_view key;  ///< within the bytes that were parsed
};
TimedKey parse_timed_key(std::string_view bytes);
struct PointKey {
  uint64_t hash;
  std::string_view key;
};
PointKey parse_point_key(std::string_view bytes);

}  // namespace braid
