#include "runtime/operators/paired_changes.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/operators/instants.h"
#include "runtime/operators/same_cell.h"

namespace braid {
namespace {

/// Where a field stands among the leaves of its row.
void append_leaves(const std::vector<Field>& row, int field, std::vector<int>& leaves) {
  const size_t first = leaf_offset(row, static_cast<size_t>(field));
  for (size_t i = 0; i < leaf_count(row[static_cast<size_t>(field)].type); ++i)
    leaves.push_back(static_cast<int>(first + i));
}

/// The fields of a step's output by which it keeps its rows; none: its changes are not such.
std::optional<std::vector<int>> key_fields(const Operator& op) {
  auto stay = [](const std::vector<int>& keys, int fields) -> std::optional<std::vector<int>> {
    if (std::ranges::any_of(keys, [&](int key) { return key >= fields; })) return std::nullopt;
    return keys;
  };
  if (const auto* latest = std::get_if<LatestOperator>(&op.content)) return stay(latest->keys, latest->fields);
  if (const auto* top = std::get_if<TopOperator>(&op.content)) {
    if (top->group.windowed || top->group.window.gap_us > 0 || !top->numbered) return std::nullopt;
    return stay(top->group.keys, top->fields);
  }
  const auto* group = std::get_if<GroupOperator>(&op.content);
  if (group == nullptr || group->windowed || group->window.gap_us > 0) return std::nullopt;
  std::vector<int> keys;
  for (size_t i = 0; i < group->keys.size(); ++i) keys.push_back(static_cast<int>(i));
  return keys;
}

}  // namespace

std::optional<PairedChanges::Proof> PairedChanges::prove(const Program& program, int net) {
  const Operator& self = program.operators[static_cast<size_t>(net)];
  const auto& content = std::get<NetOperator>(self.content);
  if (content.keeps || content.whole) return std::nullopt;
  auto at = static_cast<size_t>(self.inputs[0]);
  std::vector<int> keys;  // leaves
  for (const int field : content.keys) append_leaves(program.operators[at].row, field, keys);
  std::vector<int> origins = keys;  // in the row of the step that the walk has come to
  while (const auto* rows = std::get_if<RowsOperator>(&program.operators[at].content)) {
    for (int& leaf : origins) {
      leaf = rows->passthrough[static_cast<size_t>(leaf)];
      if (leaf < 0) return std::nullopt;
    }
    at = static_cast<size_t>(program.operators[at].inputs[0]);
  }
  const Operator& step = program.operators[at];
  const auto fields = key_fields(step);
  // Instant by instant, a key changes more than once in a turn.
  if (!fields || by_instants(program)[at]) return std::nullopt;
  std::vector<int> wanted;
  for (const int field : *fields) append_leaves(step.row, field, wanted);
  Proof proof;
  if (const auto* top = std::get_if<TopOperator>(&step.content)) {
    const auto number = static_cast<int>(leaf_offset(step.row, static_cast<size_t>(top->fields)));
    const auto found = std::ranges::find(origins, number);
    if (found == origins.end()) return std::nullopt;
    proof.number = keys[static_cast<size_t>(found - origins.begin())];
    wanted.push_back(number);
  }
  for (std::vector<int>* each : {&origins, &wanted}) {
    std::ranges::sort(*each);
    each->erase(std::unique(each->begin(), each->end()), each->end());
  }
  return origins == wanted ? std::optional(proof) : std::nullopt;
}

PairedChanges::PairedChanges(const Proof& proof, const StoredRows& rows, const std::vector<Field>& input, int fields,
                             uint32_t retracted)
    : number_(proof.number),
      rows_(rows),
      leaves_(flatten(first_fields(input, fields))),
      has_lists_(std::ranges::any_of(leaves_, [](const Leaf& leaf) { return leaf.kind == LeafKind::list; })),
      retracted_(retracted) {}

bool PairedChanges::equal(const Block& block, uint32_t a, uint32_t b) const {
  if (!has_lists_) {
    for (size_t leaf = 0; leaf < leaves_.size(); ++leaf)
      if (!same_cell(leaves_[leaf].kind, block.columns[leaf], a, block.columns[leaf], b)) return false;
    return true;
  }
  const Block target = rows_.target(block, 0);
  scratch_.clear();
  other_.clear();
  rows_.append(target, a, scratch_);
  rows_.append(target, b, other_);
  return scratch_ == other_;
}

void PairedChanges::pair(const Block& block, uint32_t first, uint32_t end) {
  const auto* goes = block.columns[retracted_].as<uint8_t>();
  uint32_t comes = first;
  while (comes < end && goes[comes] != 0) ++comes;
  const uint32_t gone = comes;
  alone_.clear();
  for (uint32_t row = first; row < gone; ++row) {
    while (comes < end && number(block, comes) < number(block, row)) alone_.push_back(comes++);
    if (comes == end || number(block, comes) != number(block, row)) {
      choose(row, RowChange::goes);
    } else {
      if (!equal(block, row, comes)) choose(comes, RowChange::becomes);
      ++comes;
    }
  }
  for (const uint32_t row : alone_) choose(row, RowChange::comes);
  for (; comes < end; ++comes) choose(comes, RowChange::comes);
  for (uint32_t row = first + 1; row < end; ++row) {
    const bool in_order = row == gone || number(block, row - 1) < number(block, row);
    BRAID_CHECK(in_order && (row < gone || goes[row] == 0), "a key has changed twice in a turn");
  }
}

void PairedChanges::take(const Block& block, Arena& arena, std::vector<Block>& out) {
  if (begins_turn_) turn_.reset();
  begins_turn_ = false;
  if (block.rows == 0) return;
  uint32_t first = 0;
  auto end_of_key = [&](const Record& key) {
    uint32_t end = first;
    while (end < block.rows && same_key(block.record_of(end), key)) ++end;
    return end;
  };
  if (!waiting_.empty()) {
    const uint32_t end = end_of_key(waiting_.front().record);
    wait(block, 0, end);
    if (end == block.rows) return;
    finish(arena, out);
    first = end;
  }
  while (true) {
    const uint32_t end = end_of_key(block.record_of(first));
    if (end == block.rows) break;
    pair(block, first, end);
    first = end;
  }
  put_out(block, arena, out);
  wait(block, first, block.rows);
}

void PairedChanges::wait(const Block& block, uint32_t first, uint32_t end) {
  if (first == end) return;
  const Block target = rows_.target(block, 0);
  const auto* goes = block.columns[retracted_].as<uint8_t>();
  for (uint32_t row = first; row < end; ++row) {
    scratch_.clear();
    rows_.append(target, row, scratch_);
    Waiting each{turn_.copy(scratch_), block.time[row], block.record_of(row), goes[row] != 0};
    each.record.bytes = waiting_.empty() ? turn_.copy(each.record.bytes.view()) : waiting_.front().record.bytes;
    waiting_.push_back(each);
  }
}

void PairedChanges::finish(Arena& arena, std::vector<Block>& out) {
  const auto count = static_cast<uint32_t>(waiting_.size());
  Block block;
  block.rows = count;
  block.time = arena.allocate_array<int64_t>(count);
  block.watermark = arena.allocate_array<int64_t>(count);
  block.record = arena.allocate_array<uint32_t>(count);
  auto* records = arena.allocate_array<Record>(count);
  block.records = records;
  for (const Leaf& leaf : leaves_) block.columns.push_back({leaf.kind, arena.allocate(leaf_width(leaf.kind) * count)});
  block.columns.push_back({LeafKind::u8, arena.allocate(count)});
  BRAID_CHECK(block.columns.size() == retracted_ + 1, "the mark is not the last column");
  const Block target = rows_.target(block, 0);
  for (uint32_t row = 0; row < count; ++row) {
    const Waiting& each = waiting_[row];
    rows_.read(each.row, target, row, turn_);
    block.columns.back().as<uint8_t>()[row] = each.goes ? 1 : 0;
    block.time[row] = each.time;
    block.watermark[row] = kNoTime;
    block.record[row] = row;
    records[row] = each.record;
  }
  waiting_.clear();
  if (count > 0) pair(block, 0, count);
  put_out(block, arena, out);
}

void PairedChanges::put_out(const Block& block, Arena& arena, std::vector<Block>& out) {
  Block rows = rows_.target(block, 0);
  rows.time = block.time;
  rows.watermark = block.watermark;
  rows.record = block.record;
  rows.records = block.records;
  for (size_t first = 0; first < chosen_.size(); first += kBlockRows) {
    const size_t count = std::min<size_t>(kBlockRows, chosen_.size() - first);
    Block& made = out.emplace_back(gather(rows, std::span(chosen_).subspan(first, count), leaves_, arena));
    auto* changes = arena.allocate_array<int64_t>(count);
    std::transform(changes_.begin() + static_cast<std::ptrdiff_t>(first),
                   changes_.begin() + static_cast<std::ptrdiff_t>(first + count), changes,
                   [](RowChange change) { return static_cast<int64_t>(change); });
    made.columns.push_back({LeafKind::i64, changes});
  }
  chosen_.clear();
  changes_.clear();
}

}  // namespace braid
