#include "runtime/operators/unnest.h"

#include <cstring>

#include "runtime/base/check.h"
#include "runtime/state/stored_rows.h"

namespace braid {

UnnestNode::UnnestNode(const Services& services)
    : OperatorNode(services), content_(std::get<UnnestOperator>(self_.content)), leaves_(flatten(self_.row)) {
  const std::vector<Field>& before = input_row(0);
  optional_list_ = is_optional(before.back().type);
  list_column_ = static_cast<uint32_t>(flatten(before).size()) - 1;
  before_leaves_ = flatten(first_fields(before, static_cast<int>(before.size()) - (content_.retracted ? 2 : 1)));
  const size_t added = content_.leaves.size() + (content_.adds_presence ? 1 : 0) + (content_.retracted ? 1 : 0);
  BRAID_CHECK(leaves_.size() == before_leaves_.size() + added, "the row of an unnest is not its row and an element");
}

List UnnestNode::list_of(const Block& block, uint32_t row) const {
  if (optional_list_ && block.columns[list_column_ - 1].as<uint8_t>()[row] == 0) return {nullptr, 0};
  return block.columns[list_column_].as<List>()[row];
}

void UnnestNode::take(int input, const Block& block, std::vector<Block>& out) {
  std::vector<uint32_t> from;
  std::vector<const Slot*> elements;
  std::vector<uint32_t> used;
  uint64_t rows = 0;
  auto put_out = [&] {
    out.push_back(make(block, from, elements));
    from.clear();
    elements.clear();
  };
  auto add = [&](uint32_t row, const Slot* element) {
    from.push_back(row);
    elements.push_back(element);
    ++rows;
    if (from.size() == kBlockRows) put_out();
  };
  for (uint32_t row = 0; row < block.rows; ++row) {
    const List list = list_of(block, row);
    if (list.count == 0 && !content_.left) {
      dispositions().leave(index(), input, block, row, content_.empty_site, {});
      continue;
    }
    used.push_back(row);
    if (list.count == 0) add(row, nullptr);
    for (uint64_t i = 0; i < list.count; ++i) add(row, list.items + i * content_.width);
  }
  dispositions().use_rows(index(), input, block, used);
  dispositions().make(index(), rows);
  if (!from.empty()) put_out();
}

Block UnnestNode::make(const Block& block, std::span<const uint32_t> from, std::span<const Slot* const> elements) {
  Block kept = block;
  kept.columns.resize(before_leaves_.size());
  Block made = gather(kept, from, before_leaves_, arena());
  const auto count = static_cast<uint32_t>(from.size());
  auto add_column = [&](LeafKind kind) -> const Column& {
    made.columns.push_back({kind, arena().allocate(leaf_width(kind) * count)});
    return made.columns.back();
  };
  if (content_.adds_presence) {
    auto* present = add_column(LeafKind::u8).as<uint8_t>();
    for (uint32_t row = 0; row < count; ++row) present[row] = elements[row] != nullptr ? 1 : 0;
  }
  for (const int leaf : content_.leaves) {
    const Column& column = add_column(leaves_[made.columns.size()].kind);
    for (uint32_t row = 0; row < count; ++row)
      write_slot(column, row, elements[row] != nullptr ? elements[row][leaf] : slot_i128(0));
  }
  if (content_.retracted) {
    const auto* before = block.columns[before_leaves_.size()].as<uint8_t>();
    auto* goes = add_column(LeafKind::u8).as<uint8_t>();
    for (uint32_t row = 0; row < count; ++row) goes[row] = before[from[row]];
  }
  return made;
}

}  // namespace braid
