#include "runtime/operators/made_row.h"

#include <cstring>

#include "runtime/data/block.h"
#include "runtime/data/row_change.h"
#include "runtime/data/value.h"
#include "runtime/state/key_format.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

struct Head {
  uint64_t group_identity;
  int64_t start, end;
};

}  // namespace

Bytes made_row_bytes(uint64_t group_identity, int64_t start, int64_t end, std::string_view key, Arena& arena) {
  const Head head{group_identity, start, end};
  char* bytes = arena.allocate(sizeof(head) + key.size());
  std::memcpy(bytes, &head, sizeof(head));
  if (!key.empty()) std::memcpy(bytes + sizeof(head), key.data(), key.size());
  return {bytes, sizeof(head) + key.size()};
}

std::string made_row_text(const Program& program, std::string_view bytes) {
  WireReader in(bytes);
  const auto head = in.fixed<Head>();
  if (in.failed()) return {};
  for (const Operator& op : program.operators) {
    const GroupOperator* group = grouping_of(op);
    const auto* latest = std::get_if<LatestOperator>(&op.content);
    const auto* match = std::get_if<MatchOperator>(&op.content);
    if ((group == nullptr && latest == nullptr && match == nullptr) || op.state.identity != head.group_identity)
      continue;
    const bool windowed = group != nullptr && (group->windowed || group->window.gap_us > 0);
    std::vector<Field> row;
    if (std::holds_alternative<GroupOperator>(op.content)) {
      row.assign(op.row.begin(), op.row.begin() + static_cast<std::ptrdiff_t>(group->keys.size()));
    } else {
      for (const int key : group != nullptr ? group->keys : latest != nullptr ? latest->keys : match->keys)
        row.push_back(program.operators[op.inputs[0]].row[key]);
    }
    // A key that the step computes has no name in the script.
    for (Field& field : row)
      if (field.name.starts_with(kHiddenMark)) field.name.erase(0, 1);
    std::vector<int> fields;
    for (size_t i = 0; i < row.size(); ++i) fields.push_back(static_cast<int>(i));
    const KeyFormat format(row, fields, KeyFormat::Nulls::group);
    if (windowed) row.push_back({"window", struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}})});
    Arena arena;
    Block block = allocate_block(flatten(row), 1, arena);
    block.rows = 1;
    format.decode(bytes.substr(sizeof(head)), block, 0, 0, arena);
    std::vector<Slot> slots;
    const size_t key_leaves = block.columns.size() - (windowed ? 2 : 0);
    for (size_t i = 0; i < key_leaves; ++i) slots.push_back(read_slot(block.columns[i], 0));
    if (windowed) {
      slots.push_back(slot_i64(head.start));
      slots.push_back(slot_i64(head.end));
    }
    std::string text;
    append_json(struct_type(std::move(row)), slots.data(), text);
    return text;
  }
  return {};
}

}  // namespace braid
