// `time f within d` of a flow: from here on another field is the event time. Each original source partition starts a
// clock of its own here; end and idleness are those of the partition, once no row of it is held upstream any more. Rows
// that windows made count as one partition. No row is late here: later steps use the new watermark.
//
// Rows of a join in time come in an order that depends on when both sides came, and the clocks must not. They wait here
// until the old time has passed them, and go on in its order: (time, source, partition, position, new time).
#pragma once

#include <map>
#include <utility>

#include "runtime/operators/held_rows.h"
#include "runtime/operators/operator.h"

namespace braid {

class RetimeNode : public OperatorNode, public PartitionClocks {
 public:
  explicit RetimeNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override;
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override;
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override { return waiting_.copy_frozen(budget); }
  void take_frozen(StateBatch& batch) override;
  Status restore(StateStore& store, uint64_t memory) override;
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;
  int64_t sealed() const override { return sealed_; }
  void seal(int64_t time) override;
  void visit_clocks(uint32_t source, const Visit& visit) const override;

 private:
  static constexpr uint32_t kClockTable = 0;
  static constexpr uint32_t kWaitingTable = 1;
  static constexpr uint32_t kSealedTable = 2;
  using Place = std::pair<uint32_t, uint32_t>;  ///< source, partition
  struct Clock {
    PartitionClock clock;
    bool dirty = false;
  };
  /// Where the clocks of the input's partitions are: a source's, or those of an earlier re-timing step.
  struct Basis {
    int source = -1;                        ///< of the engine's clocks
    const PartitionClocks* step = nullptr;  ///< of an earlier re-timing; both absent: rows made by windows
    bool held = false;                      ///< a step on the way here may hold rows
  };
  void find_bases(int op, bool held);
  Clock& clock_of(const Record& record);
  void retime(const Block& block, std::vector<Block>& out);
  void hold(const Block& block);
  /// Of rows of one time and record, that a join has made, the order is that of the new times.
  void sort_released();

  const RetimeOperator& content_;
  uint32_t time_column_;
  std::vector<Basis> bases_;
  StateBatch frozen_;
  mutable std::map<Place, Clock> clocks_;  ///< mutable: ended and idle are brought up to date when time moves
  // Where rows are sorted.
  std::vector<Leaf> leaves_;
  StoredRows rows_;
  BlobPool pool_;
  HeldRows waiting_;
  std::vector<HeldRow> released_;
  int64_t sealed_ = kNoTime;  ///< rows up to here went on because all inputs had ended
  bool sealed_changed_ = false;
};

}  // namespace braid
