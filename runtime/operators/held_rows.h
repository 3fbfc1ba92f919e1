// Rows that wait for time: of as-of joins, `nearest` and `unique`. A waiting row keeps a copy of itself and of the
// record that caused it, because it may be rejected, unmatched or late many turns later.
//
// HeldRows is a queue in one of two orders: (time, turn, ordinal) as joins release, (time, source, partition, position,
// and behind joins the places of right rows) as `unique` decides. Owns its rows through a pool; one thread. Stored as
// timed rows: bucket = time, key = turn, ordinal, sequence. The rows that wait longest are evicted; they come back at
// their time. Where rows wait only so long by the wall clock, each has its arrival with it, and leaves early once that
// is long enough ago.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/data/pair_place.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/output_trace.h"
#include "runtime/state/store.h"
#include "runtime/state/stored_rows.h"
#include "runtime/state/time_queue.h"
#include "runtime/state/wire.h"

namespace braid {

struct HeldRow {
  int64_t time = 0;
  int64_t watermark = 0;
  Record record;  ///< its bytes are the pool's
  Bytes row = {nullptr, 0};
  uint64_t hash = 0;          ///< of its key
  uint64_t sequence = 0;      ///< order of rows that one record caused
  int64_t arrival = kNoTime;  ///< by the wall clock, where that counts
  bool stored = false;        ///< the store has it, or a commit on its way
  ChangedIn changed = ChangedIn::none;
};

/// (time, turn, ordinal, sequence)
bool before_by_arrival(const HeldRow& a, const HeldRow& b);
/// (time, source, partition, position, the right rows that it has met, the record's first way before others, sequence)
bool before_by_position(const HeldRow& a, const HeldRow& b);

/// Copies row and cause. `whole` is the block as a block of `rows`' type.
HeldRow hold_row(const Block& block, const Block& whole, uint32_t row, StoredRows& rows, BlobPool& pool);
/// The record with its bytes, and what else it points to, in the pool; and gone from there.
void keep_record(Record& record, BlobPool& pool);
void release_record(const Record& record, BlobPool& pool);
void release_later(const HeldRow& row, BlobPool& pool);
/// Of `rows` (at most kBlockRows), in that order. It refers to their memory.
Block block_of(std::span<const HeldRow* const> held, const StoredRows& rows, std::span<const Leaf> leaves,
               Arena& arena);

/// Its place among rows of one time, as bytes of a key: turn, ordinal, sequence.
void append_held_place(std::string& key, const HeldRow& row);
void append_held_value(WireWriter& out, const HeldRow& row);
/// Into the pool's memory; fails if the bytes are not such a row. `with_arrival`: its arrival follows it.
Result<HeldRow> read_held(int64_t time, uint64_t hash, std::string_view value, const StoredRows& rows, BlobPool& pool,
                          bool with_arrival = false);

class HeldRows {
 public:
  enum class Order { arrival, position };
  /// `rows`: the type of what waits. All outlive it.
  /// `with_arrivals`: rows may leave by take_early().
  HeldRows(Order order, uint32_t table, const Services& services, const StoredRows& rows, BlobPool& pool,
           bool with_arrivals = false)
      : table_(table),
        has_arrivals_(with_arrivals),
        cold_span_(with_arrivals ? Queue::kWidth : kColdSpan),
        store_(services.store),
        first_slice_(services.first_slice),
        end_slice_(services.end_slice),
        rows_(rows),
        pool_(pool),
        queue_(ReleaseOrder{order}) {}

  void push(HeldRow row);
  bool empty() const { return queue_.empty() && cold_times_.empty(); }
  /// Not empty. No later than the first row's.
  int64_t first_time() const;
  /// Up to where to take rows at once, if any is before `watermark`, or else may leave early.
  std::optional<ReleasePoint> next_release(int64_t watermark) const;
  /// No row before `watermark` is there, or comes.
  void pass(int64_t watermark);
  /// Rows with time < `watermark`, in order. Their memory stays until the pool releases what is pending.
  Status take_before(int64_t watermark, std::vector<HeldRow>& out);

  // With arrivals.
  /// No row arrived before that; nothing: there is none. Reads what the store alone has, once.
  Result<std::optional<int64_t>> first_arrival();
  /// Rows that arrived up to then may leave.
  Status begin_early(int64_t arrival);
  /// Those of them with time < `end`, in order.
  Status take_early(int64_t end, std::vector<HeldRow>& out);
  /// All of them have been taken.
  void finish_early();

