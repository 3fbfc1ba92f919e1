#include "runtime/engine/unlogged_value.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/codec/avro_bytes.h"
#include "runtime/data/text_forms.h"

namespace braid {
namespace {

constexpr std::string_view kText = "__debezium_unavailable_value";
constexpr std::string_view kBase64 = "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==";
constexpr std::string_view kUuid = "b68a35a7-17ad-35b3-af2a-ae46edb4545a";

/// The elements of a list of numbers as the connector's converters write them. In Avro each may be null, so the number
/// of its branch stands in front of it.
std::string codes_in_json() {
  std::string text;
  for (const char each : kText) text += (text.empty() ? "" : ",") + std::to_string(each);
  return text;
}
std::string codes_in_avro() {
  std::string text;
  for (const char each : kText) {
    append_avro_long(text, 1);
    append_avro_long(text, each);
  }
  return text;
}

int128 uuid_of_text() {
  int128 value = 0;
  BRAID_CHECK(parse_uuid(kUuid, &value), "a UUID that is none");
  return value;
}

bool is_of(const Type& type, std::initializer_list<TypeKind> kinds) {
  return std::ranges::any_of(kinds, [&](TypeKind kind) { return is(type, kind); });
}

/// Of an element at a place of its list.
bool is_unlogged_element(const Type& type, const Slot* slots, uint64_t place, uint64_t count) {
  if (is_optional(type))
    return slots[0].u8 != 0 && is_unlogged_element(without_optional(type), slots + 1, place, count);
  if (is(type, TypeKind::integer)) return count == kText.size() && slots[0].i64 == kText[place];
  if (is(type, TypeKind::date)) return count == kText.size() && slots[0].i32 == kText[place];
  static const int128 uuid = uuid_of_text();
  if (is(type, TypeKind::uuid)) return count == 1 && slots[0].i128 == uuid;
  return count == 1 && slots[0].bytes.view() == kText;
}

}  // namespace

std::vector<std::string> traces_of_unlogged(const Type& type) {
  Type value = without_optional(type);
  const bool is_list = is(value, TypeKind::list);
  if (is_list) value = without_optional(value->element);
  if (is_of(value, {TypeKind::string, TypeKind::bytes})) return {std::string(kText), std::string(kBase64)};
  if (is_list && is_of(value, {TypeKind::integer, TypeKind::date})) return {codes_in_json(), codes_in_avro()};
  if (is_list && is(value, TypeKind::uuid)) return {std::string(kUuid)};
  return {};
}

bool is_unlogged(const Type& type, const Slot* slots) {
  if (is_optional(type)) return slots[0].u8 != 0 && is_unlogged(without_optional(type), slots + 1);
  if (!is(type, TypeKind::list)) return slots[0].bytes.view() == kText;
  const auto [items, count] = slots[0].list;
  const size_t width = leaf_count(type->element);
  for (uint64_t i = 0; i < count; ++i)
    if (!is_unlogged_element(type->element, items + i * width, i, count)) return false;
  return count > 0;
}

}  // namespace braid
