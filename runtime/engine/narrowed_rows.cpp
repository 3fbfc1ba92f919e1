#include "runtime/engine/narrowed_rows.h"

#include <algorithm>
#include <numeric>

#include "runtime/abi/state_parts.h"
#include "runtime/data/arena.h"
#include "runtime/data/row_change.h"
#include "runtime/engine/running_form.h"
#include "runtime/state/stored_rows.h"

namespace braid {
namespace {

using Parts = std::vector<uint64_t>;

/// So many fields of an input's row the step keeps, the first ones.
int kept_fields(const Program& program, const Operator& op, size_t input) {
  if (const auto* as_of = std::get_if<AsOfJoinOperator>(&op.content); as_of != nullptr && input == 1)
    return as_of->shape.right_fields;
  if (const auto* interval = std::get_if<IntervalJoinOperator>(&op.content); interval != nullptr && input == 1)
    return interval->shape.right_fields;
  if (const auto* tables = std::get_if<TableJoinOperator>(&op.content)) return tables->sides[input].fields;
  if (const auto* latest = std::get_if<LatestOperator>(&op.content)) return latest->fields;
  if (const auto* top = std::get_if<TopOperator>(&op.content)) return top->fields;
  if (const auto* instants = std::get_if<InstantsOperator>(&op.content)) return instants->fields;
  return static_cast<int>(program.operators[static_cast<size_t>(op.inputs[input])].row.size());
}

bool fits(const Type& stored, const Type& now) {
  return compare_types(form_of_type(stored), form_of_type(now)) != FormFit::types;
}

/// The stored field that means that, and holds values of that type; −1: none.
int field_of(const std::vector<Field>& was, const Parts& told_before, uint64_t meaning, const Type& type) {
  for (size_t at = 0; at < told_before.size(); ++at)
    if (told_before[at] == meaning && fits(was[at].type, type)) return static_cast<int>(at);
  return -1;
}

std::nullopt_t lacking(const Field& field, std::string& lacks) {
  note_lacking(field, lacks);
  return std::nullopt;
}

/// Of an input whose first `fields` fields are stored.
std::optional<NarrowedRows> of_input(const std::vector<Field>& was, const Parts& told_before,
                                     const std::vector<Field>& is, const Parts& told, size_t fields,
                                     std::string& lacks) {
  if (was.size() < told_before.size() || is.size() < told.size()) return std::nullopt;
  NarrowedRows made;
  if (fields <= told.size()) {
    // The last ones of those that are told may be marks, which are not stored.
    const size_t marks = told.size() - fields;
    if (told_before.size() < marks) return std::nullopt;
    made.before = first_fields(was, static_cast<int>(told_before.size() - marks));
  } else {
    // Behind the columns that are told stand those that the step has made for itself, as its keys: then as now.
    if (was.size() - told_before.size() != fields - told.size()) return std::nullopt;
    made.before = was;
  }
  const Parts before(told_before.begin(),
                     told_before.begin() + static_cast<ptrdiff_t>(std::min(told_before.size(), made.before.size())));
  for (size_t field = 0; field < fields; ++field) {
    int at = -1;
    if (field < told.size())
      at = field_of(was, before, told[field], is[field].type);
    else if (const size_t own = told_before.size() + (field - told.size()); fits(was[own].type, is[field].type))
      at = static_cast<int>(own);
    if (at < 0) return lacking(is[field], lacks);
    made.kept.push_back(at);
  }
  return made;
}

std::vector<Field> at_places(const std::vector<Field>& row, const std::vector<int>& places) {
  std::vector<Field> fields;
  for (const int place : places) fields.push_back(row[static_cast<size_t>(place)]);
  return fields;
}

/// Places that are told by their number and one; false: one of them is none of the row.
bool read_places(const Parts& told, size_t fields, std::vector<int>& places) {
  for (const uint64_t place : told) {
    if (place == 0 || place > fields) return false;
    places.push_back(static_cast<int>(place) - 1);
  }
  return true;
}

/// Rows of elements lack the key, which stands in the key of the stored row.
std::optional<NarrowedRows> of_elements(const std::vector<Field>& was, const std::vector<Parts>& before,
                                        const MatchOperator& match, const std::vector<Field>& is, const Parts& told,
                                        std::string& lacks) {
  std::vector<int> fields, keys;
  if (!read_places(before[1], before[0].size(), fields) || !read_places(before[2], before[0].size(), keys) ||
      keys.size() != match.keys.size())
    return std::nullopt;
  NarrowedRows made{at_places(was, fields), {}};
  for (const int field : match.fields) {
    const uint64_t meaning = told[static_cast<size_t>(field)];
    const Type& type = is[static_cast<size_t>(field)].type;
    const auto found = std::ranges::find_if(fields, [&](int at) {
      return before[0][static_cast<size_t>(at)] == meaning && fits(was[static_cast<size_t>(at)].type, type);
    });
    if (found != fields.end()) {
      made.kept.push_back(static_cast<int>(found - fields.begin()));
      continue;
    }
    const auto key = std::ranges::find_if(keys, [&](int at) {
      return before[0][static_cast<size_t>(at)] == meaning && fits(was[static_cast<size_t>(at)].type, type);
    });
    if (key == keys.end()) return lacking(is[static_cast<size_t>(field)], lacks);
    made.key = at_places(was, keys);
    made.kept.push_back(-1 - static_cast<int>(key - keys.begin()));
  }
  return made;
}

/// Versions keep the columns by which the table is joined, and no more.
std::optional<NarrowedRows> of_moves(const std::vector<Field>& was, const Parts& told_before,
                                     const MovesOperator& moves, const std::vector<Field>& is, const Parts& told) {
  NarrowedRows made;
  for (const int column : moves.columns) {
    if (static_cast<size_t>(column) >= told.size() || was.size() < told_before.size()) return std::nullopt;
    const int at = field_of(was, told_before, told[static_cast<size_t>(column)], is[static_cast<size_t>(column)].type);
    if (at < 0) return std::nullopt;
    made.kept.push_back(static_cast<int>(made.before.size()));
    made.before.push_back(was[static_cast<size_t>(at)]);
  }
  return made;
}

bool is_known(const Operator& op) {
  if (const auto* top = std::get_if<TopOperator>(&op.content))
    // Of rows of tables equal ones are counted, so that fewer fields could make them one.
    return top->group.retracted < 0 && top->group.window.gap_us == 0;
  return std::holds_alternative<IntervalJoinOperator>(op.content) ||
         std::holds_alternative<AsOfJoinOperator>(op.content) ||
         std::holds_alternative<TableJoinOperator>(op.content) || std::holds_alternative<LatestOperator>(op.content) ||
         std::holds_alternative<UniqueOperator>(op.content) || std::holds_alternative<InstantsOperator>(op.content) ||
         std::holds_alternative<InOrderOperator>(op.content);
}

}  // namespace

void note_lacking(const Field& field, std::string& lacks) {
  if (!field.name.empty() && field.name.front() != kHiddenMark) lacks = field.name;
}

Error damaged_row() {
  return {ErrorKind::store, "a stored row of a step is damaged", 8002, 0};
}

bool NarrowedRows::is_as_it_was() const {
  if (kept.size() != before.size()) return false;
  for (size_t i = 0; i < kept.size(); ++i)
    if (kept[i] != static_cast<int>(i)) return false;
  return true;
}

std::vector<Parts> part_groups(const Parts& parts) {
  std::vector<Parts> groups(1);
  for (const uint64_t part : parts)
    if (part == kNextGroup)
      groups.emplace_back();
    else
      groups.back().push_back(part);
  return groups;
}

std::vector<Field> stored_fields(const Program& program, const Operator& op, size_t kind) {
  const auto row_of = [&](size_t input) -> const std::vector<Field>& {
    return program.operators[static_cast<size_t>(op.inputs[input])].row;
  };
  if (const auto* moves = std::get_if<MovesOperator>(&op.content)) return at_places(row_of(0), moves->columns);
  if (const auto* match = std::get_if<MatchOperator>(&op.content); match != nullptr && kind == 1)
    return at_places(row_of(0), match->fields);
  if (const auto* running = std::get_if<RunningOperator>(&op.content); running != nullptr && kind == 1)
    return at_places(row_of(0), argument_fields(*running));
  return first_fields(row_of(kind), kept_fields(program, op, kind));
}

std::optional<std::vector<NarrowedRows>> narrowed_rows(const Program& program, const Operator& op,
                                                       const StateForm& stored, const Parts& parts_stored,
                                                       const Parts& parts_now, std::string& lacks) {
  const std::optional<std::vector<std::vector<Field>>> was = rows_of_form(stored.types);
  const std::vector<Parts> before = part_groups(parts_stored), now = part_groups(parts_now);
  if (parts_stored.empty() || parts_now.empty() || !was || was->size() != op.inputs.size() ||
      before.size() != now.size())
    return std::nullopt;
  if (std::holds_alternative<RunningOperator>(op.content))
    return narrowed_running(program, op, stored, was->front(), before, now, lacks);
  std::vector<NarrowedRows> made;
  const auto add = [&](std::optional<NarrowedRows> rows) {
    if (rows) made.push_back(*std::move(rows));
    return rows.has_value();
  };
  const std::vector<Field>& is = program.operators[static_cast<size_t>(op.inputs[0])].row;
  if (const auto* match = std::get_if<MatchOperator>(&op.content)) {
    constexpr size_t kGroups = 3;
    if (before.size() != kGroups || !add(of_input(was->front(), before[0], is, now[0], is.size(), lacks)) ||
        !add(of_elements(was->front(), before, *match, is, now[0], lacks)))
      return std::nullopt;
    return made;
  }
  if (const auto* moves = std::get_if<MovesOperator>(&op.content)) {
    if (!add(of_moves(was->front(), before[0], *moves, is, now[0]))) return std::nullopt;
    return made;
  }
  if (!is_known(op) || before.size() != was->size()) return std::nullopt;
  for (size_t input = 0; input < was->size(); ++input) {
    const std::vector<Field>& row = program.operators[static_cast<size_t>(op.inputs[input])].row;
    const auto fields = static_cast<size_t>(kept_fields(program, op, input));
    if (!add(of_input((*was)[input], before[input], row, now[input], fields, lacks))) return std::nullopt;
  }
  return made;
}

RowNarrower::RowNarrower(const NarrowedRows& rows, const std::vector<Field>& now)
    : rows_(rows), before_(rows.before, StoredRows::kLayout), now_(now, StoredRows::kLayout) {
  std::vector<int> all(rows.key.size());
  std::iota(all.begin(), all.end(), 0);
  key_ = KeyFormat(rows.key, all, KeyFormat::Nulls::group);
  for (const int kept : rows.kept) {
    const bool of_key = kept < 0;
    const std::vector<Field>& row = of_key ? rows.key : rows.before;
    const int field = of_key ? -1 - kept : kept;
    const size_t first = leaf_offset(row, field) + (of_key ? before_.leaves() : 0);
    for (size_t leaf = 0; leaf < leaf_count(row[static_cast<size_t>(field)].type); ++leaf)
      leaves_.push_back(first + leaf);
  }
}

Status RowNarrower::convert(std::string_view bytes, std::string& out, std::string_view key) {
  if (bytes.empty()) return {};
  if (!before_.well_formed(bytes)) return damaged_row();
  Arena arena;
  std::vector<Slot> slots(before_.leaves()), made;
  before_.decode(bytes, slots.data(), arena);
  if (!rows_.key.empty()) {
    Block block = allocate_block(flatten(rows_.key), 1, arena);
    key_.decode(key, block, 0, 0, arena);
    for (const Column& column : block.columns) slots.push_back(read_slot(column, 0));
  }
  for (const size_t leaf : leaves_) made.push_back(slots[leaf]);
  now_.encode(made.data(), out);
  return {};
}

}  // namespace braid
