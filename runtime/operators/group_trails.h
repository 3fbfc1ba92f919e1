// Windows that overlap, combined from slices. A slice of a group is the rows that belong to the same windows; it enters
// with the first of them and leaves behind the last. The trail of a group is its slices in the order in which they
// leave. The oldest are added up from behind, one sum for each; all newer ones are one sum. A window's state is the
// first of the former and the latter, so that a slice costs the same however many windows it is in (two stacks;
// Tangwongsan, Hirzel, Schneider, Wu 2015). Distinct counts move with it.
//
// A slice whose last window comes before that of one that is already there is late; it is added to the sums in front of
// it. Trails can be made again from the slices, so they are in no store. One thread.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "runtime/operators/group_state.h"
#include "runtime/state/group_table.h"

namespace braid {

class GroupTrails {
 public:
  /// `key_size` as of GroupRows.
  GroupTrails(const GroupState& state, uint32_t key_size, const HashRange& range, BlobPool& pool)
      : state_(state),
        pool_(pool),
        rows_(pool, key_size, sizeof(Trail*), alignof(Trail*)),
        table_(rows_, range, pool) {}
  ~GroupTrails() { clear(); }

  /// The slice stays as it is and where it is until it has left.
  void enter(uint64_t hash, std::string_view key, const char* slice, int64_t last_end);
  /// Slices up to that end leave, in the order of their ends: between two calls no window may be passed over.
  void leave(int64_t end);
  void clear();

  bool empty() const { return table_.size() == 0; }
  /// Groups in the order of (hash, key).
  std::vector<RowHandle> in_order() const { return table_.in_order(); }
  uint64_t hash(RowHandle group) const { return rows_.head(group).hash; }
  std::string_view key(RowHandle group) const { return rows_.key(group); }
  /// The window's state, into zeroed memory.
  void read(RowHandle group, char* state) const;
  uint64_t bytes() const { return rows_.bytes() + slices_ * sizeof(Slice); }

 private:
  struct Slice {
    int64_t last_end;
    const char* state;
    char* sum;  ///< of this slice and those up to `summed`
  };
  struct Trail {
    std::vector<Slice> slices;
    size_t first = 0;       ///< that has not left
    size_t summed = 0;      ///< slices before this one have a sum
    char* newer = nullptr;  ///< sum of the others; null: none
    std::vector<std::unique_ptr<MovingCounts>> moving;
  };

  Trail* trail(RowHandle group) const;
  char* begin_sum();
  void end_sum(char* sum);
  void sum_up(Trail& trail);
  void end_trail(Trail* trail);

  const GroupState& state_;
  BlobPool& pool_;
  GroupRows rows_;
  GroupTable table_;
  uint64_t slices_ = 0;
};

}  // namespace braid
