#include "runtime/data/map_entries.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "runtime/base/check.h"
#include "runtime/data/decimal.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

int order_of(auto a, auto b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

}  // namespace

int compare_keys(const Type& key, const Slot& a, const Slot& b) {
  switch (leaf_kind(key)) {
    case LeafKind::u8:
      return order_of(a.u8, b.u8);
    case LeafKind::i32:
      return order_of(a.i32, b.i32);
    case LeafKind::i64:
      return order_of(a.i64, b.i64);
    case LeafKind::i128:
      return order_of(a.i128, b.i128);
    case LeafKind::bytes:
      return order_of(a.bytes.view().compare(b.bytes.view()), 0);
    case LeafKind::f64:
    case LeafKind::list:
      break;
  }
  BRAID_UNREACHABLE("no key of a map: " + to_string(key));
}

bool order_entries(const Type& map, Slot* entries, uint64_t count, Arena& arena) {
  const Type& key = key_of(map);
  const size_t width = leaf_count(map->element);
  auto order = [&](uint64_t a, uint64_t b) { return compare_keys(key, entries[a * width], entries[b * width]); };
  uint64_t ordered = 1;
  while (ordered < count && order(ordered - 1, ordered) < 0) ++ordered;
  if (ordered >= count) return true;
  std::vector<uint64_t> places(count);
  std::iota(places.begin(), places.end(), uint64_t{0});
  std::sort(places.begin(), places.end(), [&](uint64_t a, uint64_t b) { return order(a, b) < 0; });
  for (uint64_t i = 1; i < count; ++i)
    if (order(places[i - 1], places[i]) == 0) return false;
  Slot* copy = arena.allocate_array<Slot>(count * width);
  for (uint64_t i = 0; i < count; ++i)
    std::memcpy(static_cast<void*>(copy + i * width), entries + places[i] * width, width * sizeof(Slot));
  std::memcpy(static_cast<void*>(entries), copy, count * width * sizeof(Slot));
  return true;
}

bool order_entries(std::vector<Value>& entries) {
  auto key = [](const Value& entry) -> const Value& { return entry.items()[0]; };
  std::sort(entries.begin(), entries.end(),
            [&](const Value& a, const Value& b) { return compare(key(a), key(b)) < 0; });
  for (size_t i = 1; i < entries.size(); ++i)
    if (equal(key(entries[i - 1]), key(entries[i]))) return false;
  return true;
}

void append_key_text(const Type& key, const Slot& slot, std::string& out) {
  switch (key->kind) {
    case TypeKind::boolean:
      out += slot.u8 != 0 ? "true" : "false";
      return;
    case TypeKind::integer:
      return append_int128(out, slot.i64);
    case TypeKind::decimal:
      return append_decimal(out, leaf_kind(key) == LeafKind::i64 ? int128{slot.i64} : slot.i128, key->scale);
    case TypeKind::string:
      out += slot.bytes.view();
      return;
    case TypeKind::uuid:
      return append_uuid(out, slot.i128);
    case TypeKind::date:
      return append_date(out, slot.i32);
    case TypeKind::time:
      return append_time(out, slot.i64);
    case TypeKind::timestamp:
      return append_timestamp(out, slot.i64);
    case TypeKind::duration:
      return append_duration_iso(out, slot.i64);
    case TypeKind::enumeration:
      out += key->symbols[static_cast<size_t>(slot.i32)];
      return;
    case TypeKind::floating:
    case TypeKind::bytes:
    case TypeKind::json:
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no key of a map: " + to_string(key));
}

std::string key_text(const Type& key, const Value& value) {
  if (is(key, TypeKind::string)) return value.text();
  Arena arena(64);
  Slot slot = slot_i128(0);
  to_slots(key, value, &slot, arena);
  std::string text;
  append_key_text(key, slot, text);
  return text;
}

bool parse_key_text(const Type& key, std::string_view text, Value* value) {
  int64_t micros = 0;
  switch (key->kind) {
    case TypeKind::boolean:
      *value = {text == "true"};
      return text == "true" || text == "false";
    case TypeKind::integer:
    case TypeKind::decimal: {
      const bool whole = is(key, TypeKind::integer);
      int128 number = 0;
      if (parse_decimal(text, whole ? kDecimalDigits : key->precision, whole ? 0 : key->scale, &number) !=
          DecimalFault::none)
        return false;
      if (!whole) {
        *value = {number};
        return true;
      }
      *value = {static_cast<int64_t>(number)};
      return number == static_cast<int64_t>(number);
    }
    case TypeKind::string:
      *value = {std::string(text)};
      return true;
    case TypeKind::uuid: {
      int128 number = 0;
      if (!parse_uuid(text, &number)) return false;
      *value = {number};
      return true;
    }
    case TypeKind::date: {
      int32_t days = 0;
      if (!parse_date(text, &days)) return false;
      *value = {int64_t{days}};
      return true;
    }
    case TypeKind::time:
      if (!parse_time(text, &micros)) return false;
      *value = {micros};
      return true;
    case TypeKind::timestamp:
      if (!parse_timestamp(text, &micros)) return false;
      *value = {micros};
      return true;
    case TypeKind::duration:
      if (!parse_duration_iso(text, &micros)) return false;
      *value = {micros};
      return true;
    case TypeKind::enumeration: {
      const auto found = std::find(key->symbols.begin(), key->symbols.end(), text);
      if (found == key->symbols.end()) return false;
      *value = {static_cast<int64_t>(found - key->symbols.begin())};
      return true;
    }
    case TypeKind::floating:
    case TypeKind::bytes:
    case TypeKind::json:
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  return false;
}

}  // namespace braid
