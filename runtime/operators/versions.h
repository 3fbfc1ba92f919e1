// The history of a table by key, as an as-of join reads it: each version is valid from its time until the next one. A
// version that comes after the watermark passed its time is valid from the watermark on; of two with one time the later
// by (source, partition, position) is valid. Versions that no row can need any more are removed.
//
// Owns its rows through a pool; one thread. Stored as point rows: key, then the time a version holds from, big-endian,
// so that the history of a key lies together. The unit of eviction is a whole history; a sweep removes outdated
// ones from the store now and then.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "runtime/operators/expiry_queue.h"
#include "runtime/operators/operator.h"
#include "runtime/state/cold_table.h"
#include "runtime/state/key_format.h"
#include "runtime/state/key_table.h"
#include "runtime/state/store.h"
#include "runtime/state/stored_rows.h"
#include "runtime/state/wire.h"

namespace braid {

struct Version {
  int64_t from = 0;      ///< it is valid from then on
  int64_t original = 0;  ///< its own time, from which `max age` counts
  uint32_t source = 0, partition = 0;
  int64_t position = 0;
  Bytes row = {nullptr, 0};             ///< no data: the key is deleted
  bool stored = false;                  ///< a state row of this key and time exists
  ChangedIn changed = ChangedIn::none;  ///< and it is out of date, or there is none
};

/// Of two versions of one key and time the later is valid.
inline auto position_of(const Version& version) {
  return std::tuple(version.source, version.partition, version.position);
}

class Versions {
 public:
  /// `rows`: the type of a version's row. All outlive it.
  Versions(uint32_t table, std::optional<int64_t> max_age, const Services& services, const StoredRows& rows,
           BlobPool& pool)
      : table_(table),
        max_age_(max_age),
        first_slice_(services.first_slice),
        end_slice_(services.end_slice),
        rows_(rows),
        pool_(pool),
        keys_(pool),
        cold_(StateFamily::point, {table}, services.first_slice, services.end_slice, services.read_ahead.range_bytes),
        ranges_ahead_(services.read_ahead.ranges) {
    cold_.attach(services.store);
  }

  /// Before `add` or `find` of any of these keys: cold ones come back into memory.
  Status warm(const KeyBlock& keys, uint32_t rows);
  void prefetch(uint64_t hash) const { keys_.prefetch(hash); }
  /// Takes over `version.row`.
  void add(uint64_t hash, std::string_view key, Version version);
  /// The versions of the key that are the last before `from`, of that time, and the next.
  struct Around {
    std::optional<Version> before, same, next;
  };
  Around around(uint64_t hash, std::string_view key, int64_t from);
  /// The row that is valid at `time`; no data: none.
  Bytes find(uint64_t hash, std::string_view key, int64_t time);
  /// No call will ask for a time before `bound` any more, and no version will come that is valid from before `settled`.
  void forget_before(int64_t bound, int64_t settled);

  void freeze();
  bool copy_frozen(CopyBudget& budget);
  void take_frozen(StateBatch& batch) { frozen_.take(batch); }
  void committed() { cold_.committed(); }
  Status restore(StateStore& store, uint64_t memory);
  /// Some of what has not been read since the restart.
  Status read_ahead();
  /// Directly after a commit.
  Status evict(uint64_t bytes);
  /// Without the bytes in the pool.
  StateSize size() const;

 private:
  /// Versions by `from`, all different. They go from the front, one by one, so what is gone there stays until it is
  /// half of the list.
  class History {
   public:
    using Place = std::vector<Version>::iterator;
    Place begin() { return list_.begin() + static_cast<ptrdiff_t>(gone_); }
    Place end() { return list_.end(); }
    bool empty() const { return gone_ == list_.size(); }
    size_t size() const { return list_.size() - gone_; }
    Version& operator[](size_t index) { return list_[gone_ + index]; }
    /// The first that is valid from `from` or later.
    Place find(int64_t from);
    Place insert(Place place, const Version& version) { return list_.insert(place, version); }
    void erase(Place place);

   private:
    std::vector<Version> list_;
    size_t gone_ = 0;
  };
  using Entry = KeyTable<History>::Entry;
  struct StoredVersion {
    std::string_view key;
    Version version;
    std::string_view row;
  };
  void insert(Entry& entry, Version version);
  /// Before a frozen version is replaced or leaves.
  void copy(const Entry& entry, Version& version);
  void forget(ExpiryQueue<Entry>& expiries, int64_t bound, bool superseded_ones);
  void expect_expiry(Entry& entry, size_t index);
  bool too_old(int64_t bound, const Version& version) const {
    return max_age_ && subtract_time(bound, *max_age_) > version.original;
  }
  std::string_view key_of(const Entry& entry, int64_t from);
  Result<StoredVersion> parse(std::string_view key, std::string_view value) const;
  Status load(uint64_t hash, std::string_view key);
  Status read(std::span<const UnreadRanges::Run> runs);
  /// A row of the store; its history comes into memory, or is cold from now on.
  Status take_stored(std::string_view key, std::string_view value);
  Status sweep();

  uint32_t table_;
  std::optional<int64_t> max_age_;
  uint32_t first_slice_, end_slice_;
  const StoredRows& rows_;
  BlobPool& pool_;
  KeyTable<History> keys_;
  ColdTable cold_;
  uint64_t ranges_ahead_;
  uint64_t memory_ = UINT64_MAX;   ///< bytes from which on no history comes in that nobody wants
  std::string last_cold_;          ///< the last that was read and left in the store
  ExpiryQueue<Entry> superseded_;  ///< versions with a successor
  /// Deleted keys and versions beyond `max age`: gone only once no earlier version can come, which they would hide.
  ExpiryQueue<Entry> ended_;
  size_t count_ = 0;  ///< in memory
  uint64_t cold_count_ = 0;
  uint64_t swept_ = 0;                     ///< cold entries that the last sweep left
  std::optional<std::string> sweep_from_;  ///< the key where the sweep goes on
  int64_t bound_ = kNoTime, settled_ = kNoTime;
  struct Place {
    Entry* entry;
    int64_t from;
  };
  ChangedItems<Place> changed_;
  FrozenRows frozen_;
  uint64_t unstored_bytes_ = 0;
  StateBatch erased_;
  std::string key_;   ///< the last that was asked for
  WireWriter value_;  ///< the last that was copied
};

}  // namespace braid
