// What promises of products are measured by: rows of theirs that readers can see, and the state of their steps.
#include <algorithm>

#include "runtime/engine/turn_engine.h"

namespace braid {

void TurnEngine::watch_promises() {
  dispositions_.watch_promises();
}

EdgeTime TurnEngine::time_of_product(int product) const {
  for (size_t op = 0; op < program_.operators.size(); ++op)
    if (const auto* publish = std::get_if<PublishOperator>(&program_.operators[op].content))
      if (publish->product == product) return times_[op];
  return {};
}

void TurnEngine::freeze_published() {
  const auto& published = dispositions_.published();
  for (size_t product = 0; product < published.size(); ++product)
    if (published[product]) published[product]->freeze(time_of_product(static_cast<int>(product)));
}

void TurnEngine::show_published(int64_t now) {
  for (const auto& published : dispositions_.published())
    if (published) published->show(now);
}

std::vector<PromiseCounts> TurnEngine::promise_counts(int product) const {
  const auto& published = dispositions_.published();
  if (published.empty() || !published[static_cast<size_t>(product)]) return {};
  return published[static_cast<size_t>(product)]->counts(time_of_product(product));
}

StateSize TurnEngine::state_size(int product) const {
  StateSize sum;
  for (size_t op = 0; op < nodes_.size(); ++op)
    if (nodes_[op] &&
        std::ranges::find(program_.operators[op].products, product) != program_.operators[op].products.end())
      sum += nodes_[op]->state_size();
  return sum;
}

void TurnEngine::tell(const PromiseChange& change) {
  begin_turn();
  ++turn_;
  dispositions_.tell(change, turn_);
  release();
}

}  // namespace braid
