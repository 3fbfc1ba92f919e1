#include "runtime/operators/group_trails.h"

#include <algorithm>
#include <cstring>

namespace braid {

GroupTrails::Trail* GroupTrails::trail(RowHandle group) const {
  Trail* trail = nullptr;
  std::memcpy(&trail, rows_.value(group), sizeof(trail));
  return trail;
}

char* GroupTrails::begin_sum() {
  char* sum = pool_.allocate(state_.size());
  std::memset(sum, 0, state_.size());
  return sum;
}

void GroupTrails::end_sum(char* sum) {
  if (sum == nullptr) return;
  state_.end(sum, pool_);
  pool_.release(sum, state_.size());
}

void GroupTrails::enter(uint64_t hash, std::string_view key, const char* slice, int64_t last_end) {
  bool added = false;
  RowHandle group = table_.find_or_add(hash, key, &added);
  if (added) {
    auto* made = new Trail;
    for (const auto& set : state_.sets()) made->moving.push_back(set->moving());
    std::memcpy(rows_.value(group), &made, sizeof(made));
  }
  Trail& trail = *this->trail(group);
  ++slices_;
  for (const auto& moving : trail.moving) moving->enter(slice, last_end);
  auto place = trail.slices.end();
  if (trail.slices.size() > trail.first && trail.slices.back().last_end > last_end)
    place = std::upper_bound(trail.slices.begin() + static_cast<std::ptrdiff_t>(trail.first), trail.slices.end(),
                             last_end, [](int64_t end, const Slice& each) { return end < each.last_end; });
  auto at = static_cast<size_t>(place - trail.slices.begin());
  trail.slices.insert(place, {last_end, slice, nullptr});
  if (at >= trail.summed) {
    if (trail.newer == nullptr) trail.newer = begin_sum();
    state_.merge(slice, trail.newer, pool_);
    return;
  }
  ++trail.summed;
  trail.slices[at].sum = begin_sum();
  state_.merge(trail.slices[at + 1].sum, trail.slices[at].sum, pool_);
  for (size_t i = trail.first; i <= at; ++i) state_.merge(slice, trail.slices[i].sum, pool_);
}

void GroupTrails::sum_up(Trail& trail) {
  for (size_t i = trail.slices.size(); i > trail.first; --i) {
    Slice& slice = trail.slices[i - 1];
    slice.sum = begin_sum();
    state_.merge(slice.state, slice.sum, pool_);
    if (i < trail.slices.size()) state_.merge(trail.slices[i].sum, slice.sum, pool_);
  }
  trail.summed = trail.slices.size();
  end_sum(trail.newer);
  trail.newer = nullptr;
}

void GroupTrails::leave(int64_t end) {
  std::vector<RowHandle> ended;
  table_.for_each([&](RowHandle group) {
    Trail& trail = *this->trail(group);
    size_t before = trail.first;
    auto leaves = [&] { return trail.first < trail.slices.size() && trail.slices[trail.first].last_end <= end; };
    if (!leaves()) return;
    bool all = trail.slices.back().last_end <= end;
    for (; leaves(); ++trail.first) {
      if (!all && trail.first == trail.summed) sum_up(trail);
      Slice& slice = trail.slices[trail.first];
      for (const auto& moving : trail.moving) moving->leave(slice.state, slice.last_end);
      end_sum(slice.sum);
      slice.sum = nullptr;
    }
    slices_ -= trail.first - before;
    if (trail.first == trail.slices.size()) {
      ended.push_back(group);
      return;
    }
    if (trail.first * 2 <= trail.slices.size()) return;
    trail.slices.erase(trail.slices.begin(), trail.slices.begin() + static_cast<std::ptrdiff_t>(trail.first));
    trail.summed -= trail.first;
    trail.first = 0;
  });
  for (RowHandle group : ended) {
    end_trail(trail(group));
    table_.erase(group);
  }
}

void GroupTrails::end_trail(Trail* trail) {
  for (const Slice& slice : trail->slices) end_sum(slice.sum);
  end_sum(trail->newer);
  slices_ -= trail->slices.size() - trail->first;
  delete trail;
}

void GroupTrails::clear() {
  table_.for_each([this](RowHandle group) {
    end_trail(trail(group));
    rows_.erase(group);
  });
  table_.clear();
}

void GroupTrails::read(RowHandle group, char* state) const {
  const Trail& trail = *this->trail(group);
  if (trail.first < trail.summed) state_.merge(trail.slices[trail.first].sum, state, pool_);
  if (trail.newer != nullptr) state_.merge(trail.newer, state, pool_);
  for (const auto& moving : trail.moving) moving->write(state);
}

}  // namespace braid
