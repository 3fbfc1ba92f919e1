// An in-memory table by key: open addressing over 64-bit hashes, linear probing, entries at stable addresses. The key
// bytes belong to the table's pool. Iteration order is never meaningful: who writes output sorts.
// Under a memory budget entries leave by second chance (clock): evict() offers those not found lately to the owner, who
// knows whether the store has them (cold_table.h). One thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/state/blob_pool.h"

namespace braid {

template <class Value>
class KeyTable {
 public:
  struct Entry {
    uint64_t hash = 0;
    int64_t bucket = 0;
    Bytes key = {nullptr, 0};
    Value value{};
    bool live = false;
    bool found_lately = false;  ///< since the hand of evict() passed
  };

  explicit KeyTable(BlobPool& pool) : pool_(pool), slots_(kFirstSlots) {}

  /// A block of look-ups waits for memory once, not once a row: first the slots of all, then the entries, then find().
  void prefetch(uint64_t hash, int64_t bucket = 0) const { __builtin_prefetch(&slots_[place(hash, bucket)]); }
  void prefetch_entry(uint64_t hash, int64_t bucket = 0) const {
    if (const Entry* entry = first(hash, bucket)) prefetch(*entry);
  }
  /// The entry that find() looks at first, which is mostly the one; null: there is none.
  const Entry* first(uint64_t hash, int64_t bucket = 0) const {
    const Slot& slot = slots_[place(hash, bucket)];
    return slot.entry != kEmpty ? &entry_at(slot.entry) : nullptr;
  }

  Entry* find(uint64_t hash, std::string_view key, int64_t bucket = 0) {
    for (size_t at = place(hash, bucket);; at = (at + 1) & mask()) {
      Slot& slot = slots_[at];
      if (slot.entry == kEmpty) return nullptr;
      if (slot.hash != hash) continue;
      Entry& entry = entry_at(slot.entry);
      if (!equals(entry, key, bucket)) continue;
      entry.found_lately = true;
      return &entry;
    }
  }
  /// `*added` tells whether the entry is new, with a value as by default.
  Entry& find_or_add(uint64_t hash, std::string_view key, bool* added, int64_t bucket = 0) {
    if (Entry* found = find(hash, key, bucket)) {
      *added = false;
      return *found;
    }
    if ((live_ + 1) * 4 > slots_.size() * 3) grow();
    uint32_t index = 0;
    if (!free_.empty()) {
      index = free_.back();
      free_.pop_back();
    } else {
      index = made_++;
      if (index % kPage == 0) pages_.push_back(std::make_unique<Entry[]>(kPage));
    }
    Entry& entry = entry_at(index);
    entry.hash = hash;
    entry.bucket = bucket;
    entry.key = pool_.copy(key);
    entry.live = true;
    entry.found_lately = true;
    put({hash, index, home_of(hash, bucket)});
    ++live_;
    *added = true;
    return entry;
  }
  void erase(Entry& entry) {
    size_t gap = place(entry.hash, entry.bucket);
    while (slots_[gap].entry == kEmpty || &entry_at(slots_[gap].entry) != &entry) gap = (gap + 1) & mask();
    free_.push_back(slots_[gap].entry);
    // Entries that were pushed behind this place move up, so that no gap cuts a chain.
    for (size_t next = (gap + 1) & mask(); slots_[next].entry != kEmpty; next = (next + 1) & mask()) {
      const size_t home = slots_[next].home & mask();
      bool may_move = ((next - home) & mask()) >= ((next - gap) & mask());
      if (!may_move) continue;
      slots_[gap] = slots_[next];
      gap = next;
    }
    slots_[gap].entry = kEmpty;
    pool_.release_later(entry.key);
    entry.value = Value{};
    entry.live = false;
    --live_;
  }
  size_t size() const { return live_; }
  /// Besides what lies in the pool.
  uint64_t bytes() const { return live_ * (sizeof(Entry) + 2 * sizeof(Slot)); }
  /// `evict` erases an entry and gives the bytes that became free, or 0 if the entry has to stay. Ends when `bytes` are
  /// free or all have been offered twice.
  template <class Evict>
  uint64_t evict(uint64_t bytes, Evict evict) {
    uint64_t freed = 0;
    for (uint64_t offered = 0; offered < uint64_t{2} * made_ && freed < bytes; ++offered) {
      if (hand_ >= made_) hand_ = 0;
      Entry& entry = entry_at(hand_++);
      if (!entry.live) continue;
      if (entry.found_lately) {
        entry.found_lately = false;
        continue;
      }
      freed += evict(entry);
    }
    return freed;
  }
  template <class Visit>
  void for_each(Visit visit) {
    for (uint32_t index = 0; index < made_; ++index)
      if (entry_at(index).live) visit(entry_at(index));
  }

 private:
  static constexpr uint32_t kEmpty = UINT32_MAX;
  static constexpr size_t kFirstSlots = 64;
  static constexpr uint32_t kPage = 256;  ///< entries
  struct Slot {
    uint64_t hash = 0;
    uint32_t entry = kEmpty;
    uint32_t home = 0;  ///< its place but for the mask: to move it, nobody looks at the entry
  };

  Entry& entry_at(uint32_t index) { return pages_[index / kPage][index % kPage]; }
  const Entry& entry_at(uint32_t index) const { return pages_[index / kPage][index % kPage]; }
  static void prefetch(const Entry& entry) {
    const auto* bytes = reinterpret_cast<const char*>(&entry);
    __builtin_prefetch(bytes);
    if (sizeof(Entry) > 64) __builtin_prefetch(bytes + 64);
  }
  size_t mask() const { return slots_.size() - 1; }
  static uint32_t home_of(uint64_t hash, int64_t bucket) {
    return static_cast<uint32_t>(hash ^ ((static_cast<uint64_t>(bucket) * 0x9E3779B97F4A7C15) >> 32));
  }
  size_t place(uint64_t hash, int64_t bucket) const { return home_of(hash, bucket) & mask(); }
  static bool equals(const Entry& entry, std::string_view key, int64_t bucket) {
    return entry.bucket == bucket && entry.key.size == key.size() &&
           (key.empty() || std::memcmp(entry.key.data, key.data(), key.size()) == 0);
  }
  void put(const Slot& slot) {
    size_t at = slot.home & mask();
    while (slots_[at].entry != kEmpty) at = (at + 1) & mask();
    slots_[at] = slot;
  }
  void grow() {
    BRAID_CHECK(slots_.size() <= UINT32_MAX / 2, "a table has too many keys");
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.entry != kEmpty) put(slot);
  }

  BlobPool& pool_;
  std::vector<Slot> slots_;
  std::vector<std::unique_ptr<Entry[]>> pages_;
  uint32_t made_ = 0;  ///< entries, live or free
  std::vector<uint32_t> free_;
  size_t live_ = 0;
  uint32_t hand_ = 0;
};

}  // namespace braid
