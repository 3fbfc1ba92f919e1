// Versions of a table on their way to a join by other columns than the table's key. The join keeps a version with those
// of equal columns, by key, so it does not see that a key has got other values there, nor, over a broker, is it in the
// task that has them. Here the columns of each key's versions are known: where a version, and the one before or behind
// it in time, differ in them, a row beside it ends the key where it was, or will be, no longer.
//
// Each row goes on, marked as Move::version, with the time from which it is valid as its watermark; one that another
// version of the same time takes the place of, as the end of its key. So no order of arrival changes what a key is at a
// time. The rows beside it have its record and are not counted.
//
// State: of each key's versions the columns, as Versions. One thread.
#pragma once

#include "runtime/data/row_change.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/versions.h"
#include "runtime/state/key_format.h"

namespace braid {

class MovesNode : public OperatorNode {
 public:
  explicit MovesNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;
  void freeze() override { versions_.freeze(); }
  bool copy_frozen(CopyBudget& budget) override { return versions_.copy_frozen(budget); }
  void take_frozen(StateBatch& batch) override { versions_.take_frozen(batch); }
  void committed() override { versions_.committed(); }
  Status restore(StateStore& store, uint64_t memory) override { return versions_.restore(store, memory); }
  void read_ahead() override { note(versions_.read_ahead()); }
  Status evict(uint64_t bytes) override { return versions_.evict(bytes); }
  StateSize state_size() const override;

 private:
  /// A row to put out: that of the block, or one beside it with other columns.
  struct Made {
    uint32_t row;
    Move move;
    int64_t from;   ///< valid from then on
    Bytes columns;  ///< of another version; no data: those of the row
    bool ends;
  };
  /// Where a version meets another: its columns are compared with the row's once all rows have been seen.
  struct Beside {
    uint32_t row;
    Move move;
    int64_t from;
    Bytes columns;    ///< of the other version
    bool ends_other;  ///< the row beside ends the key in the columns of the other version, else in those of the row
  };
  /// The columns of these, as keys.
  KeyBlock keys_of(const std::vector<Beside>& beside);
  void put_out(const Block& block, const std::vector<Made>& made, std::vector<Block>& out);

  const MovesOperator& content_;
  KeyFormat table_key_, columns_;  ///< over the row
  std::vector<Leaf> leaves_;       ///< of the row
  std::vector<Leaf> column_leaves_;
  KeyFormat stored_columns_;  ///< over a row of the columns alone
  StoredRows rows_;
  size_t first_column_;  ///< leaf
  BlobPool pool_;
  Versions versions_;
};

}  // namespace braid
