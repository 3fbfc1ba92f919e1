// `match per k within d { … }`: rows wait until time has passed them, then each goes to the open matches of its key, in
// the order of (time, partition, position). A match goes out with the row that completes it, or when its time is over.
//
// Conditions on the row at hand alone are fields of the input. The others are one kernel over the row and the rows that
// a match has so far, of all open matches of the key at once.
//
// State: the waiting rows; of each key with open matches these and their rows, with a timer for the end of the first.
// One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/operators/held_rows.h"
#include "runtime/operators/key_timers.h"
#include "runtime/operators/keyed_rows.h"
#include "runtime/operators/match_pattern.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/sealed_time.h"
#include "runtime/state/stored_rows.h"

namespace braid {

class MatchNode : public OperatorNode {
 public:
  explicit MatchNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override {
    return pattern_.holds_time_back() ? inputs[0].minus(content_.within_us) : inputs[0];
  }
  std::optional<ReleasePoint> next_release() override;
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override;
  void take_frozen(StateBatch& batch) override;
  void committed() override { keys_.committed(); }
  Status restore(StateStore& store, uint64_t memory) override;
  void read_ahead() override { note(keys_.read_ahead(services_.read_ahead.ranges)); }
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;
  int64_t sealed() const override { return sealed_.time(); }
  void seal(int64_t time) override { sealed_.seal(time); }

 private:
  static constexpr uint32_t kWaitingTable = 0;
  static constexpr uint32_t kKeyTable = 1;
  static constexpr uint32_t kTimerTable = 2;
  static constexpr uint32_t kSealedTable = 3;

  /// Zeroed memory: a key without matches.
  struct Value {
    OpenMatches* matches;  ///< owned
    int64_t due;           ///< the deadline of the first
    int64_t stored_at;
    uint64_t bytes;                ///< that it is charged with
    uint64_t counted, counted_in;  ///< of changed_bytes_, in that epoch
  };
  /// match_state.cpp
  class Values : public KeyedRows::Values {
   public:
    explicit Values(MatchNode& node) : node_(node) {}
    uint64_t size() const override { return sizeof(Value); }
    void store(char* value, WireWriter& out, const PutPart& put) override;
    bool load(WireReader& in, char* value) override;
    int64_t due(const char* value) const override { return reinterpret_cast<const Value*>(value)->due; }
    int64_t& stored_at(char* value) override { return reinterpret_cast<Value*>(value)->stored_at; }
    void loaded(RowHandle row, char* value) override;
    void end(char* value) override;

   private:
    MatchNode& node_;
  };
  /// A match on its way out, and what it is ordered by.
  struct Made {
    int64_t moment;  ///< of the row that completes it, or its deadline
    uint64_t hash;
    std::string key;
    size_t place;  ///< among the matches of a key
    int64_t time, begin;
    std::vector<uint32_t> counts;
    std::vector<Bytes> rows;  ///< the pool's, until this round ends
  };

  Value& value(RowHandle row) const { return *reinterpret_cast<Value*>(keys_.value(row)); }
  void process(const Block& block);
  void process_row(const Block& block, uint32_t row, uint64_t hash, std::string_view key);
  MatchPattern::Mask fits(const Block& block, uint32_t row) const;
  /// Which elements the row is one of, for each open match and for one that it would begin (at the end). False: a
  /// condition has failed, and the row is rejected.
  bool ask(const Block& block, uint32_t row, MatchPattern::Mask fits, const OpenMatches& matches,
           std::vector<MatchPattern::Mask>& holds);
  /// The row, once for each of `asked` of the open matches, behind it what they have so far, and what they are asked.
  Block asked_block(const Block& block, uint32_t row, const OpenMatches& matches,
                    std::span<const MatchPattern::Mask> asked, std::span<const size_t> of);
  void put_element(const MatchOperator::Element& element, std::span<const Bytes> rows, const Block& block,
                   size_t column, uint32_t row, Arena& arena);
  void expire(RowHandle row, int64_t time);
  void go_out(RowHandle row, int64_t moment);
  /// Behind changes of the key's matches: rows that none has go, and the timer is set.
  void settle(RowHandle row);
  void charge(Value& value);
  void expire_due(int64_t limit);
  void put_out(std::vector<Block>& out);
  Block block_of(std::span<const Made> made);

  const MatchOperator& content_;
  MatchPattern pattern_;
  KeyFormat key_;
  std::vector<Leaf> input_leaves_;
  std::vector<Leaf> leaves_;
  std::vector<size_t> element_columns_;  ///< of the input, in the order of the leaves of an element's row
  std::vector<Leaf> element_leaves_;
  StoredRows input_rows_;
  StoredRows element_rows_;
  MatchPattern::Mask conditions_ = 0;  ///< elements that the kernel is asked for
  std::vector<int> fit_columns_;       ///< of each element; −1: each row fits
  size_t output_keys_ = 0;             ///< leaves of the keys in the output row
  std::vector<Leaf> asked_leaves_;
  std::vector<Leaf> held_leaves_;  ///< what the kernel gives

  BlobPool pool_;
  HeldRows waiting_;
  Values values_{*this};
  KeyedRows keys_;
  KeyTimers timers_;
  uint64_t changed_bytes_ = 0;  ///< of matches, since the last freeze
  uint64_t freezes_ = 1;

  // Of a release.
  std::vector<HeldRow> released_;
  std::vector<Made> made_;
  std::vector<KeyTimer> due_;
  Arena scratch_;  ///< of one row
  std::vector<MatchPattern::Done> done_;
  std::vector<MatchPattern::Mask> holds_;
  std::string row_bytes_;

  SealedTime sealed_{table(kSealedTable)};  ///< rows up to here are late, because all inputs had ended
  StateBatch sealed_batch_;                 ///< frozen
};

}  // namespace braid
