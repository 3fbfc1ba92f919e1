// `window session gap g [max m]` and `group`: the rows of a key, one behind the other with at most g between two of
// them, are a session. In the order of time a row begins a new session if more than g lies between it and the row
// before it, or m or more between it and the first row of its session. A session is { start: its first row, end: g
// behind its last row, but no later than m behind its first }. It closes when the watermark has passed its end and
// `late`.
//
// A row is late if it is before the watermark by more than `late`. So no row that comes can reach a session that has
// closed, whatever other partitions have done, and what a session has does not depend on the order of arrival
// (docs/decisions/0037).
//
// In memory a key is a row of a table, with its newest session in it; older ones that are open hang behind, newest
// first. A row that joins two sessions merges them. With `max`, where a session is cut depends on where it begins, so
// its rows are kept apart by their time (loose parts) until no earlier row can come: then its beginning is settled.
//
// Where the rows are changes (GroupOperator::windowed does not hold), each turn puts out what the sessions of the keys
// that it has touched are by then (session_changes.h), and sessions close in silence.
//
// A key has one timer, no later than what is due of it. It moves on when it goes off, not with each row.
//
// Stored as a row for each key, with all its sessions, and beside it, by the time of its timer, a row that finds it
// when the key is in memory no longer. The values of distinct counts are rows of a table beside them. One thread.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/operators/group_output.h"
#include "runtime/operators/group_state.h"
#include "runtime/operators/key_timers.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/sealed_time.h"
#include "runtime/operators/session_changes.h"
#include "runtime/state/cold_table.h"
#include "runtime/state/group_table.h"
#include "runtime/state/key_format.h"

