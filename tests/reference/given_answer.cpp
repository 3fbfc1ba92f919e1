#include "tests/reference/given_answer.h"

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"

namespace braid::reference {
namespace {

Value value_of(const Type& type, uint64_t hash) {
  if (is_optional(type)) return hash % 3 == 0 ? Value{Null{}} : value_of(type->element, hash / 3);
  const auto small = static_cast<int64_t>(hash % 10);
  switch (type->kind) {
    case TypeKind::boolean:
      return {small % 2 == 0};
    case TypeKind::integer:
      return {small};
    case TypeKind::floating:
      return {static_cast<double>(small) / 4};
    case TypeKind::decimal:
      return {static_cast<int128>(small)};
    case TypeKind::string:
      return {"v" + std::to_string(small)};
    default:
      BRAID_UNREACHABLE("a field that services of tests do not have");
  }
}

}  // namespace

GivenAnswer given_answer(const std::vector<Field>& result, const std::vector<std::string>& arguments) {
  std::string key;
  for (const std::string& argument : arguments) key += argument + "\n";
  uint64_t hash = key_hash(key);
  const uint64_t choice = hash % 6;
  if (choice == 0) return {.kind = GivenAnswer::Kind::nothing};
  if (choice == 1) return {.kind = GivenAnswer::Kind::failed};
  std::vector<Value> fields;
  for (const Field& field : result) {
    hash = key_hash(key + field.name);
    fields.push_back(value_of(field.type, hash / 6));
  }
  return {.kind = GivenAnswer::Kind::found, .value = {std::move(fields)}};
}

}  // namespace braid::reference
