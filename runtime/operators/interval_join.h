// Joins a stream with a stream: the right row's time minus the left row's is in a range. A record that is on both sides
// enters the right side first, so `0s` matches itself.
//
// Plain: each pair goes out when its second row comes; a left row without a match is settled once, when its interval
// has closed. `nearest`: each left row waits until its interval has closed and then takes its nearest match (tie: the
// earlier, then by position). `within any` keeps rows for `retain`. Semi and anti (interval_exists): a left row leaves
// the state at its first match, and goes on then, or once its interval has closed without one. Right and full
// (interval_outer): a right row without a match goes on alone, once no left row can come that it would meet.
//
// Rows are kept by key and time span: an interval has eight spans, so a row matches rows of at most nine.
// Stored as timed rows, left and right ones with bucket = time span, waiting ones with bucket = time. The unit of
// eviction is the rows of a key in a span; they come back when a row needs them, left rows also when their span begins
// to close.
#pragma once

#include <array>
#include <map>
#include <tuple>

#include "runtime/data/time_text.h"
#include "runtime/operators/expiry_queue.h"
#include "runtime/operators/held_rows.h"
#include "runtime/operators/join_rows.h"
#include "runtime/state/cold_table.h"
#include "runtime/state/key_format.h"
#include "runtime/state/key_table.h"
#include "runtime/state/row_list.h"

namespace braid {

class IntervalJoinNode : public OperatorNode {
 public:
  explicit IntervalJoinNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override;
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override;
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override;
  void take_frozen(StateBatch& batch) override;
  void committed() override;
  Status restore(StateStore& store, uint64_t memory) override;
  void read_ahead() override { note(read(cold_.unread().take_next(services_.read_ahead.ranges))), note(cold_.renew()); }
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;
  int64_t sealed() const override { return sealed_; }
  void seal(int64_t time) override;
  int64_t sealed_left() const override { return sealed_left_; }
  void seal_left(int64_t time) override;

 private:
  static constexpr uint32_t kLeftTable = 0;
  static constexpr uint32_t kRightTable = 1;
  static constexpr uint32_t kWaitingTable = 2;
  static constexpr uint32_t kSealedTable = 3;

  /// In the pool.
  struct LeftRow {
    HeldRow held;
    bool matched = false;
  };
  /// In the pool; the row's bytes follow, and the right rows that it has met itself (data/pair_place.h).
  struct alignas(16) RightRow {
    int64_t time = 0;
    int64_t watermark = 0;
    int64_t position = 0;
    uint64_t sequence = 0;  ///< of rows that one record caused
    uint32_t source = 0, partition = 0;
    uint32_t size = 0;    ///< 0: the right filter drops its pairs, and its fields are not kept
    bool stored = false;  ///< the store has it, or a commit on its way
    ChangedIn changed = ChangedIn::none;
    bool settled = false;  ///< where right rows go on alone: it has a match, or has gone
    bool is_pair = false;  ///< a join has made it, which says what it has met

    auto place() const { return std::tuple(time, source, partition, position, pair_place(met()), sequence); }
    /// As of a record, with its size; null: it is no pair.
    const char* met() const { return is_pair ? reinterpret_cast<const char*>(this + 1) + size : nullptr; }
    Bytes row() const { return {reinterpret_cast<const char*>(this + 1), size}; }
    bool passes() const { return size > 0; }
    uint64_t bytes() const { return sizeof(RightRow) + size + pair_bytes(met()); }
    Bytes memory() const { return {reinterpret_cast<const char*>(this), bytes()}; }
  };
  /// Where right rows go on alone, the record that caused the row stands behind its fields: the bytes, then this.
  struct RightCause {
    uint64_t turn = 0;
    int64_t line = 0;
    uint32_t ordinal = 0;
    uint32_t fields = 0;  ///< size of the row's fields
  };
  struct Rows {
    RowList<LeftRow> left;                ///< by (time, turn, ordinal)
    RowList<RightRow> right;              ///< by place()
    ChangedIn changed = ChangedIn::none;  ///< some of them; then it is in `changed_`
  };
  using Entry = KeyTable<Rows>::Entry;
  /// A left row's place in the order; the row itself is found in the entry.
  struct Closing {
    int64_t time;
    uint64_t turn;
    uint32_t ordinal;
    uint64_t sequence;
    Entry* entry;

