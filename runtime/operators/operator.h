// What the engine runs: one OperatorNode per operator of the Program. In a turn each takes its input blocks, operator
// after operator in topological order; then time moves and each releases rows that waited.
//
// An operator belongs to one engine and one thread. Its Services outlive it. Its input and output blocks are in the
// turn's arena. The only expected failures are those of reading its state back; a row with a fault is settled through
// Dispositions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/result.h"
#include "runtime/data/arena.h"
#include "runtime/data/block.h"
#include "runtime/data/key_bytes.h"
#include "runtime/state/blob_pool.h"
#include "runtime/state/frozen_rows.h"
#include "runtime/state/store.h"
#include "runtime/state/unread_ranges.h"
#include "runtime/time/edge_time.h"

namespace braid {

/// Receives the rows that leave the flow, and counts for the ledgers. `input` is the input of operator `op` from which
/// the row came; kMadeHere for a row that the operator itself made.
class Dispositions {
 public:
  static constexpr int kMadeHere = -1;

  virtual ~Dispositions() = default;
  /// The row leaves at `site`: settled, and written where the site says.
  virtual void leave(int op, int input, const Block& block, uint32_t row, uint32_t site, const RowReason& reason) = 0;
  /// All these rows leave at one site, with no reason. False: it is not one where rows are only counted, and nothing
  /// has happened.
  virtual bool leave_counted(int /*op*/, int /*input*/, const Block& /*block*/, std::span<const Drop> /*drops*/) {
    return false;
  }
  /// The record is folded, stored or emitted here.
  virtual void use(int op, int input, const Record& record) = 0;
  /// All these rows of the block, one of a record.
  virtual void use_rows(int op, int input, const Block& block, std::span<const uint32_t> rows) {
    for (uint32_t row : rows) use(op, input, block.record_of(row));
  }
  /// The row waits undecided. Returns the value for the waiting record's `settled`.
  virtual uint64_t hold(int op, int input, const Record& record) = 0;
  /// It waits no longer, and is settled next. `record.settled` is the result of `hold`.
  virtual void release(int op, int input, const Record& record) = 0;
  /// A row of a static table that was used is replaced by a later one of its key.
  virtual void replace(int op, int input, uint64_t settled_before, uint32_t source) = 0;
  /// Rows that a step giving 0..n rows has made.
  virtual void make(int op, uint64_t rows) = 0;
  /// The same of rows that a filter behind it drops. They go no further.
  virtual void make_filtered(int op, uint64_t rows) = 0;
  virtual void partly_late(int op, int input, const Record& record) = 0;
  /// The row has waited as long as it may, and goes on before the time that it waited for.
  virtual void early(int op, int input, const Record& record) = 0;
  virtual void alert(int op, const Block& block, uint32_t row, std::string_view check) = 0;
  virtual void publish(int op, const Block& block) = 0;
  /// The rows go on in another stage. They wait, as far as this one is concerned.
  virtual void send(int op, const Block& block) = 0;
  /// Rows of another stage, of the source operator `op`, wait no longer.
  virtual void receive(int op, const Block& block) = 0;
};

/// The clocks of a set of partitions, as a re-timing step reads those upstream of it.
class PartitionClocks {
 public:
  using Visit = std::function<void(uint32_t source, uint32_t partition, const PartitionClock& clock)>;
  virtual ~PartitionClocks() = default;
  virtual void visit_clocks(uint32_t source, const Visit& visit) const = 0;
};

/// Record::source of rows that a window made: after all sources and products.
inline uint32_t made_source(const Program& program) {
  return static_cast<uint32_t>(program.sources.size() + program.products.size());
}

class Executor;
class Lookups;
class OperatorNode;
struct OutputTrace;

/// Released rows after which a round ends: the next operators take them, and their memory is used again. The order of
/// rows depends on it where rows of two steps meet.
inline constexpr uint64_t kRoundRows = 2048;

/// How a step reads what a restart has left unread. Seen in no result.
struct ReadAhead {
  uint64_t range_bytes = UnreadRanges::kRangeBytes;  ///< about what is read at once for one key
  uint64_t ranges = 32;                              ///< that are read in each turn though no row wants them
};

struct Services {
  const Program& program;
  int index;              ///< of this operator
  uint32_t state_number;  ///< its tables are state_number · 8 + 0…7
  Arena& arena;
  CallContext& call;
  Dispositions& dispositions;
  const uint64_t& turn;                                     ///< number of the current turn
  const PartitionClocks& clocks;                            ///< of the sources
  const std::vector<std::unique_ptr<OperatorNode>>& nodes;  ///< those before this one are made
  OutputTrace* trace = nullptr;                             ///< null but for one of several workers (sharded.h)
  size_t workers = 1;
  Executor* executor = nullptr;  ///< null: workers take turns
  /// Where rows evicted from memory are read back from; null: all stay in memory.
  StateStore* store = nullptr;
  uint32_t first_slice = 0, end_slice = kSlices;  ///< of the keys that come here
  uint64_t round_rows = kRoundRows;
  ReadAhead read_ahead = {};
  const int64_t* wall = nullptr;  ///< the wall clock in this turn; null: nobody asks how long rows wait
  Lookups* lookups = nullptr;     ///< asks the services of the program; null: it has none
};

/// Rows that a step looks at in each turn while it removes outdated rows from the store.
inline constexpr uint64_t kRowsOfSweep = 4096;
/// Bytes that the key of an erased row counts as, until the erasure is committed.
inline constexpr uint64_t kBytesOfErasure = 64;

struct StateSize {
  uint64_t rows = 0;   ///< cold ones too, those of an interval join by key and time span
  uint64_t bytes = 0;  ///< in memory
  uint64_t dirty = 0;  ///< of those, changed since the last freeze
  uint64_t cold = 0;   ///< of the rows, those in the store alone
  StateSize& operator+=(const StateSize& other) {
    rows += other.rows;
    bytes += other.bytes;
    dirty += other.dirty;
    cold += other.cold;
    return *this;
  }
};

/// The share of `bytes` for a holder of `own` of `all`.
inline uint64_t share_of(uint64_t bytes, uint64_t own, uint64_t all) {
  return static_cast<uint64_t>(static_cast<uint128>(bytes) * own / all);
}

/// A place in the order of the rows that time releases: all with a smaller time, and those of that time whose keys are
/// in smaller slices. It follows from the rows alone, so that rounds are the same with any number of workers.
struct ReleasePoint {
  int64_t time = 0;
  uint32_t slice = 0;
  auto operator<=>(const ReleasePoint&) const = default;
};

class OperatorNode {
 public:
  explicit OperatorNode(const Services& services)
      : services_(services), self_(services.program.operators[services.index]) {}
  virtual ~OperatorNode() = default;
  OperatorNode(const OperatorNode&) = delete;
  OperatorNode& operator=(const OperatorNode&) = delete;

