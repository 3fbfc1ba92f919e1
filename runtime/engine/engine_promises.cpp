// What promises are measured by: rows of products that readers can see, rows of sources that were read, and the state
// of steps.
#include <algorithm>

#include "runtime/engine/turn_engine.h"

namespace braid {

void TurnEngine::watch_promises() {
  std::vector<int64_t> newest;
  for (const std::vector<PartitionClock>& partitions : clocks_) {
    newest.push_back(kNoTime);
    for (const PartitionClock& clock : partitions) newest.back() = std::max(newest.back(), clock.newest);
  }
  dispositions_.watch_promises(newest);
}

EdgeTime TurnEngine::time_of_product(int product) const {
  for (size_t op = 0; op < program_.operators.size(); ++op)
    if (const auto* publish = std::get_if<PublishOperator>(&program_.operators[op].content))
      if (publish->product == product) return times_[op];
  return {};
}

EdgeTime TurnEngine::time_of_source(int source) const {
  EdgeTime time;
  for (const PartitionClock& clock : clocks_[static_cast<size_t>(source)]) time = time + EdgeTime::of(clock);
  return time;
}

void TurnEngine::freeze_published() {
  const auto& published = dispositions_.published();
  for (size_t product = 0; product < published.size(); ++product)
    if (published[product]) published[product]->freeze(time_of_product(static_cast<int>(product)));
  const auto& arrived = dispositions_.arrived();
  for (size_t source = 0; source < arrived.size(); ++source)
    if (arrived[source]) arrived[source]->freeze(time_of_source(static_cast<int>(source)));
}

void TurnEngine::show_published(int64_t now) {
  for (const auto* watched : {&dispositions_.published(), &dispositions_.arrived()})
    for (const auto& rows : *watched)
      if (rows) rows->show(now);
}

std::vector<PromiseCounts> TurnEngine::promise_counts(int product) const {
  const auto& published = dispositions_.published();
  if (published.empty() || !published[static_cast<size_t>(product)]) return {};
  return published[static_cast<size_t>(product)]->counts(time_of_product(product));
}

std::vector<PromiseCounts> TurnEngine::source_counts(int source) const {
  const auto& arrived = dispositions_.arrived();
  if (arrived.empty() || !arrived[static_cast<size_t>(source)] || source_operators_[static_cast<size_t>(source)] < 0)
    return {};
  return arrived[static_cast<size_t>(source)]->counts(time_of_source(source));
}

std::vector<PromiseCounts> TurnEngine::volume_counts(VolumeRows rows) const {
  std::vector<PromiseCounts> made;
  const auto add = [&](const std::vector<std::unique_ptr<PublishedRows>>& watched, size_t relation,
                       const std::vector<PromiseSpec>& promises, const EdgeTime& time, bool is_here) {
    if (promises.empty() || relation >= watched.size() || !watched[relation]) return;
    std::vector<PromiseCounts> visible;
    if (rows == VolumeRows::visible) visible = watched[relation]->counts(time);
    for (size_t i = 0; i < promises.size(); ++i) {
      if (promises[i].rule != PromiseSpec::Rule::volume) continue;
      made.push_back(visible.empty() ? watched[relation]->frozen_periods(i) : std::move(visible[i]));
      // Rows of another stage are none of this one's, and nothing here holds their time back.
      if (!is_here) made.back().watermark = kEndTime, made.back().from = kNoTime;
    }
  };
  for (size_t product = 0; product < program_.products.size(); ++product)
    add(dispositions_.published(), product, program_.products[product].promises,
        time_of_product(static_cast<int>(product)), makes(static_cast<int>(product)));
  for (size_t source = 0; source < program_.sources.size(); ++source)
    add(dispositions_.arrived(), source, program_.sources[source].promises, time_of_source(static_cast<int>(source)),
        source_operators_[source] >= 0);
  return made;
}

bool TurnEngine::makes(int product) const {
  return std::ranges::any_of(program_.operators, [&](const Operator& op) {
    const auto* publish = std::get_if<PublishOperator>(&op.content);
    return publish != nullptr && publish->product == product;
  });
}

void TurnEngine::restore_volumes(const std::vector<PromiseCounts>& counts) {
  if (dispositions_.published().empty()) return;
  size_t next = 0;
  const auto restore = [&](const std::vector<std::unique_ptr<PublishedRows>>& watched, size_t relation,
                           const std::vector<PromiseSpec>& promises) {
    for (size_t i = 0; i < promises.size(); ++i)
      if (promises[i].rule == PromiseSpec::Rule::volume && next < counts.size())
        watched[relation]->restore_periods(i, counts[next++]);
  };
  for (size_t product = 0; product < program_.products.size(); ++product)
    restore(dispositions_.published(), product, program_.products[product].promises);
  for (size_t source = 0; source < program_.sources.size(); ++source)
    restore(dispositions_.arrived(), source, program_.sources[source].promises);
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
