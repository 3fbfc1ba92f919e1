// `time f within d` of a flow: from here on another field is the event time. Each original source partition starts a
// clock of its own here; end and idleness are those of the partition, once no row of it is held upstream any more. Rows
// that windows made count as one partition. Behind a product they are the partitions of what it reads, as rows of a
// product have them (product_places.h): one that has no row yet holds time back there, too. No row is late here: later
// steps use the new watermark.
//
// By arrival (`from S by arrival`) a time needs no confirmation, and a row that is behind the time of its partition, or
// that wakes it and is behind the time that has gone on, has that time: by this time nothing is ever late.
#pragma once

#include <map>
#include <span>
#include <utility>
#include <vector>

#include "runtime/operators/operator.h"
#include "runtime/operators/product_places.h"

namespace braid {

class RetimeNode : public OperatorNode, public PartitionClocks {
 public:
  explicit RetimeNode(const Services& services);
  /// Rows that waited on their way here, which come in the order of their times.
  void take(int input, const Block& block, std::vector<Block>& out) override;
  /// All rows of a turn, none of which has waited. They go on in the order in which they come.
  void take_turn(std::span<const Block> blocks, std::vector<Block>& out);
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override;
  void freeze() override;
  void take_frozen(StateBatch& batch) override { batch.append(frozen_); }
  Status restore(StateStore& store, uint64_t memory) override;
  StateSize state_size() const override { return {clocks_.size(), clocks_.size() * sizeof(Clock)}; }
  void visit_clocks(uint32_t source, const Visit& visit) const override;

 private:
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
    /// By how much such a row may be ahead of the record that caused it; kEndTime: nobody knows.
    int64_t ahead = 0;
    std::vector<int> products = {};  ///< through which its rows come here, the last one first
  };
  void find_bases(int op, Basis way);
  /// A partition of the basis, as records that come here name it.
  Place place_of(const Basis& basis, uint32_t source, uint32_t partition) const;
  /// The block, with times and watermarks that are to be set.
  Block begin(const Block& block) const;
  void set_time(Block& retimed, uint32_t row);
  Clock& clock_of(const Record& record);
  /// By arrival: where the time of its rows stands, kept as the `max` of a clock of no partition.
  static constexpr Place kGoneOn = {UINT32_MAX, UINT32_MAX};
  Clock& gone_on() const { return clocks_[kGoneOn]; }

  const RetimeOperator& content_;
  uint32_t time_column_;
  ProductPlaces places_;
  std::vector<Basis> bases_;
  StateBatch frozen_;
  mutable std::map<Place, Clock> clocks_;           ///< mutable: ended and idle are brought up to date when time moves
  mutable std::map<Place, PartitionClock> silent_;  ///< of partitions that had no row when time moved last
};

}  // namespace braid