  void begin_turn() {
    taken = made = 0;
    begin_round();
  }
  /// The rows that time releases go on in rounds. Frees memory to which the blocks of the last one referred.
  virtual void begin_round() {}
  virtual void take(int input, const Block& block, std::vector<Block>& out) = 0;
  /// The watermarks of the inputs (`edges`) may have moved. Releases the rows that are due, in their order, until there
  /// are Services::round_rows of them; true: there are more, for another round of this turn.
  virtual bool advance(std::vector<Block>& out);
  /// Up to where the next rows that are due are released at once; nothing: none is due.
  virtual std::optional<ReleasePoint> next_release() { return {}; }
  /// Releases what is due before that point, and returns how many rows that were.
  virtual uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) {
    (void)point;
    (void)out;
    return 0;
  }
  /// Puts out what this round has released and not put out yet: one point alone may have but a few rows.
  virtual void put_released(std::vector<Block>& out) { (void)out; }
  /// This turn also releases the rows that have waited as long as they may by Services::wall (`wait at most`).
  virtual void begin_release_of_waited() {}
  /// When the first row will have, or earlier; none: no row waits for a limited time.
  virtual std::optional<int64_t> next_due() { return {}; }
  /// All that was due has been released: what time lets it forget.
  virtual void finish_release(std::vector<Block>& out) { (void)out; }
  /// The time of its output, from that of its inputs.
  virtual EdgeTime output_time(std::span<const EdgeTime> inputs) const;
  /// The epoch ends: what has changed since the last freeze is frozen, for one atomic write (state/frozen_rows.h). All
  /// of the last freeze is copied and durable.
  virtual void freeze() {}
  /// Copies frozen rows while there is budget for it. True: none is left.
  virtual bool copy_frozen(CopyBudget& budget) {
    (void)budget;
    return true;
  }
  /// What was frozen, once all of it is copied.
  virtual void take_frozen(StateBatch& batch) { (void)batch; }
  /// It is durable.
  virtual void committed() {}
  /// When `edges` are as they were: finds what the store has of it, and reads it later, as it is wanted; without
  /// Services::store at once. Once it holds `memory` bytes, rows that nobody wants stay in the store.
  virtual Status restore(StateStore& store, uint64_t memory) {
    (void)store;
    (void)memory;
    return {};
  }
  /// After each turn: a bounded part of what nobody has wanted yet. A failure is noted.
  virtual void read_ahead() {}
  /// Evicts rows until about `bytes` are free. Only directly after committed(), so that the store has all of them.
  virtual Status evict(uint64_t bytes) {
    (void)bytes;
    return {};
  }
  virtual StateSize state_size() const { return {}; }
  /// Set when reading cold rows has failed: the output of the turn is then invalid.
  const Status& health() const { return health_; }
  /// Time up to which the end of the inputs has settled everything; with several workers the latest applies to all.
  virtual int64_t sealed() const { return kNoTime; }
  virtual void seal(int64_t time) { (void)time; }
  /// The same of the left input of a join in which right rows are decided, too; sealed() is then of the right one.
  virtual int64_t sealed_left() const { return kNoTime; }
  virtual void seal_left(int64_t time) { (void)time; }

