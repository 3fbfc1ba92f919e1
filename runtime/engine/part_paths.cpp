#include "runtime/engine/part_paths.h"

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

constexpr size_t kMostKnown = 4096;

}  // namespace

PartPaths::PartPaths(const PathTemplate& path, const std::vector<Field>& row, PartSpelling spelling)
    : spelling_(spelling), text_(path.text) {
  prefix_ = path.parts.front().literal;
  for (size_t i = 0; i < path.parts.size(); ++i) {
    if (path.parts[i].field.empty()) continue;
    const std::vector<int> way = path_in_row(row, path.parts[i].field);
    BRAID_CHECK(!way.empty(), "a path of an output names no field");
    FieldPart made{.first = 0,
                   .presences = {},
                   .type = nullptr,
                   .literal = i + 1 < path.parts.size() ? path.parts[i + 1].literal : std::string()};
    const std::vector<Field>* fields = &row;
    for (const int field : way) {
      made.first += leaf_offset(*fields, static_cast<size_t>(field));
      Type type = (*fields)[static_cast<size_t>(field)].type;
      if (is_optional(type)) made.presences.push_back(made.first++);
      made.type = without_optional(type);
      fields = &made.type->fields;
    }
    fields_.push_back(std::move(made));
  }
}

const std::string& PartPaths::of(const Block& block, uint32_t row) {
  key_.clear();
  for (const FieldPart& field : fields_) {
    bool present = true;
    for (const size_t leaf : field.presences) present &= block.columns[leaf].as<uint8_t>()[row] != 0;
    key_ += present ? '\1' : '\0';
    if (!present) continue;
    const Slot slot = read_slot(block.columns[field.first], row);
    append_key_bytes(field.type, &slot, key_);
  }
  const auto known = known_.find(key_);
  if (known != known_.end()) return known->second;
  if (known_.size() >= kMostKnown) known_.clear();
  return known_.emplace(key_, made_of(block, row)).first->second;
}

std::string PartPaths::made_of(const Block& block, uint32_t row) const {
  std::string path;
  for (const FieldPart& field : fields_) {
    bool present = true;
    for (const size_t leaf : field.presences) present &= block.columns[leaf].as<uint8_t>()[row] != 0;
    if (present) {
      const Slot slot = read_slot(block.columns[field.first], row);
      path += spelling_.text(to_cell(field.type, from_slots(field.type, &slot)));
    } else {
      path += spelling_.null;
    }
    path += field.literal;
  }
  return path;
}

}  // namespace braid
