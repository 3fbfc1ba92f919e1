// Operators without state: fused row-by-row steps, union, alert checks, publishing.
#include "runtime/operators/rows.h"

#include "runtime/base/check.h"
#include "runtime/data/row_change.h"
#include "runtime/data/time_text.h"
#include "runtime/operators/product_places.h"

namespace braid {

EdgeTime OperatorNode::output_time(std::span<const EdgeTime> inputs) const {
  EdgeTime time;
  for (const EdgeTime& input : inputs) time = time + input;
  return time;
}

bool OperatorNode::advance(std::vector<Block>& out) {
  uint64_t rows = 0;
  // What could not be read would be due for ever; the turn counts for nothing then.
  while (health_.ok()) {
    const auto point = next_release();
    if (!point) break;
    rows += release_before(*point, out);
    // Whether there are more is asked in the next round: what the store alone has may only seem to be due, and rounds
    // must not depend on it.
    if (rows >= services_.round_rows) {
      put_released(out);
      return true;
    }
  }
  put_released(out);
  finish_release(out);
  return false;
}

void OperatorNode::leave_late(int input, const Block& block, uint32_t row, uint32_t site) {
  ReasonArguments arguments(2);
  arguments[0].first = "time";
  append_timestamp(arguments[0].second, block.time[row]);
  arguments[1].first = "watermark";
  append_timestamp(arguments[1].second, std::max(block.watermark[row], edges[input].finite));
  constexpr uint32_t kLateRow = 6301;
  dispositions().leave(index(), input, block, row, site, {.code = kLateRow, .arguments = std::move(arguments)});
}

KernelResult run_kernel(const KernelSlot& kernel, const Block& block, std::span<void* const> out, Arena& arena,
                        CallContext& call) {
  const void** in = arena.allocate_array<const void*>(block.columns.size());
  for (size_t i = 0; i < block.columns.size(); ++i) in[i] = block.columns[i].data;
  KernelFrame frame{};
  frame.in = in;
  frame.out = out.data();
  frame.rows = block.rows;
  frame.kept = arena.allocate_array<uint32_t>(block.rows);
  frame.drops = arena.allocate_array<Drop>(block.rows);
  frame.call = &call;
  frame.time = block.time;
  frame.record = block.record;
  frame.records = block.records;
  kernel.get().run(frame);
  BRAID_CHECK(frame.kept_count + frame.drop_count == block.rows, "a kernel lost a row");
  return {frame, {frame.kept, frame.kept_count}, {frame.drops, frame.drop_count}};
}

RowReason DropReasons::of(const Drop& drop) {
  if (drop.code == 0 || explainer_ == nullptr) return {.code = drop.code, .detail = drop.detail.view()};
  if (!reasons_) reasons_ = explainer_->begin(frame_);
  return reasons_->explain(drop);
}

Block run_row_kernel(const KernelSlot& kernel, const Block& block, std::span<const int> passthrough,
                     std::span<const Leaf> leaves, Arena& arena, CallContext& call, KernelResult* made) {
  BRAID_CHECK(passthrough.size() == leaves.size());
  std::vector<void*> out(leaves.size(), nullptr);
  for (size_t i = 0; i < leaves.size(); ++i)
    if (passthrough[i] < 0) out[i] = arena.allocate(leaf_width(leaves[i].kind) * block.rows);
  const KernelResult& result = *made = run_kernel(kernel, block, out, arena, call);

  Block rows;
  rows.rows = static_cast<uint32_t>(result.kept.size());
  rows.records = block.records;
  rows.columns.resize(leaves.size());
  if (rows.rows == block.rows) {
    rows.time = block.time;
    rows.watermark = block.watermark;
    rows.record = block.record;
    for (size_t i = 0; i < leaves.size(); ++i)
      rows.columns[i] = out[i] != nullptr ? Column{leaves[i].kind, out[i]} : block.columns[passthrough[i]];
    return rows;
  }
  // Columns passed through are gathered together with time and cause, each once; the computed ones are dense already.
  Block passed;
  passed.rows = block.rows;
  passed.time = block.time;
  passed.watermark = block.watermark;
  passed.record = block.record;
  passed.records = block.records;
  std::vector<Leaf> passed_leaves;
  std::vector<int> place(block.columns.size(), -1);  // among those that are gathered
  for (size_t i = 0; i < leaves.size(); ++i) {
    if (out[i] != nullptr || place[passthrough[i]] >= 0) continue;
    place[passthrough[i]] = static_cast<int>(passed_leaves.size());
    passed.columns.push_back(block.columns[passthrough[i]]);
    passed_leaves.push_back(leaves[i]);
  }
  Block gathered = gather(passed, result.kept, passed_leaves, arena);
  rows.time = gathered.time;
  rows.watermark = gathered.watermark;
  rows.record = gathered.record;
  for (size_t i = 0; i < leaves.size(); ++i)
    rows.columns[i] = out[i] != nullptr ? Column{leaves[i].kind, out[i]} : gathered.columns[place[passthrough[i]]];
  return rows;
}

Block select_rows(const Block& block, std::span<const uint32_t> kept, std::span<const Leaf> leaves, Arena& arena) {
  return kept.size() == block.rows ? block : gather(block, kept, leaves, arena);
}

RowsNode::RowsNode(const Services& services)
    : OperatorNode(services), content_(std::get<RowsOperator>(self_.content)), leaves_(flatten(self_.row)) {}

void RowsNode::take(int input, const Block& block, std::vector<Block>& out) {
  settle(input, block, make(block, arena(), services_.call), out);
}

RowsNode::Made RowsNode::make(const Block& block, Arena& arena, CallContext& call) const {
  Made made;
  made.rows = run_row_kernel(content_.kernel, block, content_.passthrough, leaves_, arena, call, &made.result);
  return made;
}

void RowsNode::take_made(int input, const Block& block, Made made, std::vector<Block>& out) {
  if (made.rows.rows == block.rows) {
    made.rows.watermark = block.watermark;
  } else {
    for (uint32_t row = 0; row < made.rows.rows; ++row)
      made.rows.watermark[row] = block.watermark[made.result.kept[row]];
  }
  settle(input, block, std::move(made), out);
}

void RowsNode::settle(int input, const Block& block, Made made, std::vector<Block>& out) {
  DropReasons reasons(content_.kernel, made.result);
  const std::span<const Drop> drops = made.result.drops;
  for (size_t begin = 0, end = 0; begin < drops.size(); begin = end) {
    for (end = begin + 1; end < drops.size() && drops[end].site == drops[begin].site;) ++end;
    const std::span<const Drop> run = drops.subspan(begin, end - begin);
    if (dispositions().leave_counted(index(), input, block, run)) continue;
    for (const Drop& drop : run) dispositions().leave(index(), input, block, drop.row, drop.site, reasons.of(drop));
  }
  if (made.rows.rows > 0) out.push_back(std::move(made.rows));
}

UnionNode::UnionNode(const Services& services) : OperatorNode(services) {
  const std::vector<uint32_t> ways = made_ways(services.program);
  const bool of_tables = !self_.row.empty() && self_.row.back().name == kRetracted;  // rows of tables go by their keys
  uint32_t before = 0;
  for (size_t input = 0; input < self_.inputs.size(); ++input) {
    const uint32_t own = ways[static_cast<size_t>(self_.inputs[input])];
    first_ways_.push_back(of_tables || own == 0 ? 0 : before);
    before += own;
    const Operator& upstream = services.program.operators[self_.inputs[input]];
    const bool made = upstream.derived && !std::holds_alternative<PublishOperator>(upstream.content);
    becomes_made_.push_back(self_.derived && !made);
  }
}

void UnionNode::take(int input, const Block& block, std::vector<Block>& out) {
  const uint32_t first = first_ways_[static_cast<size_t>(input)];
  out.push_back(first == 0 ? block : numbered(block, first));
  if (!becomes_made_[static_cast<size_t>(input)]) return;
  for (uint32_t row = 0; row < block.rows; ++row) dispositions().use(index(), input, block.record_of(row));
  dispositions().make(index(), block.rows);
}

Block UnionNode::numbered(const Block& block, uint32_t first) const {
  Block made = block;
  auto* records = arena().allocate_array<Record>(block.rows);
  made.record = arena().allocate_array<uint32_t>(block.rows);
  for (uint32_t row = 0; row < block.rows; ++row) {
    records[row] = block.record_of(row);
    if (records[row].source == made_source(services_.program)) records[row].partition += first;
    made.record[row] = row;
  }
  made.records = records;
  return made;
}

AlertNode::AlertNode(const Services& services)
    : OperatorNode(services), content_(std::get<AlertOperator>(self_.content)) {}

void AlertNode::take(int, const Block& block, std::vector<Block>& out) {
  std::vector<void*> none(block.columns.size(), nullptr);  // it computes no column: what it drops is the answer
  KernelResult result = run_kernel(content_.kernel, block, none, arena(), services_.call);
  for (const Drop& drop : result.drops) dispositions().alert(index(), block, drop.row, content_.check);
  out.push_back(block);
}

void SendNode::take(int, const Block& block, std::vector<Block>&) {
  dispositions().send(index(), block);
}

void PublishNode::take(int, const Block& block, std::vector<Block>& out) {
  dispositions().publish(index(), block);
  out.push_back(block);
}

}  // namespace braid
