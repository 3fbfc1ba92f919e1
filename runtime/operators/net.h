// What the changes of one key in a turn come to: one row with its RowChange, or none if the row behind the turn is the
// one before it. In the order of the rows that changed the keys first.
//
// Rows wait for the end of the turn, unless the program shows that they are net but for their pairs
// (paired_changes.h). Nothing is kept beyond it, unless the changes of a key come from several tasks: then the rows
// that stand are. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/data/row_change.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/paired_changes.h"
#include "runtime/operators/standing_rows.h"
#include "runtime/state/key_format.h"
#include "runtime/state/stored_rows.h"

namespace braid {

class NetNode : public OperatorNode {
 public:
  explicit NetNode(const Services& services);
  void begin_round() override;
  void take(int input, const Block& block, std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override;
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override;
  void take_frozen(StateBatch& batch) override;
  void committed() override;
  Status restore(StateStore& store, uint64_t memory) override;
  void read_ahead() override;
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;

 private:
  struct Side {
    Bytes row = {nullptr, 0};  ///< no data: none
    int64_t time = 0;
    Record record;  ///< its bytes are the arena's
  };
  struct Change {
    uint64_t hash;
    Bytes key;
    Side before, now;
  };
  /// The change of the key in this turn; a new one has neither side.
  Change& change_of(uint64_t hash, std::string_view key);
  Side side_of(const Block& block, const Block& target, uint32_t row);
  bool goes_again(Change& change, const Side& side);
  /// As it is now, in the memory of the turn.
  Bytes standing_row(const Change& change);
  void note_standing(Change& change, Side side, bool goes);
  void put_out(size_t end, std::vector<Block>& out);
  void place_by_key(Record& record, uint64_t hash) const;
  /// The blocks from there on.
  void count_made(const std::vector<Block>& out, size_t first);
  /// What stands behind the RowChange of a row that goes out.
  void put_whole(Block& block, uint32_t row, Bytes before, int64_t time);

  const NetOperator& content_;
  KeyFormat key_;
  StoredRows stored_;
  std::vector<Leaf> leaves_;
  uint32_t retracted_column_;
  Arena turn_;  ///< what `changes_`, and the blocks that are out, refer to
  std::vector<Change> changes_;
  std::vector<uint32_t> slots_;  ///< of `changes_`, plus one, by their hash; a power of two of them
  /// Rows that came in this turn before another one of their key did, with the key: what takes their place is not known
  /// yet to go.
  std::vector<std::pair<Bytes, Side>> others_;
  size_t next_ = 0;  ///< to be put out
  std::string scratch_;
  Bytes last_bytes_ = {nullptr, 0}, last_copy_ = {nullptr, 0};  ///< of a record in the block at hand, and in `turn_`
  std::unique_ptr<StandingRows> standing_;                      ///< null: the changes of a key come in order
  std::unique_ptr<PairedChanges> paired_;                       ///< null: a key may change several times in a turn
};

}  // namespace braid
