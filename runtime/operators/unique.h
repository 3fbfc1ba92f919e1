// `unique k within d` of a contract: rows wait until time has passed them, then the first by (time, partition,
// position) wins its key for d from its time; the others are duplicates. An earlier choice would depend on arrival
// order.
#pragma once

#include "runtime/operators/expiry_queue.h"
#include "runtime/operators/held_rows.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/sealed_time.h"
#include "runtime/state/cold_table.h"
#include "runtime/state/key_format.h"
#include "runtime/state/key_table.h"

namespace braid {

class UniqueNode : public OperatorNode {
 public:
  explicit UniqueNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override { return waiting_.next_release(edges[0].value()); }
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void put_released(std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override;
  void take_frozen(StateBatch& batch) override;
  void committed() override { cold_.committed(); }
  Status restore(StateStore& store, uint64_t memory) override;
  void read_ahead() override;
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;
  int64_t sealed() const override { return sealed_.time(); }
  void seal(int64_t time) override { sealed_.seal(time); }

 private:
  static constexpr uint32_t kWaitingTable = 0;
  static constexpr uint32_t kWinnerTable = 1;
  static constexpr uint32_t kSealedTable = 2;
  struct Winner {
    int64_t time = kNoTime;
    bool stored = false;  ///< a state row of this key exists
    ChangedIn changed = ChangedIn::none;
  };
  using Entry = KeyTable<Winner>::Entry;
  void decide(const Block& block, std::vector<Block>& out);
  void forget_before(int64_t watermark);
  /// Cold winners of these keys come back into memory.
  Status warm(const KeyBlock& keys, uint32_t rows);
  Status read(std::span<const UnreadRanges::Run> runs);
  /// A winner as the store has it, into memory.
  Status load(std::string_view key, std::string_view value);
  std::string_view key_of(const Entry& entry);
  /// Before a frozen winner changes or leaves.
  void copy(Entry& entry);
  /// Removes the cold winners that forget_before would remove from memory, at most so many rows of the store at once.
  Status sweep();
  bool expired(int64_t time) const { return add_time(time, content_.within_us) <= edges[0].finite; }

  const UniqueOperator& content_;
  KeyFormat key_;
  std::vector<Leaf> leaves_;
  StoredRows rows_;
  BlobPool pool_;
  HeldRows waiting_;
  KeyTable<Winner> winners_{pool_};
  ColdTable cold_;                         ///< of winners
  uint64_t swept_ = 0;                     ///< cold winners that the last sweep left
  std::optional<std::string> sweep_from_;  ///< the key where the sweep goes on
  uint64_t memory_ = UINT64_MAX;           ///< bytes from which on no winner comes in that nobody wants
  ExpiryQueue<Entry> expiries_;
  ChangedItems<Entry*> changed_;
  FrozenRows frozen_;
  StateBatch erased_;
  std::string key_bytes_;                   ///< of the last key that was made
  std::vector<HeldRow> released_;           ///< in this round, not decided yet
  SealedTime sealed_{table(kSealedTable)};  ///< rows up to here were decided because all inputs had ended
  ReasonArguments reason_;
};

}  // namespace braid
