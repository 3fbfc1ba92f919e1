// The state of a step that keeps one value for each key: rows of one size in memory in front of the store, found by the
// hash and the bytes of their key. It freezes, evicts and reads rows back; what a value is, its Values know.
//
// Stored as point rows. What of a value grows without bound lies in further rows, its parts, so that a commit writes
// only what is new: key of a part is that of the value, then set u16 and part u32 (distinct_counts.h).
//
// Values may be due at a time. Beside such a value lies an empty timed row in the bucket of that time, by which
// bring_due() finds it where it is in the store alone; timers of values in memory are the operator's.
//
// Belongs to one operator, which calls warm() before it looks for keys of a block; one thread. Fails where the store
// cannot be read, or what it has is no such value.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/operators/operator.h"
#include "runtime/state/blob_pool.h"
#include "runtime/state/cold_table.h"
#include "runtime/state/frozen_rows.h"
#include "runtime/state/group_table.h"
#include "runtime/state/key_format.h"
#include "runtime/state/wire.h"

namespace braid {

class KeyedRows {
 public:
  /// What the values are. Zeroed memory is a value that is new.
  class Values {
   public:
    /// No bytes: the part is erased.
    using PutPart = std::function<void(uint16_t set, uint32_t part, std::optional<std::string_view> bytes)>;
    virtual ~Values() = default;
    virtual uint64_t size() const = 0;
    virtual uint64_t alignment() const { return 8; }
    virtual void store(char* value, WireWriter& out, const PutPart& put) = 0;
    /// It will be stored soon: asks the memory for what lies beside it.
    virtual void prefetch(const char* value) const { (void)value; }
    /// Without its parts; false: the bytes are no value.
    virtual bool load(WireReader& in, char* value) = 0;
    /// How many parts each set of the value has in the store.
    virtual std::vector<uint32_t> parts(char* value) {
      (void)value;
      return {};
    }
    /// Of its first set, the first part that there is yet: what lies before has been erased.
    virtual uint32_t first_part(char* value) {
      (void)value;
      return 0;
    }
    virtual bool load_part(uint16_t set, std::string_view bytes, char* value) {
      (void)set, (void)bytes, (void)value;
      return false;
    }
    /// A value that a cold one must not become: it stays in memory.
    virtual bool stays(const char* value) const {
      (void)value;
      return false;
    }
    /// When it is due.
    virtual int64_t due(const char* value) const {
      (void)value;
      return kEndTime;
    }
    /// In the value, the bucket under which its timed row lies in the store.
    virtual int64_t& stored_at(char* value) {
      (void)value;
      BRAID_CHECK(false, "no value is due at a time");
      return *reinterpret_cast<int64_t*>(value);
    }
    /// It has come back from the store.
    virtual void loaded(RowHandle row, char* value) { (void)row, (void)value; }
    /// It leaves the memory.
    virtual void end(char* value) = 0;
    /// It leaves with all others, and with their pool: only memory of its own needs to be given back. Members of the
    /// operator that stand behind its rows are gone by then.
    virtual void end_with_all(char* value) { end(value); }
  };

  /// Where values are due at times: a table of their own, and how long a bucket is.
  struct Timers {
    uint32_t table;
    int64_t width;
  };
  /// Tables `table` and `part_table` are its own. All outlive it.
  KeyedRows(uint32_t table, uint32_t part_table, const KeyFormat& key, const Services& services, Values& values,
            BlobPool& pool, std::optional<Timers> timers = std::nullopt);
  ~KeyedRows();

  /// Cold rows of the block's keys come back.
  Status warm(const KeyBlock& keys, uint32_t rows);
  /// With timers: no value in the store alone is due before that; nothing: none is due ever.
  std::optional<int64_t> first_cold_due() const {
    if (cold_timers_.empty()) return std::nullopt;
    return *cold_timers_.begin() * timers_->width;
  }
  /// Values of the store that are due before `time` come back, and more of the last bucket.
  Status bring_due(int64_t time);
  void prefetch_slot(uint64_t hash) const { table_.prefetch_slot(hash); }
  void prefetch_row(uint64_t hash) const { table_.prefetch_row(hash); }
  RowHandle find(uint64_t hash, std::string_view key) const { return table_.find(hash, key); }
  RowHandle find_or_add(uint64_t hash, std::string_view key, bool* added) {
    return table_.find_or_add(hash, key, added);
  }
  char* value(RowHandle row) const { return rows_.value(row); }
  uint64_t hash(RowHandle row) const { return rows_.head(row).hash; }
  std::string_view key(RowHandle row) const { return rows_.key(row); }
  /// Before each change of a value.
  void change(RowHandle row) {
    RowHead& head = rows_.head(row);
    if (head.changed == frozen_.epoch()) return;
    copy(row);
    head.changed = frozen_.epoch();
    changed_.add(row);
  }
  /// The value has ended, or ends with that.
  void erase(RowHandle row);

  void freeze();
  bool copy_frozen(CopyBudget& budget);
  void take_frozen(StateBatch& batch) { frozen_.take(batch); }
  void committed() { cold_.committed(); }
  Status restore(StateStore& store, uint64_t memory);
  Status read_ahead(uint64_t ranges);
  /// A bounded part of the values that are in the store alone: those that have ended, by what is stored of them, leave.
  Status sweep(const std::function<bool(std::string_view stored)>& has_ended);
  /// Directly after a commit; gives the bytes that became free, about.
  uint64_t evict(uint64_t bytes);
  /// With the bytes in the pool.
  StateSize size() const;

 private:
  struct Wanted {
    uint64_t hash;
    std::string_view key;
  };
  void copy(RowHandle row);
  void copy_timer(RowHandle row);
  std::string timer_key(RowHandle row);
  Status bring(std::span<const Wanted> asked);
  std::string_view state_key(uint64_t hash, std::string_view key);
  Result<RowHandle> load(uint64_t hash, std::string_view key, std::string_view value);
  Status load_parts(std::span<const RowHandle> rows);
  uint32_t first_part(RowHandle row, size_t set) { return set == 0 ? values_.first_part(rows_.value(row)) : 0; }
  Status read(std::span<const UnreadRanges::Run> runs);

  uint32_t row_table_, part_table_;
  uint32_t first_slice_, end_slice_;
  Values& values_;
  BlobPool& pool_;
  HashRange range_;
  GroupRows rows_;
  GroupTable table_;
  ColdTable cold_;
  uint64_t memory_ = UINT64_MAX;  ///< bytes from which on no row comes in that nobody wants
  ChangedItems<RowHandle> changed_;
  FrozenRows frozen_;
  StateBatch erased_;
  std::optional<Timers> timers_;
  uint64_t range_bytes_;
  std::set<int64_t> cold_timers_;          ///< buckets that may have values that are not in memory
  size_t hand_ = 0;                        ///< segment of the table where the next eviction begins
  uint64_t swept_ = 0;                     ///< cold values that the last sweep left
  std::optional<std::string> sweep_from_;  ///< the key where the sweep goes on
  std::string key_bytes_;
  WireWriter value_;
};

}  // namespace braid
