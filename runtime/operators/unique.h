// `unique k within d` of a contract: rows wait until time has passed them, then the first by (time, partition,
// position) wins its key for d from its time; the others are duplicates. An eager choice would depend on arrival.
#pragma once

#include <deque>

#include "runtime/operators/held_rows.h"
#include "runtime/operators/operator.h"
#include "runtime/state/key_format.h"
#include "runtime/state/key_table.h"

namespace braid {

class UniqueNode : public OperatorNode {
 public:
  explicit UniqueNode(const Services& services);
  void begin_turn() override;
  void take(int input, const Block& block, std::vector<Block>& out) override;
  void advance(std::vector<Block>& out) override;
  void collect(StateBatch& batch) override;
  Status restore(StateStore& store) override;
  StateSize state_size() const override { return {winners_.size() + waiting_.size(), pool_.bytes_used()}; }
  int64_t sealed() const override { return sealed_; }
  void seal(int64_t time) override;

 private:
  static constexpr uint32_t kWaitingTable = 0;
  static constexpr uint32_t kWinnerTable = 1;
  static constexpr uint32_t kSealedTable = 2;
  struct Winner {
    int64_t time = kNoTime;
    bool stored = false;  ///< a state row of this key exists
    bool dirty = false;
  };
  using Entry = KeyTable<Winner>::Entry;
  struct Expiry {
    int64_t time;
    Entry* entry;
    uint64_t hash;
  };
  void decide(const Block& block, std::vector<Block>& out);
  void forget_before(int64_t watermark);

  const UniqueOperator& content_;
  KeyFormat key_;
  std::vector<Leaf> leaves_;
  StoredRows rows_;
  BlobPool pool_;
  HeldRows waiting_;
  KeyTable<Winner> winners_{pool_};
  std::deque<Expiry> expiries_;  ///< by time
  std::vector<Entry*> changed_;
  std::vector<std::string> erased_;
  std::vector<HeldRow> released_;
  int64_t sealed_ = kNoTime;  ///< rows up to here were decided because all inputs had ended
  bool sealed_changed_ = false;
  ReasonArguments reason_;
};

}  // namespace braid
