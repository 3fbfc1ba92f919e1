// In front of a step that puts out the rows of its windows as changes: each row goes on once for each window that it
// belongs to and that is open, earliest end first. A row whose windows have all closed is late; one of which some have
// is partly late. The rows have the time, the watermark and the record of the row that they come from.
//
// In front of a join of rows that share a window (InWindowsOperator::joined) each row goes on once for all of its
// windows. One that is behind the watermark by more than `late` is late; to the join the others come in time, because
// the watermarks behind this step are `late` lower.
//
// State: up to where the end of the inputs has closed all windows, and the latest window so far. One thread.
#pragma once

#include <memory>
#include <vector>

#include "runtime/operators/operator.h"
#include "runtime/operators/sealed_time.h"
#include "runtime/time/windows.h"

namespace braid {

class InWindowsNode : public OperatorNode {
 public:
  static Result<std::unique_ptr<OperatorNode>> make(const Services& services);
  void take(int input, const Block& block, std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override;
  void freeze() override;
  void take_frozen(StateBatch& batch) override { batch.append(frozen_); }
  Status restore(StateStore& store, uint64_t memory) override;

 private:
  InWindowsNode(const Services& services, WindowAssigner windows);
  bool is_closed(int64_t end, int64_t passed) const {
    return !content_.joined && add_time(end, content_.window.late_us) <= passed;
  }
  /// A block of the rows `from_`, each in its window.
  void put_out(const Block& block, std::vector<Block>& out);

  const InWindowsOperator& content_;
  WindowAssigner windows_;
  std::vector<Leaf> leaves_, input_leaves_;
  int end_column_ = -1;          ///< of the input, where rows bring their windows with them
  SealedTime latest_{table(0)};  ///< end of the latest window that a row was in
  SealedTime sealed_{table(1)};  ///< all windows closed up to there because all inputs had ended
  StateBatch frozen_;

  // Of a block.
  std::vector<uint32_t> from_;
  std::vector<WindowRange> ranges_;
};

}  // namespace braid
