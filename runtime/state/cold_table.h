// The part of a keyed table that lies in the store alone: entries that were committed, then evicted from memory. Says
// which entries may be there, so that new keys cost no look into the store; reading them back is the owner's.
//
// An entry in memory holds the whole truth of its key; the store is asked only for those that are not in memory. What
// has been erased since the last durable commit is still in the store, and must not come back: such entries are
// remembered as gone until a commit has taken them away.
//
// The filter is a Bloom filter in blocks of a cache line (Putze, Sanders, Singler 2007), in layers that grow; it says
// yes to some one in a hundred of those that were never there, to more once kMostFilterBytes are full.
// Belongs to one operator; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "runtime/state/store.h"
#include "runtime/state/unread_ranges.h"

namespace braid {

class ColdFilter {
 public:
  static constexpr uint64_t kMostFilterBytes = 32 << 20;

  void add(uint64_t hash);
  bool may_hold(uint64_t hash) const {
    for (const Layer& layer : layers_)
      if (layer.holds(hash)) return true;
    return false;
  }
  void clear() {
    layers_.clear();
    added_ = 0;
  }
  uint64_t added() const { return added_; }
  uint64_t bytes() const;

 private:
  struct Block {
    uint64_t words[8];
  };
  struct Layer {
    std::vector<Block> blocks;  ///< a power of two of them
    uint64_t room = 0;          ///< entries that it takes
    bool holds(uint64_t hash) const {
      const Block& block = blocks[hash & (blocks.size() - 1)];
      for (int i = 0; i < 8; ++i)
        if ((block.words[i] >> bit(hash, i) & 1) == 0) return false;
      return true;
    }
    /// One of 64 bits in each word of the block.
    static uint32_t bit(uint64_t hash, int word) {
      constexpr uint32_t kSalt[8] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                     0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};
      return (static_cast<uint32_t>(hash >> 32) * kSalt[word]) >> 26;
    }
  };
  std::vector<Layer> layers_;
  uint64_t added_ = 0;
};

class ColdTable {
 public:
  /// An entry has rows in any of these tables, and is of those slices.
  ColdTable(StateFamily family, std::vector<uint32_t> tables, uint32_t first_slice, uint32_t end_slice,
            uint64_t range_bytes = UnreadRanges::kRangeBytes)
      : family_(family),
        tables_(tables),
        first_slice_(first_slice),
        end_slice_(end_slice),
        unread_(family, std::move(tables), first_slice, end_slice, range_bytes) {}

  /// From then on entries may go cold. It outlives the table.
  void attach(StateStore* store) { store_ = store; }
  bool attached() const { return store_ != nullptr; }
  StateStore& store() const { return store_ != nullptr ? *store_ : unread_.store(); }

  /// Of what there was at the start, the part that has not been read. It comes before all else: an entry there is
  /// neither in memory nor counted as cold.
  Status find_unread(StateStore& store) { return unread_.begin(store_ != nullptr ? *store_ : store); }
  UnreadRanges& unread() { return unread_; }
  const UnreadRanges& unread() const { return unread_; }
  uint64_t entries() const { return entries_; }
  bool empty() const { return entries_ == 0; }
  /// Of an entry that is not in memory: it may lie in the store.
  bool may_hold(uint64_t hash, std::string_view key, int64_t bucket = 0) const {
    return entries_ > 0 && filter_.may_hold(mix(hash, bucket)) && !is_gone(hash, key, bucket);
  }
  bool is_gone(uint64_t hash, std::string_view key, int64_t bucket = 0) const;

  /// An entry was evicted: its rows lie in the store, durable and as they are in memory.
  void add(uint64_t hash, int64_t bucket = 0);
  /// So many are back in memory, or were erased in the store.
  void remove(uint64_t count = 1);
  /// An entry that had rows in the store was erased, and will be there no longer once that is committed.
  void gone(uint64_t hash, std::string_view key, int64_t bucket = 0);
  /// The erasures so far have become part of a commit; `committed`: the last one is durable.
  void collected();
  void committed() { going_.clear(); }
  /// If most of what is in the filter is cold no longer, makes a new one from the keys in the store. Each call reads at
  /// most `rows` of them. What goes cold meanwhile goes into both.
  Status renew(uint64_t rows = kRenewedAtOnce);

  uint64_t bytes() const {
    return filter_.bytes() + renewed_.bytes() + (gone_.size() + going_.size()) * kBytesOfGone + unread_.bytes();
  }

  static constexpr uint64_t kRenewedAtOnce = 4096;

 private:
  static constexpr uint64_t kBytesOfGone = 96;
  static uint64_t mix(uint64_t hash, int64_t bucket) {
    uint64_t mixed = (hash ^ static_cast<uint64_t>(bucket) * 0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93;
    return mixed ^ mixed >> 32;
  }
  static std::string exact(uint64_t hash, std::string_view key, int64_t bucket);

  StateFamily family_;
  std::vector<uint32_t> tables_;
  uint32_t first_slice_, end_slice_;
  UnreadRanges unread_;
  StateStore* store_ = nullptr;
  ColdFilter filter_;
  ColdFilter renewed_;               ///< while it is made
  std::optional<std::string> next_;  ///< key from which on to go on making it
  size_t next_table_ = 0;
  uint64_t renewed_with_ = 0;  ///< entries that the filter had when it was made anew
  uint64_t entries_ = 0;
  std::unordered_set<std::string> gone_, going_;  ///< since the last collect; in a commit that is not durable yet
};

}  // namespace braid
