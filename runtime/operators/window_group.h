// `window … group …`: rows are folded into a state per (window end, key); a window is emitted once, when the watermark
// has passed its end and what it stays open for. Output: (end, key hash, key bytes). A row whose windows have all
// closed is late; one that is late for some of them is used and counted as partly late.
//
// Stored as timed rows: bucket = end of the window.
#pragma once

#include <map>

#include "runtime/operators/accumulators.h"
#include "runtime/operators/operator.h"
#include "runtime/state/key_format.h"
#include "runtime/state/key_table.h"
#include "runtime/time/windows.h"

namespace braid {

class WindowGroupNode : public OperatorNode {
 public:
  static Result<std::unique_ptr<OperatorNode>> make(const Services& services);
  ~WindowGroupNode() override;
  void begin_turn() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  void advance(std::vector<Block>& out) override;
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override {
    return inputs[0].minus(content_.window.late_us);
  }
  void collect(StateBatch& batch) override;
  Status restore(StateStore& store) override;
  StateSize state_size() const override { return {groups_.size(), pool_.bytes_used()}; }
  int64_t sealed() const override { return sealed_; }
  void seal(int64_t time) override;

 private:
  static constexpr uint32_t kGroupTable = 0;
  static constexpr uint32_t kSealedTable = 1;
  struct Group {
    char* state = nullptr;
    int64_t start = 0;
    bool stored = false;  ///< a state row exists
    bool dirty = false;
  };
  using Entry = KeyTable<Group>::Entry;

  WindowGroupNode(const Services& services, WindowAssigner windows);
  Entry& group_of(const WindowRange& window, uint64_t hash, std::string_view key);
  void fold(const Block& block, std::span<const uint32_t> rows, char* const* states);
  void emit(std::vector<Entry*>& groups, std::vector<Block>& out);
  void end_group(Entry& entry);

  const GroupOperator& content_;
  WindowAssigner windows_;
  KeyFormat key_;
  std::vector<std::unique_ptr<Accumulator>> accumulators_;
  std::vector<size_t> offsets_;    ///< in a group's state
  std::vector<uint32_t> columns_;  ///< of the results in the output row
  size_t state_size_bytes_ = 0;
  std::vector<Leaf> leaves_;
  BlobPool pool_;
  KeyTable<Group> groups_{pool_};
  std::map<int64_t, std::vector<Entry*>> open_;  ///< by window end
  std::vector<Entry*> changed_;
  std::vector<std::string> erased_;
  int64_t sealed_ = kNoTime;  ///< windows closed up to there because all inputs had ended
  bool sealed_changed_ = false;
  std::vector<WindowRange> ranges_;
  std::vector<uint32_t> rows_;
  std::vector<char*> states_;
};

}  // namespace braid
