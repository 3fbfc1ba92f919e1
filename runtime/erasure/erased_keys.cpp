#include "runtime/erasure/erased_keys.h"

#include <algorithm>

#include "runtime/data/value.h"
#include "runtime/report/erasure_findings.h"

namespace braid {
namespace {

/// The row that a decoder of the source gives.
std::vector<Field> decoded_row(const SourceSpec& source) {
  if (source.from_kernel.empty()) return source.row;
  std::vector<Field> row;
  for (const SourceRead& read : source.decode)
    row.push_back({read.name, checked_type(read.has_fallback ? optional_type(read.type) : read.type)});
  return row;
}

}  // namespace

Result<std::shared_ptr<const ErasedKeys>> ErasedKeys::make(const ErasureLog& log, const Program& program) {
  std::shared_ptr<ErasedKeys> keys(new ErasedKeys(log));
  keys->groups_.resize(program.sources.size());
  for (size_t subject = 0; subject < log.subjects.size(); ++subject) {
    keys->found_.emplace_back(0);
    BRAID_TRY(keys->add(subject, program));
  }
  const bool any = std::ranges::any_of(keys->groups_, [](const auto& groups) { return !groups.empty(); });
  return std::shared_ptr<const ErasedKeys>(any ? std::move(keys) : nullptr);
}

Status ErasedKeys::add(size_t subject, const Program& program) {
  const ErasedSubject& erased = log_.subjects[subject];
  const auto source = std::ranges::find(program.sources, erased.source, &SourceSpec::name);
  if (source == program.sources.end()) return {};
  const std::vector<Field> row = decoded_row(*source);
  std::vector<KeyField> fields;
  for (const std::string& name : erased.fields) {
    const int field = find_field(row, name);
    if (field < 0) {
      const Diagnostic unread = diag::ErasedFieldUnread{.field = name, .source = erased.source}.make();
      return Error{ErrorKind::store, unread.message, unread.code, 0};
    }
    KeyField& key = fields.emplace_back();
    key.name = name;
    key.type = row[static_cast<size_t>(field)].type;
    key.leaf = leaf_offset(row, static_cast<size_t>(field));
    key.checked = is(key.type, TypeKind::checked);
    if (key.checked) key.type = key.type->element;
    key.optional = is_optional(key.type);
    key.type = without_optional(key.type);
  }
  std::vector<Group>& groups = groups_[static_cast<size_t>(source - program.sources.begin())];
  auto group = std::ranges::find_if(groups, [&](const Group& each) {
    return std::ranges::equal(each.fields, fields, {}, &KeyField::name, &KeyField::name);
  });
  if (group == groups.end()) {
    groups.push_back({std::move(fields), {}});
    group = std::prev(groups.end());
  }
  group->subjects.emplace(erased.hash, subject);
  return {};
}

std::span<const uint8_t> ErasedKeys::find(int source, const DecodedTurn& turn, Arena& arena) const {
  uint8_t* marks = nullptr;
  SubjectKey key;
  for (const Group& group : groups_[static_cast<size_t>(source)]) {
    for (const Block& block : turn.blocks) {
      for (uint32_t row = 0; row < block.rows; ++row) {
        key.clear();
        for (const KeyField& field : group.fields) {
          size_t leaf = field.leaf;
          if (field.checked && read_slot(block.columns[leaf++], row).u8 != 0) break;
          if (field.optional && read_slot(block.columns[leaf++], row).u8 == 0) break;
          const Slot value = read_slot(block.columns[leaf], row);
          auto& [name, text] = key.emplace_back(field.name, std::string());
          append_json(field.type, &value, text);
        }
        if (key.size() < group.fields.size()) continue;
        const auto found = group.subjects.find(log_.hash_of(log_.subjects[group.subjects.begin()->second].source, key));
        if (found == group.subjects.end()) continue;
        if (marks == nullptr) {
          marks = arena.allocate_array<uint8_t>(turn.records.size());
          std::fill_n(marks, turn.records.size(), uint8_t{0});
        }
        if (std::exchange(marks[block.record[row]], uint8_t{1}) == 0) ++found_[found->second];
      }
    }
  }
  if (marks == nullptr) return {};
  return {marks, turn.records.size()};
}

}  // namespace braid
