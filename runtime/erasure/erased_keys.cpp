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

Result<std::shared_ptr<const ErasedKeys>> ErasedKeys::make(const ErasureLog& log, const Program& program,
                                                           std::vector<SoughtKey> sought) {
  std::shared_ptr<ErasedKeys> keys(new ErasedKeys(log));
  keys->sought_ = std::move(sought);
  for (const SourceSpec& source : program.sources) keys->names_.push_back(source.name);
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
  if (erased.fields.empty()) {
    records_.emplace(erased.hash, subject);
    return {};
  }
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
  // One that is erased once more is counted for the last request.
  group->subjects.insert_or_assign(erased.hash, subject);
  return {};
}

std::span<const uint8_t> ErasedKeys::find(int source, const DecodedTurn& turn, Arena& arena) const {
  const std::vector<Group>& groups = groups_[static_cast<size_t>(source)];
  if (groups.empty()) return {};
  const std::string& name = names_[static_cast<size_t>(source)];
  uint8_t* marks = nullptr;
  const auto mark = [&](uint32_t record) {
    if (marks == nullptr) {
      marks = arena.allocate_array<uint8_t>(turn.records.size());
      std::fill_n(marks, turn.records.size(), uint8_t{0});
    }
    return std::exchange(marks[record], uint8_t{1}) == 0;
  };
  const bool looks_at_bytes = !records_.empty() || !sought_.empty();
  const auto look_at_bytes = [&](uint32_t record) {
    if (!looks_at_bytes || (marks != nullptr && marks[record] != 0)) return;
    if (is_erased(name, turn.records[record].bytes.view())) mark(record);
  };
  SubjectKey key;
  for (const Group& group : groups) {
    for (const Block& block : turn.blocks) {
      for (uint32_t row = 0; row < block.rows; ++row) {
        bool broken = false;
        key.clear();
        for (const KeyField& field : group.fields) {
          size_t leaf = field.leaf;
          broken = field.checked && read_slot(block.columns[leaf++], row).u8 != 0;
          if (broken || (field.optional && read_slot(block.columns[leaf++], row).u8 == 0)) break;
          const Slot value = read_slot(block.columns[leaf], row);
          auto& [field_name, text] = key.emplace_back(field.name, std::string());
          append_json(field.type, &value, text);
        }
        if (broken) look_at_bytes(block.record[row]);
        if (key.size() < group.fields.size()) continue;
        const auto found = group.subjects.find(log_.hash_of(name, key));
        if (found != group.subjects.end() && mark(block.record[row])) ++found_[found->second];
      }
    }
  }
  for (const RejectedRecord& rejected : turn.rejected) look_at_bytes(rejected.record);
  if (marks == nullptr) return {};
  return {marks, turn.records.size()};
}

bool ErasedKeys::is_erased(const std::string& source, std::string_view bytes) const {
  std::string hash;
  if (!records_.empty()) {
    hash = log_.hash_of_record(source, bytes);
    if (const auto known = records_.find(hash); known != records_.end()) {
      ++found_[known->second];
      return true;
    }
  }
  for (const SoughtKey& sought : sought_) {
    if (sought.source != source || sought.texts.empty()) continue;
    if (!std::ranges::all_of(sought.texts, [&](const std::string& text) { return has_as_word(bytes, text); })) continue;
    if (hash.empty()) hash = log_.hash_of_record(source, bytes);
    const std::lock_guard lock(mutex_);
    ++found_records_[{source, hash}];
    return true;
  }
  return false;
}

ErasedKeys::FoundRecords ErasedKeys::found_records() const {
  const std::lock_guard lock(mutex_);
  return found_records_;
}

}  // namespace braid
