// One keyed operator run by several workers: each owns a contiguous range of the 64 slices and, for it, an instance of
// the operator with an arena, caches and a list of the rows it settles. Blocks are split by the hash of the key. The
// rows that the workers output and settle are merged in the order of a single worker, so that their number has no
// effect: not on rows, not on ledgers, and not on state, whose keys contain the slice.
//
// Belongs to one engine; its calls return when all workers are done. The executor outlives it.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "runtime/base/executor.h"
#include "runtime/data/key_bytes.h"
#include "runtime/operators/operator.h"
#include "runtime/state/key_format.h"

namespace braid {

class ShardedOperator : public OperatorNode {
 public:
  using MakeOne = Result<std::unique_ptr<OperatorNode>> (*)(const Services& services);

  /// Whether workers share it: it keeps state by key.
  static bool can_share(const Operator& op);
  static Result<std::unique_ptr<OperatorNode>> make(const Services& services, MakeOne make_one);
  ~ShardedOperator() override;

  void begin_round() override;
  void take(int input, const Block& block, std::vector<Block>& out) override;
  bool advance(std::vector<Block>& out) override;
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override;
  std::optional<ReleasePoint> next_release() override;
  /// What the workers release is put out by advance(), which merges it.
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void put_released(std::vector<Block>& out) override;
  void begin_release_of_waited() override;
  std::optional<int64_t> next_due() override;
  void finish_release(std::vector<Block>& out) override;
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override;
  void take_frozen(StateBatch& batch) override;
  void committed() override;
  Status restore(StateStore& store, uint64_t memory) override;
  void read_ahead() override;
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;

 private:
  struct Shard;

  explicit ShardedOperator(const Services& services);
  /// Runs `call` for each shard, at once if `rows` are worth it.
  void run(uint64_t rows, const std::function<void(Shard&)>& call);
  void settle();
  void hand_edges();
  void merge(std::vector<Block>& out);
  struct Source {
    const Block* block;
    uint32_t row;
  };
  Block block_of(std::span<const Source> sources);

  std::vector<Leaf> leaves_;
  std::vector<std::vector<Leaf>> input_leaves_;
  std::vector<KeyFormat> keys_;  ///< of each input
  std::vector<std::unique_ptr<Shard>> shards_;
  std::array<uint8_t, kSlices> shard_of_slice_{};
  uint64_t released_ = 0;  ///< rows, by all workers, up to the last point of this round
};

}  // namespace braid