    auto place() const { return std::tuple(time, turn, ordinal, sequence); }
  };
  struct ByArrival {
    int64_t time(const Closing& closing) const { return closing.time; }
    bool before(const Closing& a, const Closing& b) const { return a.place() < b.place(); }
  };
  struct StoredLeft {
    LeftRow* row;
    std::string_view key;
  };
  struct StoredRight {
    RightRow* row;
    std::string_view key;
  };
  /// The part of the right row that a pair's output row has; `right` null: it has none.
  struct RightTime {
    int64_t time, watermark;
    const RightRow* right = nullptr;
  };
  struct SpanRange {
    int64_t first, last;
  };

  /// Pairs of stored left rows and right rows of the current block.
  struct PairBatch {
    std::vector<LeftRow*> lefts;
    std::vector<Entry*> entries;   ///< of the left rows
    std::vector<uint32_t> causes;  ///< the right row of each pair
    JoinPairs pairs;
    std::vector<RightTime> times;
    std::vector<RightRow*> rights;  ///< where right rows go on alone
    uint64_t filtered = 0;          ///< pairs so far

    void add(LeftRow* left, Entry* entry, const RightRow& right, Bytes fields, uint32_t cause) {
      pairs.add(static_cast<uint32_t>(lefts.size()), fields);
      lefts.push_back(left);
      entries.push_back(entry);
      causes.push_back(cause);
      times.push_back({right.time, right.watermark, &right});
    }
    void clear() {
      lefts.clear();
      entries.clear();
      causes.clear();
      pairs.clear();
      times.clear();
      rights.clear();
    }
  };

