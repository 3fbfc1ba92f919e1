// `window … group …`: folds rows into a state per (window end, key). A window is emitted once, when the watermark has
// passed its end and its `late` time. Output: (end, key hash, key bytes). A row whose windows have all
// closed is late; one that is late for some of them is used and counted as partly late.
//
// Stored as timed rows: bucket = end of the window. Evicted groups come back when a row is folded into them, and, slice
// after slice, when their window closes. The values of distinct counts are rows of a table beside them.
#pragma once

#include <map>

#include "runtime/operators/accumulators.h"
#include "runtime/operators/distinct_counts.h"
#include "runtime/operators/operator.h"
#include "runtime/state/cold_table.h"
#include "runtime/state/key_format.h"
#include "runtime/state/key_table.h"
#include "runtime/time/windows.h"

namespace braid {

class WindowGroupNode : public OperatorNode {
 public:
  static Result<std::unique_ptr<OperatorNode>> make(const Services& services);
  ~WindowGroupNode() override;
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override {
    return inputs[0].minus(content_.window.late_us);
  }
  void collect(StateBatch& batch) override;
  void committed() override { cold_.committed(); }
  Status restore(StateStore& store, uint64_t memory) override;
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;
  int64_t sealed() const override { return sealed_; }
  void seal(int64_t time) override;

 private:
  static constexpr uint32_t kGroupTable = 0;
  static constexpr uint32_t kSealedTable = 1;
  static constexpr uint32_t kPartTable = 2;  ///< of sets of distinct values
  struct Group {
    char* state = nullptr;
    int64_t start = 0;
    uint32_t place = 0;   ///< in the groups of its window
    bool stored = false;  ///< a state row exists
    bool dirty = false;
  };
  using Entry = KeyTable<Group>::Entry;
  struct Window {
    std::vector<Entry*> groups;  ///< in memory, in no order
    uint64_t cold = 0;           ///< in the store alone
    uint64_t stored = 0;         ///< state rows there are, of cold ones and of sets too
  };

  WindowGroupNode(const Services& services, WindowAssigner windows);
  Entry& group_of(const WindowRange& window, uint64_t hash, std::string_view key);
  bool is_closed(const WindowRange& window, int64_t passed) const {
    return add_time(window.end, content_.window.late_us) <= passed;
  }
  void make_sets();
  void fold(const Block& block, std::span<const uint32_t> rows, char* const* states);
  /// Cold groups that the rows of the block belong to come back into memory.
  Status warm(const Block& block, const KeyBlock& keys, int64_t closed);
  /// Without what lies in parts.
  Result<Entry*> load(const TimedKey& place, std::string_view value);
  std::string part_key(const Entry& entry, size_t set, uint32_t part) const;
  Status load_parts(std::span<Entry* const> entries);
  bool complete(const Entry& entry) const;
  void erase(const Entry& entry);
  void count_back(Window& window);
  void close(int64_t end, Window& window, std::vector<Block>& out);
  void emit(std::vector<Entry*>& groups, std::vector<Block>& out);
  void end_group(Entry& entry);

  const GroupOperator& content_;
  WindowAssigner windows_;
  KeyFormat key_;
  std::vector<std::unique_ptr<Accumulator>> accumulators_;
  std::vector<size_t> offsets_;  ///< in a group's state
  std::vector<std::unique_ptr<DistinctCounts>> sets_;
  std::vector<uint32_t> columns_;  ///< of the results in the output row
  size_t state_size_bytes_ = 0;
  std::vector<Leaf> leaves_;
  BlobPool pool_;
  KeyTable<Group> groups_{pool_};
  ColdTable cold_;
  std::map<int64_t, Window> open_;  ///< by window end
  std::vector<Entry*> changed_;
  uint64_t changed_value_bytes_ = 0;  ///< of sets, not yet collected
  std::vector<std::string> erased_;
  std::vector<int64_t> erased_windows_;  ///< with too many groups to name them
  int64_t sealed_ = kNoTime;             ///< windows closed up to there because all inputs had ended
  bool sealed_changed_ = false;
  std::vector<WindowRange> ranges_;
  std::vector<uint32_t> rows_;
  std::vector<char*> states_;
};

}  // namespace braid
