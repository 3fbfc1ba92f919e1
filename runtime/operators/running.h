// `running per k`: rows wait until time has passed them, then each is added to the aggregates of its key in the order
// of (time, source, partition, position), and goes on with what they are then. With `over`, rows that are out of range
// are taken out before. A key is forgotten when its last row is `over` or `retain` ago: at the latest when its next row
// comes, so that it does not depend on when time lets it go.
//
// State: the rows that wait; of each key the aggregates, or with `over` the rows that they are of. One thread.
#pragma once

#include <vector>

#include "runtime/operators/group_state.h"
#include "runtime/operators/held_rows.h"
#include "runtime/operators/keyed_rows.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/running_rows.h"
#include "runtime/operators/sealed_time.h"
#include "runtime/state/stored_rows.h"

namespace braid {

class RunningNode : public OperatorNode {
 public:
  explicit RunningNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override { return waiting_.next_release(edges[0].value()); }
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override { return waiting_.copy_frozen(budget) && keys_.copy_frozen(budget); }
  void take_frozen(StateBatch& batch) override;
  void committed() override { keys_.committed(); }
  Status restore(StateStore& store, uint64_t memory) override;
  void read_ahead() override;
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;
  int64_t sealed() const override { return sealed_.time(); }
  void seal(int64_t time) override { sealed_.seal(time); }

 private:
  static constexpr uint32_t kWaitingTable = 0;
  static constexpr uint32_t kKeyTable = 1;
  static constexpr uint32_t kPartTable = 2;
  static constexpr uint32_t kSealedTable = 3;

  /// In front of the aggregates of the rows before, then those of the rows up to this one.
  struct Head {
    int64_t last;       ///< time of the last row
    int64_t count;      ///< rows so far
    RunningRows* rows;  ///< with `over`
    int64_t awaited;    ///< the end that is in the queue; kNoTime: none is
    uint64_t known;     ///< the value is one
  };
  class Keys : public KeyedRows::Values {
   public:
    explicit Keys(RunningNode& node) : node_(node) {}
    uint64_t size() const override { return node_.value_size_; }
    uint64_t alignment() const override { return 16; }
    void store(char* value, WireWriter& out, const PutPart& put) override;
    bool load(WireReader& in, char* value) override;
    std::vector<uint32_t> parts(char* value) override;
    uint32_t first_part(char* value) override;
    bool load_part(uint16_t set, std::string_view bytes, char* value) override;
    void loaded(RowHandle row, char* value) override { node_.await_end(row, node_.head(value)); }
    void end(char* value) override;

   private:
    RunningNode& node_;
  };
  struct End {
    int64_t time;
    uint64_t hash;
    RowHandle row;
    bool operator<(const End& other) const { return time > other.time; }  // the earliest in front of a heap
  };

  Head& head(char* value) const { return *reinterpret_cast<Head*>(value); }
  bool has_range() const { return content_.rows > 0 || content_.within_us > 0; }
  /// How long a key is known after its last row.
  int64_t length() const { return content_.within_us > 0 ? content_.within_us : content_.retain_us; }
  bool has_ended(int64_t last, int64_t time) const { return length() != INT64_MAX && add_time(last, length()) <= time; }
  void await_end(RowHandle row, Head& head);
  void forget_before(int64_t watermark);

  void fold(const Block& block, std::vector<Block>& out);
  /// The value of the row's key, as of its time.
  char* key_at(const KeyBlock& keys, uint32_t row, int64_t time);
  /// What is out of range for a row of that time leaves.
  void take_out(char* value, int64_t time);
  void take_out_first(char* value);
  void add(const Block& arguments, uint32_t row, char* value);
  /// The columns of the arguments, as a block whose rows have their number within the key as position.
  Block arguments_of(const Block& block, Record* numbered);
  bool rebuild(char* value);

  const RunningOperator& content_;
  KeyFormat key_;
  std::vector<Field> arguments_row_;
  std::vector<uint32_t> argument_columns_;  ///< of the input row, for each leaf of that row
  std::vector<AggregateSpec> specs_;        ///< over it
  std::vector<Leaf> leaves_, argument_leaves_;
  uint32_t carried_;  ///< leaves of the input row that go on
  StoredRows rows_of_input_, stored_arguments_;
  GroupState before_, upto_;
  size_t before_offset_, upto_offset_, value_size_;
  BlobPool pool_;
  HeldRows waiting_;
  Keys values_;
  KeyedRows keys_;
  std::vector<End> ends_;    ///< a heap
  uint64_t news_bytes_ = 0;  ///< of rows and sets, since the last freeze
  std::vector<HeldRow> released_;
  Arena scratch_;                           ///< of a row that is taken out, or comes back
  SealedTime sealed_{table(kSealedTable)};  ///< rows up to here have gone on because all inputs had ended
  StateBatch sealed_batch_;
};

}  // namespace braid