namespace braid {

class SessionGroupNode : public OperatorNode {
 public:
  explicit SessionGroupNode(const Services& services);
  ~SessionGroupNode() override;
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  bool advance(std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override;
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  /// The last instant of a session that closes is before the watermark by more than `late`.
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override {
    return inputs[0].minus(add_time(content_.window.late_us, 1));
  }
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override;
  void take_frozen(StateBatch& batch) override { frozen_.take(batch); }
  void committed() override { cold_.committed(); }
  Status restore(StateStore& store, uint64_t memory) override;
  void read_ahead() override;
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;
  int64_t sealed() const override { return sealed_.time(); }
  void seal(int64_t time) override { sealed_.seal(time); }

 private:
  static constexpr uint32_t kKeyTable = 0;
  static constexpr uint32_t kSealedTable = 1;
  static constexpr uint32_t kSetTable = 2;    ///< of parts of sets of distinct values
  static constexpr uint32_t kTimerTable = 3;  ///< timed: keys by the time of their timers

  /// The value of a row begins with this; the aggregates' state is behind it.
  struct Session {
    int64_t first, last;  ///< rows
    RowHandle older;      ///< kNoRow: none
    uint32_t number;      ///< tells the sessions of a key apart, for what is stored of their sets
    uint32_t batch;       ///< in which a row was given to it that may not have been added yet
    bool loose;           ///< of one instant, since an earlier row may still come
    // Of the row that is in the table:
    bool has_timer;
    int64_t timer;        ///< no later than what is due
    int64_t stored_at;    ///< kTimerTable's bucket, if the key is stored
    int64_t first_loose;  ///< kEndTime: no part is loose
  };
  struct Closing {
    int64_t end;
    RowHandle row;  ///< in no table any more
  };
  /// A key that is asked for.
  struct Wanted {
    uint64_t hash;
    std::string_view key;
  };

  Session& session(RowHandle row) const { return *reinterpret_cast<Session*>(rows_.value(row)); }
  char* state(RowHandle row) const { return rows_.value(row) + kStateOffset; }
  static constexpr size_t kStateOffset = (sizeof(Session) + 15) & ~size_t{15};
  int64_t end_of(const Session& session) const {
    const int64_t end = add_time(session.last, window_.gap_us);
    return window_.max_us > 0 ? std::min(end, add_time(session.first, window_.max_us)) : end;
  }
  /// At most the gap apart.
  bool near(int64_t earlier, int64_t later) const { return later <= add_time(earlier, window_.gap_us); }
  /// Rows before it are late, and sessions that end before it are closed.
  int64_t limit_of(int64_t watermark) const { return subtract_time(watermark, window_.late_us); }
  int64_t passed() const { return std::max(edges[0].finite, sealed_.time()); }

  // Rows come (session_group.cpp).
  void fold(const Block& block, const KeyBlock& keys);
  /// The session that a row of that time belongs to.
  RowHandle place(RowHandle key, int64_t time);
  RowHandle place_in_cut(RowHandle key, int64_t time);
  void begin_key(RowHandle key, int64_t time);
  /// A new session behind `newer`; kNoRow: before all others, in the key's own row.
  RowHandle insert(RowHandle key, RowHandle newer, int64_t time);
  /// What is in the key's row goes to one of its own.
  RowHandle move_out(RowHandle key);
  /// The session behind it becomes a part of it.
  void merge_older(RowHandle key, RowHandle row);
  /// With `max`: what no earlier row can come before is loose no longer.
  void settle(RowHandle key, int64_t limit);
  void add_state(RowHandle key, RowHandle from, RowHandle into);
  void free_session(RowHandle row);
  /// Rows that were given to sessions are added to them.
  void flush();
  void set_timer(RowHandle key, int64_t time);
  /// Before the key changes.
  void touch(RowHandle key);
  uint32_t next_number(RowHandle key) const;

  // Where rows are changes (session_close.cpp).
  /// The sessions that the key would have if no row came any more, newest first.
  void show(RowHandle key, std::vector<SessionChanges::Shown>& sessions);
  void end_shown();
  uint64_t put_out_changes(const ReleasePoint& point, std::vector<Block>& out);

  // Sessions close (session_close.cpp).
  /// What ends before `limit` goes to `closing_`.
  void close_before(int64_t limit);
  void close_key(const KeyTimer& timer, int64_t limit);
  uint64_t take_closing(int64_t before, std::vector<Block>& out);
  void put_out(size_t least, std::vector<Block>& out);

  // What is stored (session_state.cpp).
  std::string set_key(uint64_t hash, std::string_view key, uint32_t number, size_t set, uint32_t part) const;
  std::string timer_key(RowHandle key) const;
  int64_t timer_bucket(int64_t time) const { return floor_divide(time, timer_width_); }
  void copy_frozen_key(RowHandle key);
  void copy(RowHandle key) {
    if (frozen_.holds(rows_.head(key).changed)) copy_frozen_key(key);
  }
  void erase_sets(RowHandle key, RowHandle session);
  /// The key has no session any more: its row leaves the table, and what is stored goes.
  void take_out(RowHandle key);
  Status warm(const KeyBlock& keys);
  Status bring(std::span<const Wanted> wanted);
  /// Keys whose timers are due and that are in the store alone.
  Status bring_due(int64_t limit);
  Status read(std::span<const UnreadRanges::Run> runs);
  Status load(uint64_t hash, std::string_view key, std::string_view value, std::vector<RowHandle>& loaded);
  Status load_sets(std::span<const RowHandle> keys);
  bool has_room() { return !(full_ = full_ || (cold_.attached() && state_size().bytes >= memory_)); }

  const GroupOperator& content_;
  const WindowSpec& window_;
  KeyFormat key_;
  const uint32_t key_size_;
  GroupState state_;
  GroupOutput output_;
  HashRange range_;
  BlobPool pool_;
  GroupRows rows_;
  GroupTable table_;
  KeyTimers timers_;
  ColdTable cold_;
  const int64_t timer_width_;      ///< of a bucket of kTimerTable
  std::set<int64_t> cold_timers_;  ///< buckets of kTimerTable that may have keys that are not in memory

  uint64_t memory_ = UINT64_MAX;  ///< bytes from which on no keys come in that nobody wants
  bool full_ = false;             ///< and they do not any more, since nothing is begun then
  ChangedItems<RowHandle> changed_;
  uint64_t changed_value_bytes_ = 0;  ///< of sets
  FrozenRows frozen_;
  StateBatch erased_;
  WireWriter value_;       ///< of the last key that was copied
  std::string key_bytes_;  ///< the last key that was made
  size_t hand_ = 0;        ///< segment where the next eviction begins
  SealedTime sealed_{table(kSealedTable)};

  std::optional<SessionChanges> changes_;
  std::vector<SessionChanges::Shown> shown_;
  std::vector<char*> merged_;  ///< states of sessions that are shown, of several parts

  // Of a block.
  const Block* block_ = nullptr;
  std::vector<uint32_t> taken_;  ///< its rows
  std::vector<char*> states_;    ///< of those that have been placed
  size_t added_ = 0;             ///< of those, the ones that have been added
  size_t counted_ = 0;           ///< and to the sets
  uint32_t batch_ = 1;
  int64_t limit_ = kNoTime;  ///< no accepted row is before it
  std::vector<RowHandle> parts_;
  std::vector<Wanted> wanted_;

  std::vector<Closing> closing_;  ///< in order
  size_t next_closing_ = 0;
  std::vector<KeyTimer> due_;
  std::vector<Closing> released_;  ///< to be put out
  std::vector<GroupOutput::Row> out_rows_;
};

}  // namespace braid
