// Rows that wait for time: of as-of joins, `nearest` and `unique`. A waiting row keeps a copy of itself and of the
// record that caused it, because it may be rejected, unmatched or late long after its turn.
//
// HeldRows is a queue in one of two orders: (time, turn, ordinal) as joins release, (time, source, partition, position)
// as `unique` decides. Owns its rows through a pool; one thread. Stored as timed rows: bucket = time, key = turn,
// ordinal, sequence.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/operators/output_trace.h"
#include "runtime/state/store.h"
#include "runtime/state/stored_rows.h"

namespace braid {

struct HeldRow {
  int64_t time = 0;
  int64_t watermark = 0;
  Record record;  ///< its bytes are the pool's
  Bytes row = {nullptr, 0};
  uint64_t hash = 0;      ///< of its key
  uint64_t sequence = 0;  ///< order of rows that one record caused
  bool stored = false;    ///< a state row holds it
};

/// (time, turn, ordinal, sequence)
bool before_by_arrival(const HeldRow& a, const HeldRow& b);
/// (time, source, partition, position, sequence)
bool before_by_position(const HeldRow& a, const HeldRow& b);

/// Copies row and cause. `whole` is the block as a block of `rows`' type.
HeldRow hold_row(const Block& block, const Block& whole, uint32_t row, StoredRows& rows, BlobPool& pool);
void release_later(const HeldRow& row, BlobPool& pool);
/// Of `rows` (at most kBlockRows), in that order. It refers to their memory.
Block block_of(std::span<const HeldRow* const> held, const StoredRows& rows, std::span<const Leaf> leaves,
               Arena& arena);

/// The block at hand is one of these rows, in their operator's order.
void trace_by_arrival(OutputTrace& trace, std::span<const HeldRow* const> held);
void trace_by_position(OutputTrace& trace, std::span<const HeldRow* const> held);

std::string held_key(uint32_t table, const HeldRow& row);
std::string held_value(const HeldRow& row);
/// Into the pool's memory; fails if the bytes are not such a row.
Result<HeldRow> read_held(std::string_view key, std::string_view value, const StoredRows& rows, BlobPool& pool);

class HeldRows {
 public:
  enum class Order { arrival, position };
  HeldRows(Order order, uint32_t table, BlobPool& pool) : order_(order), table_(table), pool_(pool) {}

  void push(HeldRow row);
  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  int64_t first_time() const { return heap_.front().time; }
  /// Rows with time < `watermark`, in order. Their memory stays until the pool releases what is pending.
  void take_before(int64_t watermark, std::vector<HeldRow>& out);

  void collect(StateBatch& batch);
  Status restore(StateStore& store, const StoredRows& rows);

 private:
  bool later(const HeldRow& a, const HeldRow& b) const {
    return order_ == Order::arrival ? before_by_arrival(b, a) : before_by_position(b, a);
  }

  Order order_;
  uint32_t table_;
  BlobPool& pool_;
  std::vector<HeldRow> heap_;
  size_t unstored_ = 0;
  std::vector<std::string> erased_;
};

}  // namespace braid
