// Rows of a port, read as a relation. The rows come from the dispositions, which have them from steps of the product
// before this one (runtime/engine/dispositions.h); the engine hands them on. The step has no state.
#pragma once

#include "runtime/operators/operator.h"

namespace braid {

class PortNode : public OperatorNode {
 public:
  using OperatorNode::OperatorNode;
  /// Published rows only order the steps.
  void take(int, const Block&, std::vector<Block>&) override {}
};

}  // namespace braid