  void take_right(const Block& block, std::vector<Block>& out);
  void flush(PairBatch& batch, std::vector<Block>& out);
  template <bool kOuter>
  void flush_pairs(const Block& left, PairBatch& batch, std::vector<Block>& out);
  void take_left(const Block& block, std::vector<Block>& out);
  // interval_exists.cpp: semi and anti joins.
  void take_left_exists(const Block& block, std::vector<Block>& out);
  void flush_exists(const Block& left, PairBatch& batch, std::vector<Block>& out);
  /// Which rows of the block have a match that has come already.
  std::vector<bool> met_rows(const Block& block, const KeyBlock& keys);
  /// The row goes on, alone, or leaves.
  void decide_exists(const Block& block, uint32_t row, bool met, JoinPairs& going, std::vector<RightTime>& times);
  bool exists() const { return content_.shape.yield != JoinYield::matches; }
  /// The left row is held until its interval closes, or until it leaves.
  void keep_left(const Block& block, uint32_t row, const KeyBlock& keys, bool matched);
  // interval_ends.cpp: joins in which each left row computes its upper end.
  bool has_own_ends() const { return content_.upper_field >= 0; }
  /// Kept where other operators keep an arrival.
  static int64_t end_of(const LeftRow& row) { return row.held.arrival; }
  int64_t end_at(const Block& block, uint32_t row) const;
  /// No left row that is held is older; kEndTime: none is held.
  int64_t first_held() const;
  void take_nearest_ends(const Block& block, const KeyBlock& keys, std::vector<Block>& out);
  void take_right_ends(const Block& block, std::vector<Block>& out);
  void take_left_ends(const Block& block, std::vector<Block>& out);
  /// Of the left row and end at those places: all right rows that it meets so far.
  void add_candidates_before(uint32_t row, int64_t time, int64_t end, uint64_t hash, std::string_view key,
                             JoinPairs& pairs, std::vector<RightTime>& times);
  void keep_until(const Block& block, uint32_t row, const KeyBlock& keys, int64_t end, bool matched);
  std::optional<ReleasePoint> next_release_ends() const;
  uint64_t release_ends(const ReleasePoint& point, std::vector<Block>& out);
  void close_end(const Closing& closing, std::vector<HeldRow>& unmatched);
  /// Left rows before `before` have closed: by their ends.
  int64_t passed_ends() const { return edges[1].ended ? kEndTime : edges[1].finite; }
  void note_cold_end(int64_t end, uint64_t hash, std::string_view key) { note_cold(cold_ends_, end, hash, key); }
  void load_cold_ends(int64_t before) { load_cold(cold_ends_, before); }
  int64_t first_end() const { return first_of(closings_, cold_ends_); }
  void count_time(int64_t time) { ++times_held_[TimeQueue<Closing, ByArrival>::bucket_of(time)]; }
  void forget_time(int64_t time);
  void expect_end(Entry& entry, const LeftRow& row);
  // interval_outer.cpp: joins that keep right rows.
  bool is_outer() const { return content_.shape.right; }
  void take_right_outer(const Block& block, std::vector<Block>& out);
  /// Whether the right row lies in the range of the left one.
  bool reaches(const LeftRow& left, const RightRow& right) const;
  int64_t first_left_outer() const;
  int64_t first_right_outer() const;
  void load_outer(int64_t left_before, int64_t right_before);
  void take_left_outer(const Block& block, std::vector<Block>& out);
  /// Keys of right rows; those without one have a key that no left row has.
  KeyBlock outer_keys(const Block& block);
  static Bytes fields_of(const RightRow& row);
  static HeldRow held_of(const RightRow& row, uint64_t hash);
  /// The row has a match, or goes on without one.
  void settle(Entry& entry, RightRow& row);
  void expect_right(Entry& entry, const RightRow& row);
  /// Right rows before that time meet nothing more.
  int64_t passed_right() const;
  std::optional<ReleasePoint> next_release_outer();
  uint64_t release_outer(const ReleasePoint& point, std::vector<Block>& out);
  void close_right(const Closing& closing, std::vector<HeldRow>& unmatched);
  /// Left rows that go on alone, in the order of their ends where they have such.
  void settle_left(std::span<const HeldRow> rows, std::vector<Block>& out);
  void emit_right(std::span<const HeldRow> rows, std::vector<Block>& out);
  /// The first span that may have right rows in the store alone that are not decided.
  std::optional<int64_t> first_cold_right() const;
  void take_nearest(const Block& block, std::vector<Block>& out);
  void decide_nearest(const Block& block, const KeyBlock& keys, std::span<const uint32_t> rows,
                      std::vector<Block>& out);
  int64_t span_of(int64_t time) const { return span_us_ == INT64_MAX ? 0 : floor_divide(time, span_us_); }
  int64_t begin_of(int64_t span) const { return span_us_ == INT64_MAX ? kNoTime + 1 : span * span_us_; }
  int64_t end_of(int64_t span) const { return span_us_ == INT64_MAX ? kEndTime : add_time(begin_of(span), span_us_); }
  /// Asks the memory for the entries that the rows of the block meet, all at once.
  void prefetch(const Block& block, const KeyBlock& keys, bool right);
  /// Spans in which right rows lie that a left row at `time` may meet, and the other way round.
  SpanRange right_spans(int64_t time) const;
  SpanRange left_spans(int64_t time) const;
  /// Where right rows lie that would meet the same left row as one at `time`.
  SpanRange repeated_spans(int64_t time) const;
  /// Right rows of the entry within the interval of a left row at `time`.
  std::span<RightRow* const> candidates(const Entry& entry, int64_t time) const;
  /// Pairs of the row with all right rows in reach.
  void add_candidates(uint32_t row, int64_t time, uint64_t hash, std::string_view key, JoinPairs& pairs,
                      std::vector<RightTime>& times);
  LeftRow* make_left(const HeldRow& held, bool matched);
  /// A copy of the row. `met`: as of its record.
  RightRow* make_right(RightRow head, std::string_view row, std::string_view met);
  void add_right(Entry& entry, RightRow* row);
  void add_left(Entry& entry, LeftRow* row);
  void add_stored_left(Entry& entry, LeftRow* row);
  void add_stored_right(Entry& entry, RightRow* row);
  /// Memory that blocks of this turn may refer to.
  void drop_later(const LeftRow& row);
  void drop_now(const LeftRow& row);
  void mark(Entry& entry);
  /// Before a frozen row changes or leaves.
  void copy(const Entry& entry, LeftRow& row) {
    if (frozen_.holds(row.held.changed)) copy_frozen_row(entry, row);
  }
  void copy(const Entry& entry, RightRow& row) {
    if (frozen_.holds(row.changed)) copy_frozen_row(entry, row);
  }
  void copy_frozen_row(const Entry& entry, LeftRow& row);
  void copy_frozen_row(const Entry& entry, RightRow& row);
  void copy_frozen_rows(Entry& entry);
  /// Left rows before that time have closed.
  int64_t passed() const;
  uint64_t decide_waiting(int64_t before, std::vector<Block>& out);
  uint64_t close_before(int64_t time, std::vector<Block>& out);
  /// Without a bound in time all left rows close at the end of the right side, slice after slice.
  std::optional<ReleasePoint> next_slice();
  uint64_t close_slice(uint32_t slice, std::vector<Block>& out);
  /// The row leaves, and its state row.
  void close(const Closing& closing, std::vector<HeldRow>& unmatched);
  /// Left rows without a match, which wait no longer.
  void settle_alone(const Block& block, std::vector<Block>& out);
  /// `slice`: they are all that slice has, and slices come one after the other.
  void settle_unmatched(std::span<const HeldRow> unmatched, std::vector<Block>& out,
                        std::optional<uint32_t> slice = std::nullopt);
  void forget_right();
  void forget_cold_right(int64_t passed);
  void erase_if_empty(Entry& entry);
  void erase(Entry& entry);
  /// Brings cold rows back into memory that the rows of the block may match or share an entry with.
  Status warm(const Block& block, const KeyBlock& keys, bool right);
  Status load(uint64_t hash, std::string_view key, int64_t span);
  /// What these ranges have in both tables comes into memory while there is room for it, and is cold else.
  Status read(std::span<const UnreadRanges::Run> runs);
  Status take_stored_left(std::string_view key, std::string_view value);
  Status take_stored_right(std::string_view key, std::string_view value);
  bool stays_cold(uint64_t hash, std::string_view key, int64_t span);
  /// Counts a row that stays in the store.
  void leave_row(uint64_t hash, std::string_view key, int64_t span, bool with_left);
  /// The first span that may have left rows in the store alone.
  std::optional<int64_t> first_cold_left() const;
  /// All left rows of a span in those slices that are in the store alone, with the right rows beside them.
  Status load_span(int64_t span, uint32_t first_slice, uint32_t end_slice);
  /// Rows leave memory that are in the store, as they are there. Returns the bytes that became free.
  uint64_t evict(Entry& entry);
  void leave_cold(uint64_t hash, int64_t span, bool with_left);
  void count_back(int64_t span, bool with_left);
  /// Output rows of pairs: joined, with the later of both times.
  void emit(const Block& left, const JoinPairs& pairs, std::span<const RightTime> times, std::vector<Block>& out);
  /// Each row has a record of its own then, with the place of its right row.
  void name_pairs(Block& joined, std::span<const RightTime> times) const;
  /// Of a join that meets one: a right row that is kept and has the same key and within reach of the row's time.
  const RightRow* repeated(uint64_t hash, std::string_view key, int64_t time);
  void leave_repeated(const Block& block, uint32_t row, const RightRow& first);
  std::string partition_text(const RightRow& row) const;
  /// Left rows that have met their only match.
  void forget_matched(Entry& entry);
  /// Which rows of a block of the right side pass the filter; empty: all.
  std::vector<bool> passing(const Block& block);
  bool closed(int64_t left_time) const;
  /// Whether time closes intervals before the right side ends.
  bool closes_in_time() const { return closes_in_time_; }
  /// Whether right rows are ever forgotten.
  bool forgets() const { return content_.lower_us || content_.retain_us != INT64_MAX; }
  int64_t upper() const { return content_.upper_us ? *content_.upper_us : content_.retain_us; }
  /// Keys of state rows; they are valid until the next one is asked for.
  std::string_view left_key_of(const Entry& entry, const HeldRow& row);
  std::string_view right_key_of(const Entry& entry, const RightRow& row);
  Result<StoredLeft> read_left(std::string_view key, std::string_view value);
  Result<StoredRight> read_right(std::string_view key, std::string_view value);

