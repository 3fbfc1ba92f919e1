#include "runtime/operators/ticks.h"

#include <algorithm>

#include "runtime/data/time_text.h"
#include "runtime/operators/made_row.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

/// Rows that are made at once.
constexpr int64_t kTicksOfPoint = 256;

}  // namespace

TickNode::TickNode(const Services& services)
    : OperatorNode(services), content_(std::get<TickOperator>(self_.content)), leaves_(flatten(self_.row)) {}

void TickNode::take(int, const Block& block, std::vector<Block>&) {
  if (next_ != kNoTime) return;
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (block.time[row] < block.watermark[row] || block.time[row] >= first_) continue;
    first_ = block.time[row];
    changed_ = true;
  }
}

int64_t TickNode::passed() const {
  int64_t least = kEndTime;
  for (const EdgeWatermark& edge : edges) least = std::min(least, edge.value());
  if (least != kEndTime) return least;
  int64_t last = kNoTime;
  for (const int input : self_.inputs) {
    const int source = std::get<SourceOperator>(services_.program.operators[static_cast<size_t>(input)].content).source;
    services_.clocks.visit_clocks(static_cast<uint32_t>(source), [&](uint32_t, uint32_t, const PartitionClock& clock) {
      last = std::max(last, clock.max != kNoTime ? clock.max : clock.candidate);
    });
  }
  return add_time(last, 1);
}

std::optional<ReleasePoint> TickNode::next_release() {
  if (next_ == kNoTime && first_ == kEndTime) return {};
  const int64_t every = content_.every_us;
  const int64_t next =
      next_ != kNoTime ? next_ : add_time(floor_divide(subtract_time(first_, 1), every) * every, every);
  if (next >= passed()) return {};
  if (next_ == kNoTime) changed_ = true;
  next_ = next;
  return ReleasePoint{add_time(next, every * kTicksOfPoint)};
}

uint64_t TickNode::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  const int64_t before = std::min(point.time, passed());
  std::vector<int64_t> times;
  for (; next_ < before; next_ = add_time(next_, content_.every_us)) times.push_back(next_);
  if (times.empty()) return 0;
  changed_ = true;
  const auto count = static_cast<uint32_t>(times.size());
  Block block = allocate_block(leaves_, count, arena());
  block.rows = count;
  auto* records = arena().allocate_array<Record>(count);
  block.records = records;
  dispositions().make(index(), count);
  for (uint32_t row = 0; row < count; ++row) {
    block.columns[0].as<int64_t>()[row] = times[row];
    block.time[row] = times[row];
    block.watermark[row] = kNoTime;
    block.record[row] = row;
    Record& record = records[row] = Record{};
    record.bytes = made_row_bytes(self_.state.identity, times[row], times[row], {}, arena());
    record.line = kMadeByWindow;
    record.source = made_source(services_.program);
    record.position = times[row];
    record.turn = services_.turn;
    record.ordinal = static_cast<uint32_t>(made++);
  }
  out.push_back(std::move(block));
  return count;
}

void TickNode::freeze() {
  if (!std::exchange(changed_, false)) return;
  WireWriter value;
  value.fixed(first_);
  value.fixed(next_);
  frozen_.put(StateFamily::point, point_key(table(0), 0, {}), value.bytes());
}

Status TickNode::restore(StateStore& store, uint64_t) {
  std::string stored;
  BRAID_ASSIGN(const bool found, store.get(StateFamily::point, point_key(table(0), 0, {}), &stored));
  if (!found) return {};
  WireReader in(stored);
  first_ = in.fixed<int64_t>();
  next_ = in.fixed<int64_t>();
  return in.failed() ? Status(Error{ErrorKind::store, "the time of the next row is damaged", 0, 0}) : Status();
}

}  // namespace braid
