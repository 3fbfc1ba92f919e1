// The groups of one window: rows of one size, found by the hash and the bytes of their key.
//
// GroupRows hands out the rows, for all windows of an operator: pages of 64 KB and a list of free rows. A row is
// RowHead | key | value. A key of a fixed size lies in the row, any other in the pool, and the row refers to it.
//
// GroupTable is the index: slots of (upper half of the hash, row), placed by the top bits of the hash, so that a walk
// meets the rows nearly in the order of (hash, key). It consists of segments, each for a range of hashes; a full
// segment is cut in two, so no insertion moves more than 32 KB. A worker has a part of the hashes (HashRange); its rows
// are spread over the whole table. One thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/state/blob_pool.h"
#include "runtime/state/frozen_rows.h"

namespace braid {

using RowHandle = uint32_t;
inline constexpr RowHandle kNoRow = UINT32_MAX;

struct RowHead {
  uint64_t hash;
  uint32_t key_size;
  ChangedIn changed;
  bool stored;        ///< a state row exists, or is in a commit on its way
  bool found_lately;  ///< since the hand of an eviction passed
  bool unused;
};

class GroupRows {
 public:
  /// `key_size`: of every key; kAnySize: they differ. `alignment` of the value: 8 or 16.
  static constexpr uint32_t kAnySize = UINT32_MAX;
  GroupRows(BlobPool& pool, uint32_t key_size, uint64_t value_size, uint64_t alignment);

  /// Its value is cleared.
  RowHandle add(uint64_t hash, std::string_view key);
  void erase(RowHandle row);

  char* row(RowHandle row) const { return pages_[row >> page_bits_].get() + uint64_t{row & page_mask_} * row_size_; }
  RowHead& head(RowHandle handle) const { return *reinterpret_cast<RowHead*>(row(handle)); }
  char* value(RowHandle handle) const { return row(handle) + value_offset_; }
  std::string_view key(RowHandle handle) const { return key_of(row(handle)); }
  bool holds(RowHandle handle, uint64_t hash, std::string_view key) const {
    const char* at = row(handle);
    if (reinterpret_cast<const RowHead*>(at)->hash != hash) return false;
    if (fixed_key_size_ == sizeof(uint64_t))
      return std::memcmp(at + sizeof(RowHead), key.data(), sizeof(uint64_t)) == 0;
    return key_of(at) == key;
  }
  /// In the order of output.
  bool before(RowHandle a, RowHandle b) const {
    uint64_t x = head(a).hash, y = head(b).hash;
    return x != y ? x < y : key(a) < key(b);
  }
  void prefetch(RowHandle handle) const {
    const char* at = row(handle);
    __builtin_prefetch(at, 1);
    if (row_size_ > 64) __builtin_prefetch(at + 64, 1);
  }
  uint64_t size() const { return live_; }
  /// Besides long keys, which are the pool's.
  uint64_t bytes() const { return live_ * row_size_; }
  uint64_t row_size() const { return row_size_; }

 private:
  static constexpr uint64_t kPage = 64 * 1024;
  std::string_view key_of(const char* row) const {
    const char* key = row + sizeof(RowHead);
    if (fixed_key_size_ != kAnySize) return {key, fixed_key_size_};
    std::memcpy(&key, row + sizeof(RowHead), sizeof(key));
    return {key, reinterpret_cast<const RowHead*>(row)->key_size};
  }

  BlobPool& pool_;
  uint32_t fixed_key_size_;
  uint64_t value_offset_, row_size_;
  uint32_t page_bits_, page_mask_;
  std::vector<std::unique_ptr<char[]>> pages_;
  std::vector<RowHandle> free_;
  uint32_t next_ = 0;
  uint64_t live_ = 0;
};

/// The hashes of slices [first, end) of 64, spread over all of 64 bits; keeps their order.
class HashRange {
 public:
  HashRange(uint32_t first_slice, uint32_t end_slice)
      : first_(uint64_t{first_slice} << 58), factor_((uint64_t{64} << 32) / (end_slice - first_slice)) {}
  uint64_t spread(uint64_t hash) const {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(hash - first_) * factor_) >> 32);
  }

 private:
  uint64_t first_, factor_;
};

class GroupTable {
 public:
  GroupTable(GroupRows& rows, const HashRange& range, BlobPool& pool) : rows_(rows), range_(range), pool_(pool) {}
  GroupTable(const GroupTable&) = delete;
  GroupTable& operator=(const GroupTable&) = delete;
  ~GroupTable() { clear(); }

  /// A block of look-ups waits for memory once, not once a row: first the slots of all, then the rows, then the rest.
  void prefetch_slot(uint64_t hash) const {
    if (segments_.empty()) return;
    uint64_t spread = range_.spread(hash);
    const Segment& segment = segment_of(spread);
    __builtin_prefetch(&segment.slots[home(segment, spread)]);
  }
  void prefetch_row(uint64_t hash) const {
    if (segments_.empty()) return;
    uint64_t spread = range_.spread(hash);
    const Segment& segment = segment_of(spread);
    const Slot& slot = segment.slots[home(segment, spread)];
    if (slot.row != kNoRow) rows_.prefetch(slot.row);
  }
  /// kNoRow: none.
  RowHandle find(uint64_t hash, std::string_view key) const;
  RowHandle find_or_add(uint64_t hash, std::string_view key, bool* added);
  /// Out of the table, and out of the rows.
  void erase(RowHandle row) {
    take_out(row);
    rows_.erase(row);
  }
  /// Out of the table alone.
  void take_out(RowHandle row);
  /// All rows, in order.
  std::vector<RowHandle> in_order() const;
  /// The table is then empty; the rows remain.
  void clear();
  template <class Visit>
  void for_each(Visit visit) const {
    for (size_t i = 0; i < segments_.size(); ++i) visit_segment(i, visit);
  }
  size_t segments() const { return segments_.size(); }
  template <class Visit>
  void visit_segment(size_t index, Visit visit) const {
    const Segment& segment = *segments_[index];
    for (uint64_t at = 0; at <= segment.last; ++at)
      if (segment.slots[at].row != kNoRow) visit(segment.slots[at].row);
  }
  uint64_t size() const { return size_; }

 private:
  struct Slot {
    uint32_t tag;
    RowHandle row;
  };
  struct Segment {
    Slot* slots;
    uint32_t last;  ///< slot: their number − 1
    uint32_t used;
    uint32_t depth;  ///< bits of the spread hash that all of its rows share
    uint32_t shift;  ///< of the bits behind these, to a place
  };
  static constexpr uint32_t kFirstSlots = 8;
  static constexpr uint32_t kMostSlots = 4096;

  Segment& segment_of(uint64_t spread) const { return *directory_[(spread >> 1) >> (63 - depth_)]; }
  /// From the upper half of the spread hash, which is the tag.
  static uint64_t place(const Segment& segment, uint32_t tag) {
    return static_cast<uint32_t>(tag << segment.depth) >> segment.shift;
  }
  static uint64_t home(const Segment& segment, uint64_t spread) {
    return place(segment, static_cast<uint32_t>(spread >> 32));
  }
  void begin_slots(Segment& segment, uint32_t count, uint32_t depth);
  void release_slots(Segment& segment);
  void put(Segment& segment, Slot slot);
  void make_room(Segment& segment);
  void split(Segment& segment);

  GroupRows& rows_;
  const HashRange& range_;
  BlobPool& pool_;
  uint32_t depth_ = 0;
  std::vector<Segment*> directory_;  ///< by the top `depth_` bits
  std::vector<std::unique_ptr<Segment>> segments_;
  uint64_t size_ = 0;
};

}  // namespace braid