  const IntervalJoinOperator& content_;
  JoinRows rows_;
  KeyFormat left_key_, right_key_;
  std::vector<Leaf> left_leaves_;
  StoredRows left_rows_;
  int64_t span_us_;
  int64_t reach_us_ = 0;         ///< how far right rows that meet one left row may lie apart, where spans are bounded
  std::string right_key_names_;  ///< for people
  bool makes_rows_;              ///< its rows have the derived ledger; not so of those that are one to one
  bool names_pairs_;             ///< its rows have the places of the right rows that they have met
  bool leaves_met_;              ///< a left row is done when it has met a match
  bool emits_alone_;             ///< left rows that met nothing go on
  bool closes_in_time_;          ///< time closes intervals, all of one length, before the right side ends
  BlobPool pool_;
  KeyTable<Rows> keys_{pool_};
  HeldRows waiting_;  ///< of `nearest`
  ColdTable cold_;
  std::map<int64_t, uint64_t> cold_spans_;       ///< entries in the store alone, by span; some may be counted twice
  std::map<int64_t, uint64_t> cold_left_spans_;  ///< of those, the ones with left rows
  uint64_t cold_rows_ = 0;
  uint64_t memory_ = UINT64_MAX;            ///< bytes from which on no rows come in that nobody wants
  std::string last_cold_;                   ///< the entry of the last row that was read and left in the store
  TimeQueue<Closing, ByArrival> closings_;  ///< of left rows that time closes, or that are about to close at the end
  /// Where left rows compute their ends: an end in each bucket of ends of the entries in the store alone.
  using ColdEntry = std::pair<uint64_t, std::string>;  ///< hash, key
  static uint64_t bytes_of(const ColdEntry& entry) { return sizeof(entry) + entry.second.size(); }
  struct ColdEnds {
    int64_t first = kEndTime;
    std::vector<ColdEntry> entries;
  };
  using ColdTimes = std::map<int64_t, ColdEnds>;
  void note_cold(ColdTimes& times, int64_t time, uint64_t hash, std::string_view key);
  void load_cold(ColdTimes& times, int64_t before);
  static int64_t first_of(const TimeQueue<Closing, ByArrival>& closings, const ColdTimes& cold) {
    const int64_t first = closings.empty() ? kEndTime : closings.first_time();
    return cold.empty() ? first : std::min(first, cold.begin()->second.first);
  }
  uint64_t cold_ends_bytes_ = 0;
  ColdTimes cold_ends_;
  ColdTimes cold_rights_;                         ///< there: the times of right rows that are not decided
  std::map<int64_t, uint64_t> times_held_;        ///< there: left rows that are held, by bucket of their time
  TimeQueue<Closing, ByArrival> right_closings_;  ///< of right rows that go on alone
  int64_t right_closed_to_ = kNoTime;             ///< right rows before that are decided
  ExpiryQueue<Entry> expiries_;                   ///< of right rows
  ChangedItems<Entry*> changed_;
  FrozenRows frozen_;
  StateBatch erased_;
  std::string key_bytes_;
  std::vector<int64_t> erased_right_spans_;
  /// Of a join with a single span: slices whose left rows have all left. The store has them until that is durable.
  enum class LeftRows : uint8_t { kept, gone, going };
  std::array<LeftRows, kSlices> left_of_slice_{};
  std::vector<std::vector<Entry*>> ending_;  ///< entries with left rows by slice, while all of them close
  uint32_t next_slice_ = 0;                  ///< of those
  std::vector<Entry*> loaded_;               ///< of those, the ones that came back from the store for it
  std::string scratch_;
  WireWriter held_, value_;  ///< of the last row that was copied
  uint64_t unstored_bytes_ = 0;
  size_t left_count_ = 0, right_count_ = 0;
  int64_t right_needed_from_ = kNoTime;  ///< right rows before that have been forgotten
  int64_t sealed_ = kNoTime;             ///< intervals closed up to there because the right side had ended
  int64_t sealed_left_ = kNoTime;        ///< right rows decided up to there because the left side had ended
  bool sealed_changed_ = false;
};

}  // namespace braid
