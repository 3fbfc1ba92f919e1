#include "runtime/operators/changes_node.h"

#include <algorithm>

#include "runtime/operators/instants.h"
#include "runtime/operators/made_row.h"
#include "runtime/operators/output_trace.h"
#include "runtime/operators/release_range.h"

namespace braid {
namespace {

constexpr size_t kKeysAtOnce = kBlockRows / 2;  // each gives two rows at most

}  // namespace

ChangesNode::ChangesNode(const Services& services)
    : OperatorNode(services),
      leaves_(flatten(self_.row)),
      by_instants_(by_instants(services.program)[static_cast<size_t>(services.index)]) {}

ReleasePoint ChangesNode::point_of(const Touched& touched) const {
  const auto time = static_cast<int64_t>(touched.sequence);
  return {time, touched.sequence == forgotten_sequence() ? slice_of(hash_of(touched.row)) : 0};
}

std::optional<ReleasePoint> ChangesNode::next_release() {
  if (!moved_) touch_forgotten();
  moved_ = true;
  if (next_ == touched_.size()) return {};
  // Not so many keys, of which each worker has others.
  const ReleasePoint first = point_of(touched_[next_]);
  if (touched_[next_].sequence == forgotten_sequence()) return ReleasePoint{first.time, first.slice + 1};
  return ReleasePoint{std::min(end_of_range(first.time), static_cast<int64_t>(forgotten_sequence())), 0};
}

uint64_t ChangesNode::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  const size_t first = next_;
  while (next_ < touched_.size() && point_of(touched_[next_]) < point) ++next_;
  for (size_t begin = first; begin < next_; begin += kKeysAtOnce)
    emit(std::span<const Touched>(touched_).subspan(begin, std::min(kKeysAtOnce, next_ - begin)), out);
  return next_ - first;
}

void ChangesNode::finish_release(std::vector<Block>&) {
  touched_.clear();
  next_ = 0;
  moved_ = false;
  end_turn();
}

Block ChangesNode::begin_block(std::span<const Change> changes) {
  const auto count = static_cast<uint32_t>(changes.size());
  Block block = allocate_block(leaves_, count, arena());
  auto* records = arena().allocate_array<Record>(count);
  block.rows = count;
  block.records = records;
  dispositions().make(index(), count);
  if (services_.trace != nullptr) services_.trace->rows.clear();
  auto* goes = block.columns.back().as<uint8_t>();
  for (uint32_t row = 0; row < count; ++row) {
    const Change& change = changes[row];
    goes[row] = change.goes ? 1 : 0;
    Record& record = records[row] = Record{};
    // The rows of a key stand side by side.
    const bool same_key = row > 0 && changes[row - 1].key.data() == change.key.data() && !change.key.empty() &&
                          changes[row - 1].key.size() == change.key.size();
    record.bytes = same_key ? records[row - 1].bytes : made_row_bytes(self_.state.identity, 0, 0, change.key, arena());
    record.line = kMadeByWindow;
    record.source = made_source(services_.program);
    record.position = static_cast<int64_t>(change.hash >> 1);
    record.turn = services_.turn;
    record.ordinal = static_cast<uint32_t>(made++);
    block.time[row] = change.time;
    block.watermark[row] = kNoTime;
    block.record[row] = row;
    if (services_.trace != nullptr) {
      OrderKey order{.a = change.sequence, .b = change.goes ? uint64_t{0} : uint64_t{1}, .c = change.place};
      if (change.sequence == forgotten_sequence()) order.b = change.hash;  // all of them go
      services_.trace->rows.push_back(order);
      services_.trace->made.push_back({order, &record});
    }
  }
  return block;
}

void ChangesNode::put_out(const Block& block, const std::vector<uint32_t>& kept, std::vector<Block>& out) {
  if (kept.empty()) return;
  if (services_.trace != nullptr) services_.trace->put_out(kept);
  out.push_back(select_rows(block, kept, leaves_, arena()));
}

}  // namespace braid
