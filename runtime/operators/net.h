// What the changes of one key in a turn come to: one row with its RowChange, or none if the row behind the turn is the
// one before it. In the order of the rows that changed the keys first.
//
// Rows wait for the end of the turn; nothing is kept beyond it. One thread.
#pragma once

#include <string>
#include <vector>

#include "runtime/data/row_change.h"
#include "runtime/operators/changes_node.h"
#include "runtime/state/key_format.h"
#include "runtime/state/stored_rows.h"

namespace braid {

class NetNode : public OperatorNode {
 public:
  explicit NetNode(const Services& services);
  void take(int input, const Block& block, std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override;
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;

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
  Side side_of(const Block& block, const Block& target, uint32_t row);
  void put_out(size_t end, std::vector<Block>& out);

  const NetOperator& content_;
  KeyFormat key_;
  StoredRows stored_;
  std::vector<Leaf> leaves_;
  uint32_t retracted_column_;
  Arena turn_;  ///< what `changes_`, and the blocks that are out, refer to
  std::vector<Change> changes_;
  std::vector<uint32_t> slots_;  ///< of `changes_`, plus one, by their hash; a power of two of them
  size_t next_ = 0;              ///< to be put out
  std::string scratch_;
};

}  // namespace braid
