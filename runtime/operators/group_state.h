// All aggregates of a group as one state: where each lies, and what is done with all of them. Zeroed memory of size()
// bytes is the state of a group without rows. Immutable; states belong to the caller. One thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/operators/accumulators.h"
#include "runtime/operators/distinct_counts.h"

namespace braid {

class GroupState {
 public:
  /// `row`: of the input. Results go to columns [column, …) of the output row. `takes_out`: take_out() is called, too;
  /// `in_order`: for the rows in the order in which they came, and states are not stored.
  GroupState(const std::vector<AggregateSpec>& aggregates, const std::vector<Field>& row, uint32_t column,
             bool takes_out = false, bool in_order = false);
  /// Of one accumulator, which gives no results.
  explicit GroupState(std::unique_ptr<Accumulator> only);

  size_t size() const { return size_; }
  size_t alignment() const { return alignment_; }
  /// Column behind the results.
  uint32_t end_column() const { return columns_.back(); }

  /// Row rows[i] goes to states[i], of all aggregates but distinct counts. Best called for rows whose states fit a
  /// cache. Gives the bytes that parts have to store in addition, about.
  uint64_t add(const Block& block, std::span<const uint32_t> rows, char* const* states, BlobPool& pool) const;
  /// Rows can be taken out again: take_out() is the opposite of add().
  bool subtracts() const;
  void take_out(const Block& block, std::span<const uint32_t> rows, char* const* states, BlobPool& pool) const;
  /// The same for distinct counts, for all rows of a block. Gives the bytes that are new to the store, about.
  uint64_t add_distinct(const Block& block, std::span<const uint32_t> rows, char* const* states, Arena& arena,
                        BlobPool& pool) const;
  /// The rows of `from`, which stays as it is, go to `into`, which is stored. Gives the bytes that are new to the
  /// store, about.
  uint64_t absorb(const char* from, char* into, BlobPool& pool) const;
  /// The same where `into` is never stored; without distinct counts, or these alone.
  void merge(const char* from, char* into, BlobPool& pool) const;
  void merge_distinct(const char* from, char* into, BlobPool& pool) const;

  struct Misfit {
    uint32_t row;
    size_t aggregate;  ///< the first of the row that does not fit its type
  };
  /// Results into rows 0 … of `out`. Misfits come in the order of the rows.
  void read(std::span<const char* const> states, Block& out, Arena& arena, std::vector<Misfit>& misfits) const;
  std::string values_text(const char* state, size_t aggregate) const {
    return accumulators_[aggregate]->values_text(state + offsets_[aggregate]);
  }

  void store(const char* state, WireWriter& out) const;
  bool load(WireReader& in, char* state, BlobPool& pool) const;
  bool has_memory() const { return has_memory_; }
  void end(char* state, BlobPool& pool) const;

  const std::vector<std::unique_ptr<DistinctCounts>>& sets() const { return sets_; }

  // Parts of sets of distinct values and of aggregates that have some: by number of the set.
  using PutPart = std::function<void(uint16_t set, uint32_t part, std::optional<std::string_view> bytes)>;
  void take_news(char* state, BlobPool& pool, const PutPart& put) const;
  using Parts = Accumulator::Parts;
  Parts& parts(size_t set, char* state) const;
  /// Of all sets together, how many there are in the store.
  uint64_t stored_parts(char* state) const;
  /// All of them are in memory.
  bool whole(char* state) const;
  size_t part_sets() const { return sets_.size() + with_parts_.size(); }
  bool load_part(uint16_t set, std::string_view bytes, char* state, BlobPool& pool) const;

 private:
  std::vector<std::unique_ptr<Accumulator>> accumulators_;
  std::vector<size_t> offsets_;  ///< in the state
  std::vector<uint32_t> columns_;
  std::vector<std::unique_ptr<DistinctCounts>> sets_;
  std::vector<size_t> with_parts_;  ///< accumulators
  size_t size_ = 0, alignment_ = 8;
  bool has_memory_ = false;
};

}  // namespace braid
