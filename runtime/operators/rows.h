// Operators without state: fused row-by-row steps, union, alert checks, publishing. See operator.h for their life.
#pragma once

#include "runtime/operators/operator.h"

namespace braid {

class RowsNode : public OperatorNode {
 public:
  /// What the step makes of a block: neither state nor order nor accounts have a part in it.
  struct Made {
    KernelResult result;
    Block rows;
  };

  explicit RowsNode(const Services& services);
  void take(int input, const Block& block, std::vector<Block>& out) override;
  /// Before the block's turn and on any thread: the block has no watermarks yet. Memory is the arena's and the call's.
  Made make(const Block& block, Arena& arena, CallContext& call) const;
  /// Takes a block of which `made` was made before its turn.
  void take_made(int input, const Block& block, Made made, std::vector<Block>& out);

 private:
  void settle(int input, const Block& block, Made made, std::vector<Block>& out);

  const RowsOperator& content_;
  std::vector<Leaf> leaves_;
};

/// Records beside rows that a step has made are used here, and go on as such rows: behind it all have one ledger. Made
/// rows of several steps have the number of their way from here on (product_places.h).
class UnionNode : public OperatorNode {
 public:
  explicit UnionNode(const Services& services);
  void take(int input, const Block& block, std::vector<Block>& out) override;

 private:
  Block numbered(const Block& block, uint32_t first) const;

  std::vector<bool> becomes_made_;    ///< of each input
  std::vector<uint32_t> first_ways_;  ///< of each input: the number of its first way, if made rows come by it
};

class AlertNode : public OperatorNode {
 public:
  explicit AlertNode(const Services& services);
  void take(int input, const Block& block, std::vector<Block>& out) override;

 private:
  const AlertOperator& content_;
};

class SendNode : public OperatorNode {
 public:
  using OperatorNode::OperatorNode;
  void take(int input, const Block& block, std::vector<Block>& out) override;
};

/// Its rows go to the product's output; the engine passes them to readers of the product under new records.
class PublishNode : public OperatorNode {
 public:
  using OperatorNode::OperatorNode;
  void take(int input, const Block& block, std::vector<Block>& out) override;
};

}  // namespace braid
