// The history of a table by key, as an as-of join reads it: each version holds from its time until the next one. One
// that comes behind the watermark holds from the watermark on; of two with one time the later by (source, partition,
// position) holds. Versions that no row can need any more are forgotten.
//
// Owns its rows through a pool; one thread. Stored as timed rows: bucket = the time a version holds from.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "runtime/state/key_table.h"
#include "runtime/state/store.h"
#include "runtime/state/stored_rows.h"

namespace braid {

struct Version {
  int64_t from = 0;      ///< it holds from then on
  int64_t original = 0;  ///< its own time: what `max age` is measured by
  uint32_t source = 0, partition = 0;
  int64_t position = 0;
  Bytes row = {nullptr, 0};  ///< no data: the key is deleted
  bool stored = false;       ///< a state row of this key and time exists
  bool dirty = false;        ///< and is out of date, or there is none
};

class Versions {
 public:
  Versions(uint32_t table, std::optional<int64_t> max_age, BlobPool& pool)
      : table_(table), max_age_(max_age), pool_(pool), keys_(pool) {}

  void prefetch(uint64_t hash) const { keys_.prefetch(hash); }
  /// Takes over `version.row`.
  void add(uint64_t hash, std::string_view key, Version version);
  /// The row that holds at `time`; no data: none.
  Bytes find(uint64_t hash, std::string_view key, int64_t time);
  /// Nothing will ask for a time before `bound` any more, and no version will come that holds from before `settled`.
  void forget_before(int64_t bound, int64_t settled);
  size_t size() const { return count_; }

  void collect(StateBatch& batch);
  Status restore(StateStore& store, const StoredRows& rows);

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
    /// The first that holds from `from` or later.
    Place find(int64_t from);
    Place insert(Place place, const Version& version) { return list_.insert(place, version); }
    void erase(Place place);

   private:
    std::vector<Version> list_;
    size_t gone_ = 0;
  };
  using Entry = KeyTable<History>::Entry;
  struct Expiry {
    int64_t bound;  ///< the version is not needed from there on
    Entry* entry;
    uint64_t hash;  ///< entries are used again
    int64_t from;
  };
  struct LaterExpiry {
    bool operator()(const Expiry& a, const Expiry& b) const { return a.bound > b.bound; }
  };
  using Expiries = std::priority_queue<Expiry, std::vector<Expiry>, LaterExpiry>;
  void insert(Entry& entry, Version version);
  void forget(Expiries& expiries, int64_t bound, bool superseded_ones);
  void expect_expiry(Entry& entry, size_t index);

  uint32_t table_;
  std::optional<int64_t> max_age_;
  BlobPool& pool_;
  KeyTable<History> keys_;
  Expiries superseded_;  ///< versions with a successor
  /// Deleted keys and versions beyond `max age`: gone only once no earlier version can come, which they would hide.
  Expiries ended_;
  size_t count_ = 0;
  std::vector<std::pair<Entry*, int64_t>> unstored_;
  std::vector<std::string> erased_;
};

}  // namespace braid
