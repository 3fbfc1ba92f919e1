// Operators without state: fused row-by-row steps, union, alert checks, publishing. See operator.h for their life.
#pragma once

#include "runtime/operators/operator.h"

namespace braid {

class RowsNode : public OperatorNode {
 public:
  explicit RowsNode(const Services& services);
  void take(int input, const Block& block, std::vector<Block>& out) override;

 private:
  const RowsOperator& content_;
  std::vector<Leaf> leaves_;
};

class UnionNode : public OperatorNode {
 public:
  using OperatorNode::OperatorNode;
  void take(int input, const Block& block, std::vector<Block>& out) override;
};

class AlertNode : public OperatorNode {
 public:
  explicit AlertNode(const Services& services);
  void take(int input, const Block& block, std::vector<Block>& out) override;

 private:
  const AlertOperator& content_;
};

/// Its rows go to the product's output; the engine passes them to readers of the product under new records.
class PublishNode : public OperatorNode {
 public:
  using OperatorNode::OperatorNode;
  void take(int input, const Block& block, std::vector<Block>& out) override;
};

}  // namespace braid
