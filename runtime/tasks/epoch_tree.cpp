#include "runtime/tasks/epoch_tree.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace braid {

bool EpochPath::has(const EpochChain& epoch) const {
  return epoch.epoch <= last_ && last_ - epoch.epoch < digests_.size() && digests_[last_ - epoch.epoch] == epoch.digest;
}

void EpochTree::add(const EpochRecord& record) {
  const EpochChain after = record.after();
  epochs_.push_back({after.epoch, after.digest, record.before.digest});
  is_sorted_ = false;
  for (const EpochEvent& event : record.events)
    if (event.kind == EpochEvent::Kind::erased) erasures_.push_back({after, event.name});
}

const EpochTree::Erasure* EpochTree::last_erasure(const EpochPath& path) const {
  const Erasure* last = nullptr;
  for (const Erasure& each : erasures_)
    if (path.has(each.at) && (last == nullptr || each.at.epoch >= last->at.epoch)) last = &each;
  return last;
}

const EpochTree::Epoch* EpochTree::find(const EpochChain& epoch) const {
  const auto less = [](const Epoch& one, const Epoch& other) {
    return std::tie(one.number, one.digest) < std::tie(other.number, other.digest);
  };
  if (!std::exchange(is_sorted_, true)) std::ranges::sort(epochs_, less);
  const auto found = std::ranges::lower_bound(epochs_, Epoch{epoch.epoch, epoch.digest, 0}, less);
  return found != epochs_.end() && found->number == epoch.epoch && found->digest == epoch.digest ? &*found : nullptr;
}

uint64_t EpochTree::first() const {
  return epochs_.empty() ? 0 : std::ranges::min(epochs_, {}, &Epoch::number).number;
}

EpochPath EpochTree::path_to(const EpochChain& last) const {
  EpochPath path;
  path.last_ = last.epoch;
  for (EpochChain at = last;; --at.epoch) {
    path.digests_.push_back(at.digest);
    const Epoch* found = find(at);
    if (found == nullptr) return path;
    at.digest = found->before;
  }
}

}  // namespace braid
