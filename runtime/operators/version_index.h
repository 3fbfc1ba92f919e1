// The history of a table by other columns than its key, as a join by them reads it: for each value of these columns the
// versions of all keys that have, or had, it. A version is valid from its time until the next one of its key here;
// where a key gets another value in the columns, a version without a row ends it (runtime/operators/moves.h). Otherwise
// as Versions: of two versions of one time the later by (source, partition, position) is valid.
//
// Owns its rows through a pool; one thread. Stored as point rows: the columns, then the table's key and the time from
// which the version is valid, big-endian, so that all of one value lie together, in the order in which they are found.
// The unit of eviction is all of one value. Versions that no row can need any more go once they are half of what a
// value has.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "runtime/operators/versions.h"

namespace braid {

class VersionIndex {
 public:
  /// `rows`: the type of a version's row. All outlive it.
  VersionIndex(uint32_t table, std::optional<int64_t> max_age, const Services& services, const StoredRows& rows,
               BlobPool& pool);

  /// Before `add` or `find` of any of these values: cold ones come back into memory.
  Status warm(const KeyBlock& keys, uint32_t rows);
  void prefetch(uint64_t hash) const { keys_.prefetch(hash); }
  /// Takes over `version.row`.
  void add(uint64_t hash, std::string_view key, std::string_view table_key, Version version);
  /// visit(row): of each key the row that is valid at `time`, by the bytes of the table's key.
  template <class Visit>
  void find(uint64_t hash, std::string_view key, int64_t time, Visit visit) {
    Entry* entry = keys_.find(hash, key);
    if (entry == nullptr) return;
    const auto& versions = entry->value.versions;
    for (auto at = versions.begin(); at != versions.end();) {
      const auto first = at;
      const Version* valid = nullptr;
      for (; at != versions.end() && of_one_key(first->first, at->first); ++at)
        if (at->second.from <= time) valid = &at->second;
      if (valid != nullptr && valid->row.data != nullptr && !too_old(time, *valid)) visit(valid->row);
    }
  }
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
  /// By the table's key and the time, as state keys have them.
  using Found = std::map<std::string, Version, std::less<>>;
  struct Group {
    Found versions;
    uint32_t due = 0;  ///< of these, about so many are needed no longer
  };
  using Entry = KeyTable<Group>::Entry;
  struct Stored {
    std::string_view key, place;
    Version version;
    std::string_view row;
  };
  static bool of_one_key(std::string_view a, std::string_view b) {
    return a.substr(0, a.size() - sizeof(int64_t)) == b.substr(0, b.size() - sizeof(int64_t));
  }
  void insert(Entry& entry, std::string_view place, Version version);
  /// Before a frozen version is replaced or leaves.
  void copy(const Entry& entry, std::string_view place, Version& version);
  void tidy(Entry& entry);
  bool too_old(int64_t bound, const Version& version) const {
    return max_age_ && subtract_time(bound, *max_age_) > version.original;
  }
  std::string_view state_key(const Entry& entry, std::string_view place);
  Result<Stored> parse(std::string_view key, std::string_view value) const;
  void keep(Entry& entry, const Stored& stored);
  Status load(uint64_t hash, std::string_view key);
  Status read(std::span<const UnreadRanges::Run> runs);

  uint32_t table_;
  std::optional<int64_t> max_age_;
  const StoredRows& rows_;
  BlobPool& pool_;
  KeyTable<Group> keys_;
  ColdTable cold_;
  uint64_t ranges_ahead_;
  uint64_t memory_ = UINT64_MAX;   ///< bytes from which on nothing comes in that nobody wants
  std::string last_cold_;          ///< the last value that was read and left in the store
  ExpiryQueue<Entry> superseded_;  ///< versions with a successor
  ExpiryQueue<Entry> ended_;       ///< ends of keys, and versions beyond `max age`
  size_t count_ = 0;               ///< in memory
  uint64_t place_bytes_ = 0;       ///< of these, their places
  uint64_t cold_count_ = 0;        ///< about
  int64_t bound_ = kNoTime, settled_ = kNoTime;
  struct Changed {
    Entry* entry;
    std::string place;
  };
  ChangedItems<Changed> changed_;
  FrozenRows frozen_;
  uint64_t unstored_bytes_ = 0;
  StateBatch erased_;
  std::string key_, place_;  ///< the last that were asked for
  WireWriter value_;         ///< the last that was copied
};

}  // namespace braid
