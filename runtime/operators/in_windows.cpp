#include "runtime/operators/in_windows.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/operators/window_cut.h"

namespace braid {

Result<std::unique_ptr<OperatorNode>> InWindowsNode::make(const Services& services) {
  const auto& content = std::get<InWindowsOperator>(services.program.operators[services.index].content);
  BRAID_ASSIGN(WindowAssigner windows, WindowAssigner::make(cut_of(content.window)));
  return std::unique_ptr<OperatorNode>(new InWindowsNode(services, std::move(windows)));
}

InWindowsNode::InWindowsNode(const Services& services, WindowAssigner windows)
    : OperatorNode(services),
      content_(std::get<InWindowsOperator>(self_.content)),
      windows_(std::move(windows)),
      leaves_(flatten(self_.row)),
      input_leaves_(flatten(input_row(0))) {
  if (content_.given >= 0) {
    const Type& type = input_row(0)[static_cast<size_t>(content_.given)].type;
    end_column_ = static_cast<int>(leaf_offset(input_row(0), content_.given) + leaf_count(type)) - 1;
  }
  BRAID_CHECK(leaves_.size() == input_leaves_.size() + (content_.given >= 0 ? 0 : 2), "a row that has no window");
}

void InWindowsNode::take(int input, const Block& block, std::vector<Block>& out) {
  std::vector<uint32_t> used;
  std::vector<WindowRange> windows;
  WindowSpan span = {0, 0, 0, 0};
  const int64_t closed = std::max(edges[0].finite, sealed_.time());
  const int64_t* ends = end_column_ < 0 ? nullptr : block.columns[static_cast<size_t>(end_column_)].as<int64_t>();
  uint64_t rows = 0;
  from_.clear();
  ranges_.clear();
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (content_.joined && is_late(input, add_time(block.time[row], content_.window.late_us), block.watermark[row])) {
      leave_late(input, block, row, content_.late_site);
      continue;
    }
    int64_t passed = std::max(block.watermark[row], closed);
    if (ends != nullptr) {
      passed = std::max(passed, block.time[row]);
      windows.assign(1, WindowRange{0, ends[row]});
    } else if (block.time[row] < span.from || block.time[row] >= span.to) {
      // Consecutive rows mostly belong to the same windows.
      span = windows_.span(block.time[row]);
      windows_.assign(block.time[row], windows);
    }
    size_t open = 0;
    for (const WindowRange& window : windows) {
      if (is_closed(window.end, passed)) continue;
      ++open;
      if (!content_.joined) latest_.seal(window.end);
      from_.push_back(row);
      ranges_.push_back(window);
      ++rows;
      if (from_.size() == kBlockRows) put_out(block, out);
    }
    if (open == 0) {
      if (ends != nullptr)
        dispositions().leave(index(), input, block, row, content_.late_site, span_is_over(ends[row], passed));
      else
        leave_late(input, block, row, content_.late_site);
      continue;
    }
    used.push_back(row);
    if (open < windows.size()) dispositions().partly_late(index(), input, block.record_of(row));
  }
  dispositions().use_rows(index(), input, block, used);
  dispositions().make(index(), rows);
  if (!from_.empty()) put_out(block, out);
}

void InWindowsNode::put_out(const Block& block, std::vector<Block>& out) {
  Block made = gather(block, from_, input_leaves_, arena());
  if (content_.joined && content_.window.late_us > 0) {
    auto* watermarks = arena().allocate_array<int64_t>(made.rows);
    for (uint32_t row = 0; row < made.rows; ++row)
      watermarks[row] = subtract_time(made.watermark[row], content_.window.late_us);
    made.watermark = watermarks;
  }
  if (end_column_ < 0) {
    auto* starts = arena().allocate_array<int64_t>(made.rows);
    auto* ends = arena().allocate_array<int64_t>(made.rows);
    for (uint32_t row = 0; row < made.rows; ++row) {
      starts[row] = ranges_[row].start;
      ends[row] = ranges_[row].end;
    }
    made.columns.push_back({LeafKind::i64, reinterpret_cast<char*>(starts)});
    made.columns.push_back({LeafKind::i64, reinterpret_cast<char*>(ends)});
  }
  out.push_back(std::move(made));
  from_.clear();
  ranges_.clear();
}

EdgeTime InWindowsNode::output_time(std::span<const EdgeTime> inputs) const {
  const EdgeTime time = OperatorNode::output_time(inputs);
  return content_.joined ? time.minus(content_.window.late_us) : time;
}

void InWindowsNode::finish_release(std::vector<Block>&) {
  if (edges[0].ended && !content_.joined) sealed_.seal(add_time(latest_.time(), content_.window.late_us));
}

void InWindowsNode::freeze() {
  frozen_ = {};
  latest_.freeze(frozen_);
  sealed_.freeze(frozen_);
}

Status InWindowsNode::restore(StateStore& store, uint64_t) {
  const Error damaged{ErrorKind::store, "the end of windows is damaged", 0, 0};
  BRAID_TRY(latest_.restore(store, damaged));
  return sealed_.restore(store, damaged);
}

}  // namespace braid
