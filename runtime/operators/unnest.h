// A row for each element of a list, in the order of the list. The rows have the time, the watermark and the record of
// the row they come from; where order matters among them, it is that of the list. The step has no state.
#pragma once

#include <vector>

#include "runtime/operators/operator.h"

namespace braid {

class UnnestNode : public OperatorNode {
 public:
  explicit UnnestNode(const Services& services);
  void take(int input, const Block& block, std::vector<Block>& out) override;

 private:
  /// The list of a row; without items where it is null.
  List list_of(const Block& block, uint32_t row) const;
  /// A block of the rows `from`, each with the element `elements` points at; null: it has none.
  Block make(const Block& block, std::span<const uint32_t> from, std::span<const Slot* const> elements);

  const UnnestOperator& content_;
  std::vector<Leaf> leaves_;         ///< of the output row
  std::vector<Leaf> before_leaves_;  ///< of the fields before the element
  uint32_t list_column_ = 0;         ///< the leaf of the list itself
  bool optional_list_ = false;       ///< the leaf before it says whether there is one
};

}  // namespace braid
