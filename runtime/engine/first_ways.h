// Of a record that reaches a product by several ways (a self-join, a union of two views of one source) the product
// counts what becomes of it on the first: the one that goes through left sides of joins and through what a union names
// first, seen from the end of the product's flow. That follows from the flow alone, and so neither from the order in
// which the steps run, which passes change, nor from what waits when. A plain value; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/abi/program.h"

namespace braid {

class FirstWays {
 public:
  /// Records of the relation are on another way to the product than the first.
  struct Other {
    int product;
    uint32_t relation;
    friend bool operator==(const Other&, const Other&) = default;
  };

  /// `program` may be a stage. The ways are those of the whole then, with the stage's numbers of relations.
  explicit FirstWays(const Program& program);
  /// Where they part: behind that input of the operator.
  const std::vector<Other>& others(int op, int input) const {
    return others_[static_cast<size_t>(op)][static_cast<size_t>(input)];
  }

 private:
  class Walk;
  /// [operator][input]
  using Others = std::vector<std::vector<std::vector<Other>>>;

  static Others of_whole(const Program& whole);

  Others others_;
};

}  // namespace braid