  std::vector<EdgeWatermark> edges;  ///< of the inputs; the engine moves them
  uint64_t taken = 0;                ///< rows taken in this turn, by all workers
  uint64_t made = 0;                 ///< rows made in this turn by a window, by all workers
  /// One of several workers: where its rows stand in the block that they share. Null: the block is its own.
  const uint32_t* places = nullptr;

 protected:
  Arena& arena() const { return services_.arena; }
  Dispositions& dispositions() const { return services_.dispositions; }
  int index() const { return services_.index; }
  const std::vector<Field>& input_row(int input) const { return services_.program.operators[self_.inputs[input]].row; }
  /// Sequence number of a row of the current block among all rows: orders and distinguishes rows that one record
  /// caused.
  uint64_t sequence_of(uint32_t row) const {
    return services_.turn << 32 | (taken + (places == nullptr ? row : places[row]));
  }
  uint32_t table(uint32_t number) const { return services_.state_number * 8 + number; }
  /// Before both the row's own watermark and the edge's. The edge's only matters if a partition woke up or a sealed
  /// file has grown.
  bool is_late(int input, int64_t time, int64_t own_watermark) const {
    return time < own_watermark || time < edges[input].finite;
  }
  void leave_late(int input, const Block& block, uint32_t row, uint32_t site);
  /// The first failure is kept.
  void note(const Status& status) {
    if (health_.ok()) health_ = status;
  }

  Services services_;
  const Operator& self_;

 private:
  Status health_;
};

/// What a kernel made of a block; in the arena.
struct KernelResult {
  KernelFrame frame;
  std::span<const uint32_t> kept;
  std::span<const Drop> drops;
};
KernelResult run_kernel(const KernelSlot& kernel, const Block& block, std::span<void* const> out, Arena& arena,
                        CallContext& call);
/// The block after a kernel: `leaves` of its row, each passed through from `block` or computed.
Block run_row_kernel(const KernelSlot& kernel, const Block& block, std::span<const int> passthrough,
                     std::span<const Leaf> leaves, Arena& arena, CallContext& call, KernelResult* result);

/// Why rows of one block were dropped: found when the first of them has failed. Kernel and result outlive it.
class DropReasons {
 public:
  DropReasons(const KernelSlot& kernel, const KernelResult& result)
      : explainer_(kernel.explainer()), frame_(result.frame) {}
  RowReason of(const Drop& drop);

 private:
  const Explainer* explainer_;
  const KernelFrame& frame_;
  std::unique_ptr<BlockReasons> reasons_;
};

/// The operator of program.operators[services.index]; source operators have none. Fails if the machine does not have
/// what the step needs (a time zone).
Result<std::unique_ptr<OperatorNode>> make_operator(const Services& services);

/// Rows of one block that remain, in order; the block itself if all do.
Block select_rows(const Block& block, std::span<const uint32_t> kept, std::span<const Leaf> leaves, Arena& arena);

}  // namespace braid