  void freeze();
  bool copy_frozen(CopyBudget& budget);
  void take_frozen(StateBatch& batch) { frozen_.take(batch); }
  Status restore(StateStore& store, uint64_t memory);
  /// Only directly after a commit; returns the bytes that became free.
  uint64_t evict(uint64_t bytes);
  /// Without the bytes in the pool.
  StateSize size() const;

 private:
  static constexpr int64_t kColdSpan = int64_t{1} << 26;  ///< about a minute
  struct ReleaseOrder {
    Order order;
    int64_t time(const HeldRow& row) const { return row.time; }
    bool before(const HeldRow& a, const HeldRow& b) const {
      return order == Order::arrival ? before_by_arrival(a, b) : before_by_position(a, b);
    }
  };
  using Queue = TimeQueue<HeldRow, ReleaseOrder>;
  std::string_view key_of(const HeldRow& row) {
    set_timed_key(key_, table_, row.time, row.hash, {});
    append_held_place(key_, row);
    return key_;
  }
  Result<HeldRow> read(std::string_view key, std::string_view value) const {
    TimedKey place = parse_timed_key(key);
    return read_held(place.bucket, place.hash, value, rows_, pool_, has_arrivals_);
  }
  uint64_t bytes() const { return pool_.bytes_used() + queue_.bytes(); }
  static uint64_t bytes_of(const HeldRow& row) {
    return sizeof(HeldRow) + row.row.size + row.record.bytes.size + pair_bytes(row.record);
  }
  /// Before a frozen row leaves.
  void copy(HeldRow& row);
  void leave_cold(int64_t time);
  int64_t end_of_span(int64_t span) const {
    return span >= INT64_MAX / cold_span_ ? INT64_MAX : (span + 1) * cold_span_;
  }
  /// What is due before that, and the rest of its span if there is room for it.
  Status load_before(int64_t watermark);
  /// The row is gone from the queue, and from the store with the next commit.
  void leave(HeldRow& row, std::vector<HeldRow>& out);
  void note_changed(int64_t bucket);
  void note_arrival(int64_t bucket, int64_t arrival);
  /// Arrivals of rows that only the store has.
  Status find_arrivals();
  /// Of one bucket; `rest`: when the first of those arrived that stay.
  Status take_early_of(int64_t bucket, std::vector<HeldRow>& out, int64_t& rest);
  /// What the store has of these buckets, from released_to_ on.
  using VisitStored = std::function<Status(std::string_view key, std::string_view value)>;
  Status scan_buckets(int64_t first, int64_t last, const VisitStored& visit);

  uint32_t table_;
  bool has_arrivals_;
  int64_t cold_span_;
  StateStore* store_;
  uint32_t first_slice_, end_slice_;
  const StoredRows& rows_;
  BlobPool& pool_;
  Queue queue_;
  uint64_t changed_ = 0, changed_bytes_ = 0;  ///< rows that came in this epoch
  std::vector<int64_t> changed_buckets_;      ///< of the queue, which they came into; some more than once
  FrozenRows frozen_;
  uint64_t to_copy_ = 0;                 ///< frozen rows
  std::vector<int64_t> frozen_buckets_;  ///< in which they lie, unless these are due; in order
  size_t copied_buckets_ = 0;            ///< of these
  size_t copied_to_ = 0;                 ///< in the next of these, then among the rows that are due
  int64_t due_bucket_ = 0;               ///< for which that holds
  WireWriter value_;                     ///< the last that was copied
  StateBatch erased_;
  std::string key_;                ///< the last that was asked for
  std::set<int64_t> cold_times_;   ///< spans of time of which rows may lie in the store alone
  uint64_t cold_ = 0;              ///< those rows; about, after a restart
  uint64_t memory_ = 0;            ///< bytes from which on no rows come in that are not due
  int64_t released_to_ = kNoTime;  ///< rows before that have left, though the store may still have them
  // With arrivals; spans of cold rows are then the buckets of the queue.
  std::map<int64_t, int64_t> arrivals_;  ///< by bucket: no row of it arrived before that
  std::set<int64_t> unknown_;            ///< buckets of which the store may have rows that arrived before that
  std::optional<int64_t> allowed_;       ///< in a turn that lets rows leave early: those that arrived up to then
  int64_t early_from_ = INT64_MIN;       ///< buckets before that have been asked in that turn
  int64_t left_to_ = kNoTime;  ///< rows that arrived up to then have left, though the store may still have them
};

/// Gives the rows to `visit` as blocks of `rows`' type, in their order; each is the current block of the trace.
void for_each_block(std::span<const HeldRow> held, HeldRows::Order order, const StoredRows& rows,
                    std::span<const Leaf> leaves, const Services& services,
                    const std::function<void(const Block& block)>& visit);

}  // namespace braid
