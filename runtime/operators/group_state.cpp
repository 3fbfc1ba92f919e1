#include "runtime/operators/group_state.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/operators/running_choices.h"

namespace braid {

GroupState::GroupState(const std::vector<AggregateSpec>& aggregates, const std::vector<Field>& row, uint32_t column,
                       bool takes_out, bool in_order) {
  for (const AggregateSpec& spec : aggregates) {
    accumulators_.push_back(in_order ? make_accumulator_in_order(spec, row) : make_accumulator(spec, row, takes_out));
    if (accumulators_.back()->has_parts()) with_parts_.push_back(accumulators_.size() - 1);
    alignment_ = std::max(alignment_, accumulators_.back()->alignment());
    has_memory_ |= accumulators_.back()->has_memory();
    columns_.push_back(column);
    column += static_cast<uint32_t>(leaf_count(spec.type));
  }
  columns_.push_back(column);
  // The most aligned come first, so that no gaps arise.
  offsets_.resize(accumulators_.size());
  for (size_t alignment : {16, 8}) {
    for (size_t i = 0; i < accumulators_.size(); ++i) {
      if (accumulators_[i]->alignment() != alignment) continue;
      BRAID_CHECK(size_ % alignment == 0);
      offsets_[i] = size_;
      size_ += accumulators_[i]->size();
    }
  }
  // Sets of rows that are taken out again are the accumulators' own.
  for (const std::vector<size_t>& set : takes_out ? std::vector<std::vector<size_t>>() : distinct_sets(aggregates)) {
    std::vector<DistinctCount> counts;
    for (size_t i : set) counts.push_back({aggregates[i].argument, aggregates[i].filter, offsets_[i]});
    sets_.push_back(make_distinct_counts(row, counts, size_));
    size_ += sets_.back()->size();
    has_memory_ = true;
  }
  BRAID_CHECK(part_sets() <= UINT16_MAX);
}

GroupState::GroupState(std::unique_ptr<Accumulator> only)
    : offsets_{0}, columns_{0, 0}, size_(only->size()), alignment_(only->alignment()), has_memory_(only->has_memory()) {
  accumulators_.push_back(std::move(only));
}

uint64_t GroupState::add(const Block& block, std::span<const uint32_t> rows, char* const* states,
                         BlobPool& pool) const {
  const uint64_t before = pool.bytes_used();
  for (size_t i = 0; i < accumulators_.size(); ++i) accumulators_[i]->add(block, rows, states, offsets_[i], pool);
  return with_parts_.empty() ? 0 : pool.bytes_used() - std::min(before, pool.bytes_used());
}

bool GroupState::subtracts() const {
  return std::all_of(accumulators_.begin(), accumulators_.end(), [](const auto& each) { return each->subtracts(); });
}

void GroupState::take_out(const Block& block, std::span<const uint32_t> rows, char* const* states,
                          BlobPool& pool) const {
  for (size_t i = 0; i < accumulators_.size(); ++i) accumulators_[i]->take_out(block, rows, states, offsets_[i], pool);
}

void GroupState::take_news(char* state, BlobPool& pool, const PutPart& put) const {
  for (size_t i = 0; i < sets_.size(); ++i)
    sets_[i]->take_news(state, pool,
                        [&](uint32_t part, std::string_view bytes) { put(static_cast<uint16_t>(i), part, bytes); });
  for (size_t i = 0; i < with_parts_.size(); ++i) {
    const auto set = static_cast<uint16_t>(sets_.size() + i);
    accumulators_[with_parts_[i]]->take_news(
        state + offsets_[with_parts_[i]],
        [&](uint32_t part, std::optional<std::string_view> bytes) { put(set, part, bytes); }, pool);
  }
}

GroupState::Parts& GroupState::parts(size_t set, char* state) const {
  if (set < sets_.size()) return sets_[set]->parts(state);
  const size_t i = with_parts_[set - sets_.size()];
  return accumulators_[i]->parts(state + offsets_[i]);
}

uint64_t GroupState::stored_parts(char* state) const {
  uint64_t stored = 0;
  for (size_t set = 0; set < part_sets(); ++set) stored += parts(set, state).stored;
  return stored;
}

bool GroupState::whole(char* state) const {
  for (size_t set = 0; set < part_sets(); ++set)
    if (parts(set, state).read != parts(set, state).stored) return false;
  return true;
}

bool GroupState::load_part(uint16_t set, std::string_view bytes, char* state, BlobPool& pool) const {
  if (set < sets_.size()) return sets_[set]->load(bytes, state, pool);
  const size_t i = set - sets_.size();
  return i < with_parts_.size() &&
         accumulators_[with_parts_[i]]->load_part(bytes, state + offsets_[with_parts_[i]], pool);
}

uint64_t GroupState::add_distinct(const Block& block, std::span<const uint32_t> rows, char* const* states, Arena& arena,
                                  BlobPool& pool) const {
  uint64_t bytes = 0;
  for (const auto& set : sets_) bytes += set->add(block, rows, states, arena, pool);
  return bytes;
}

uint64_t GroupState::absorb(const char* from, char* into, BlobPool& pool) const {
  const uint64_t before = pool.bytes_used();
  for (size_t i = 0; i < accumulators_.size(); ++i)
    accumulators_[i]->absorb(from + offsets_[i], into + offsets_[i], pool);
  uint64_t bytes = with_parts_.empty() ? 0 : pool.bytes_used() - std::min(before, pool.bytes_used());
  for (const auto& set : sets_) bytes += set->absorb(from, into, pool);
  return bytes;
}

void GroupState::merge(const char* from, char* into, BlobPool& pool) const {
  for (size_t i = 0; i < accumulators_.size(); ++i)
    accumulators_[i]->merge(from + offsets_[i], into + offsets_[i], pool);
}

void GroupState::merge_distinct(const char* from, char* into, BlobPool& pool) const {
  for (const auto& set : sets_) set->merge(from, into, pool);
}

void GroupState::read(std::span<const char* const> states, Block& out, Arena& arena,
                      std::vector<Misfit>& misfits) const {
  misfits.clear();
  constexpr size_t kNone = SIZE_MAX;
  std::vector<size_t> first;  // misfit of each row, once there is one
  auto* flags = arena.allocate_array<uint8_t>(states.size());
  std::memset(flags, 0, states.size());
  for (size_t i = 0; i < accumulators_.size(); ++i) {
    accumulators_[i]->read(states, offsets_[i], out, columns_[i], arena, flags);
    if (std::memchr(flags, 1, states.size()) == nullptr) continue;
    first.resize(states.size(), kNone);
    for (uint32_t row = 0; row < states.size(); ++row)
      if (flags[row] != 0 && first[row] == kNone) first[row] = i;
    std::memset(flags, 0, states.size());
  }
  for (uint32_t row = 0; row < first.size(); ++row)
    if (first[row] != kNone) misfits.push_back({row, first[row]});
}

void GroupState::store(const char* state, WireWriter& out) const {
  for (size_t i = 0; i < accumulators_.size(); ++i) accumulators_[i]->store(state + offsets_[i], out);
}

bool GroupState::load(WireReader& in, char* state, BlobPool& pool) const {
  bool whole = true;
  for (size_t i = 0; i < accumulators_.size(); ++i)
    whole = whole && accumulators_[i]->load(in, state + offsets_[i], pool);
  return whole;
}

void GroupState::end(char* state, BlobPool& pool) const {
  if (!has_memory_) return;
  for (size_t i = 0; i < accumulators_.size(); ++i)
    if (accumulators_[i]->has_memory()) accumulators_[i]->end(state + offsets_[i], pool);
  for (const auto& set : sets_) set->end(state, pool);
}

}  // namespace braid
