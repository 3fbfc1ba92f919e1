#include "runtime/operators/group_output.h"

#include "runtime/base/check.h"
#include "runtime/operators/made_row.h"
#include "runtime/operators/output_trace.h"

namespace braid {

GroupOutput::GroupOutput(const Services& services, const GroupState& state, const KeyFormat& key)
    : services_(services),
      self_(services.program.operators[services.index]),
      content_(*grouping_of(self_)),
      state_(state),
      key_(key),
      leaves_(flatten(self_.row)) {
  if (std::holds_alternative<TopOperator>(self_.content)) {
    // Rows of sessions that change: session_changes.h.
    if (content_.windowed) top_.emplace(services, key);
    return;
  }
  BRAID_CHECK(state_.end_column() + (content_.windowed ? 2 : 3) == leaves_.size(),
              "the row of a group is not keys, aggregates, window");
}

void GroupOutput::put_out(std::span<const Row> rows, uint64_t& made, std::vector<Block>& out) const {
  constexpr uint32_t kOverflow = 6101;
  if (top_) return top_->put_out(rows, made, out);
  Arena& arena = services_.arena;
  Dispositions& dispositions = services_.dispositions;
  auto count = static_cast<uint32_t>(rows.size());
  Block block = allocate_block(leaves_, count, arena);
  auto* records = arena.allocate_array<Record>(count);
  block.rows = count;
  block.records = records;
  dispositions.make(services_.index, count);
  if (services_.trace != nullptr) services_.trace->rows.clear();
  auto* states = arena.allocate_array<const char*>(count);
  auto* starts = block.columns[state_.end_column()].as<int64_t>();
  auto* ends = block.columns[state_.end_column() + 1].as<int64_t>();
  for (uint32_t row = 0; row < count; ++row) {
    const Row& from = rows[row];
    WindowRange window = from.window;
    if (content_.window.span) {
      key_.decode(arena.copy(from.key).view(), block, row, 0, arena);
      window.start = block.columns[0].as<int64_t>()[row];
    }
    states[row] = from.state;
    Record& record = records[row] = Record{};
    record.bytes = made_row_bytes(self_.state.identity, window.start, window.end, from.key, arena);
    // The group itself leaves before the turn is over.
    std::string_view key = record.bytes.view().substr(record.bytes.size - from.key.size());
    key_.decode(key, block, row, 0, arena);
    starts[row] = window.start;
    ends[row] = window.end;
    block.time[row] = window.end - 1;
    // Time has passed its window by then, and how much further it is depends on turns: a span that ends before the
    // row's own time is late, and no other.
    block.watermark[row] = block.time[row];
    block.record[row] = row;
    record.line = kMadeByWindow;
    record.source = made_source(services_.program);
    record.position = static_cast<int64_t>(from.hash >> 1);
    record.turn = services_.turn;
    record.ordinal = static_cast<uint32_t>(made++);
    if (services_.trace != nullptr) {
      OrderKey order{.time = window.end, .a = from.hash, .bytes = key};
      services_.trace->rows.push_back(order);
      services_.trace->made.push_back({order, &record});
    }
  }
  std::vector<GroupState::Misfit> misfits;
  state_.read({states, count}, block, arena, misfits);
  if (misfits.empty() && services_.trace == nullptr) {
    out.push_back(std::move(block));
    return;
  }
  std::vector<uint32_t> kept;
  auto next = misfits.begin();
  for (uint32_t row = 0; row < count; ++row) {
    if (next == misfits.end() || next->row != row) {
      kept.push_back(row);
      continue;
    }
    const AggregateSpec& aggregate = content_.aggregates[next->aggregate];
    dispositions.leave(services_.index, Dispositions::kMadeHere, block, row, content_.overflow_site,
                       {.code = kOverflow,
                        .expression = aggregate.expression,
                        .arguments = {{"type", to_string(aggregate.type)},
                                      {"values", state_.values_text(states[row], next->aggregate)}}});
    ++next;
  }
  if (kept.empty()) return;
  if (services_.trace != nullptr) services_.trace->put_out(kept);
  out.push_back(select_rows(block, kept, leaves_, arena));
}

}  // namespace braid
