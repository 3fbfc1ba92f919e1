// Stream joined with stream: the right row's time minus the left row's lies in a range. A record that is on both sides
// enters right first, so `0s` meets itself.
//
// Plain: each pair goes out when its second row comes; a left row that met nothing is settled once, when its interval
// has closed. `nearest`: each left row waits until its interval has closed and then takes its nearest match (tie: the
// earlier, then by position). `within any` keeps rows for `retain`.
//
// Stored as timed rows: left, right and waiting rows by their time.
#pragma once

#include <queue>

#include "runtime/operators/held_rows.h"
#include "runtime/operators/join_rows.h"
#include "runtime/state/key_format.h"
#include "runtime/state/key_table.h"

namespace braid {

class IntervalJoinNode : public OperatorNode {
 public:
  explicit IntervalJoinNode(const Services& services);
  void begin_turn() override;
  void take(int input, const Block& block, std::vector<Block>& out) override;
  void advance(std::vector<Block>& out) override;
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override;
  void collect(StateBatch& batch) override;
  Status restore(StateStore& store) override;
  StateSize state_size() const override { return {left_count_ + right_count_ + waiting_.size(), pool_.bytes_used()}; }
  int64_t sealed() const override { return sealed_; }
  void seal(int64_t time) override;

 private:
  static constexpr uint32_t kLeftTable = 0;
  static constexpr uint32_t kRightTable = 1;
  static constexpr uint32_t kWaitingTable = 2;
  static constexpr uint32_t kSealedTable = 3;

  struct LeftRow {
    HeldRow held;
    bool matched = false;
    bool dirty = false;  ///< its state row, if any, is out of date
  };
  struct RightRow {
    int64_t time = 0;
    int64_t watermark = 0;
    uint32_t source = 0, partition = 0;
    int64_t position = 0;
    uint64_t sequence = 0;  ///< of rows that one record caused
    Bytes row = {nullptr, 0};
    bool stored = false;
  };
  struct Rows {
    std::vector<LeftRow> left;    ///< by (time, turn, ordinal)
    std::vector<RightRow> right;  ///< by (time, source, partition, position)
    bool changed = false;         ///< in `changed_` already
  };
  using Entry = KeyTable<Rows>::Entry;
  struct Closing {
    HeldRow held;  ///< its place in the order; the row itself is found in the entry
    Entry* entry;
  };
  struct ClosesLater {
    bool operator()(const Closing& a, const Closing& b) const { return before_by_arrival(b.held, a.held); }
  };
  struct Expiry {
    int64_t time;
    Entry* entry;
    uint64_t hash;
  };
  struct ExpiresLater {
    bool operator()(const Expiry& a, const Expiry& b) const { return a.time > b.time; }
  };
  /// What a pair's output row takes from its right row.
  struct RightTime {
    int64_t time, watermark;
  };

  void take_right(const Block& block, std::vector<Block>& out);
  void take_left(const Block& block, std::vector<Block>& out);
  void take_nearest(const Block& block, std::vector<Block>& out);
  void decide_nearest(const Block& block, const KeyBlock& keys, std::span<const uint32_t> rows,
                      std::vector<Block>& out);
  /// Right rows of the entry within the interval of a left row at `time`.
  std::span<RightRow> candidates(Entry& entry, int64_t time) const;
  void add_right(Entry& entry, RightRow row);
  void add_left(Entry& entry, LeftRow row);
  void mark(Entry& entry);
  void close_left(std::vector<Block>& out);
  void forget_right();
  void erase_if_empty(Entry& entry);
  /// Output rows of pairs: joined, with the later of both times.
  void emit(const Block& left, const JoinPairs& pairs, std::span<const RightTime> times, std::vector<Block>& out);
  void reject_pair(const Block& left, uint32_t row, Bytes right, const Drop& drop);
  bool closed(int64_t left_time) const;
  int64_t upper() const { return content_.upper_us ? *content_.upper_us : content_.retain_us; }
  std::string right_key_bytes(const Entry& entry, const RightRow& row) const;

  const IntervalJoinOperator& content_;
  JoinRows rows_;
  KeyFormat left_key_, right_key_;
  std::vector<Leaf> left_leaves_;
  StoredRows left_rows_;
  bool makes_rows_;  ///< its rows have the derived ledger; not so of `nearest`, which is one to one
  BlobPool pool_;
  KeyTable<Rows> keys_{pool_};
  HeldRows waiting_;  ///< of `nearest`
  std::priority_queue<Closing, std::vector<Closing>, ClosesLater> closings_;
  std::priority_queue<Expiry, std::vector<Expiry>, ExpiresLater> expiries_;
  std::vector<Entry*> changed_;
  std::vector<std::string> erased_;
  size_t left_count_ = 0, right_count_ = 0;
  int64_t sealed_ = kNoTime;  ///< intervals closed up to there because the right side had ended
  bool sealed_changed_ = false;
};

}  // namespace braid
