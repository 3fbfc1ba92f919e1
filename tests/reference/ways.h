// Records that reach a product by several ways: which of them is the first, by the checked plan. Private to this
// folder.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "compiler/plan/plan.h"

namespace braid::reference {

class Ways {
 public:
  /// Relations have the numbers of Cause::relation; the products' are behind those of the `sources` sources.
  Ways(const plan::Plan& plan, size_t sources);

  /// To which products records of the relation are on another way than the first, once that input has taken them.
  const std::set<int>& others(int node, int which, uint32_t relation) const;
  bool part(int node, int which) const { return others_.contains({node, which}); }

 private:
  /// A node, and which of its inputs.
  using Edge = std::pair<int, int>;

  /// From `node` back to what it reads, the left side of a join before the right one and what a union names in its
  /// order. `way`: from there to the product.
  void find(int node, std::vector<Edge>& way, std::set<int>& seen, std::map<uint32_t, std::set<Edge>>& ways) const;

  const plan::Plan& plan_;
  size_t sources_;
  std::map<Edge, std::map<uint32_t, std::set<int>>> others_;
};

}  // namespace braid::reference
