#include "runtime/data/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "runtime/base/check.h"
#include "runtime/data/decimal.h"
#include "runtime/data/map_entries.h"
#include "runtime/data/script_text.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

int sign_of(auto a, auto b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

/// NaN stands above every number and equals itself.
int compare_floats(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return sign_of(std::isnan(a), std::isnan(b));
  return sign_of(a, b);
}

/// One leaf as the integer it stands for: integers, times, enumerations, decimals.
int128 slot_integer(const Type& type, const Slot& slot) {
  switch (leaf_kind(type)) {
    case LeafKind::i32:
      return slot.i32;
    case LeafKind::i64:
      return slot.i64;
    case LeafKind::i128:
      return slot.i128;
    case LeafKind::u8:
    case LeafKind::f64:
    case LeafKind::bytes:
    case LeafKind::list:
      break;
  }
  BRAID_UNREACHABLE("no integer leaf: " + to_string(type));
}

Slot integer_slot(const Type& type, int128 value) {
  Slot slot = slot_i128(0);
  switch (leaf_kind(type)) {
    case LeafKind::i32:
      slot.i32 = static_cast<int32_t>(value);
      return slot;
    case LeafKind::i64:
      slot.i64 = static_cast<int64_t>(value);
      return slot;
    case LeafKind::i128:
      slot.i128 = value;
      return slot;
    case LeafKind::u8:
    case LeafKind::f64:
    case LeafKind::bytes:
    case LeafKind::list:
      break;
  }
  BRAID_UNREACHABLE("no integer leaf: " + to_string(type));
}

void append_integer(std::string& out, int64_t value) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

const std::string& symbol_of(const Type& type, int128 index) {
  BRAID_CHECK(index >= 0 && index < static_cast<int128>(type->symbols.size()));
  return type->symbols[static_cast<size_t>(index)];
}

void append_timestamp_literal(std::string& out, int64_t micros) {
  std::string text = timestamp_text(micros);
  if (text.ends_with(":00Z")) text.replace(text.size() - 4, 4, "Z");
  out.push_back('@');
  out += text;
}

/// `1.5` and `1e+20` read as they are; `3` gets a point, so that a reader sees a float.
void append_float_literal(std::string& out, double value) {
  size_t begin = out.size();
  append_float(out, value);
  if (std::isfinite(value) && out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

void append_literal(std::string& out, const Type& type, const Value& value);

/// `{ a: 1, `b c`: 2 }`; what no name can say as entries.
void append_map_literal(std::string& out, const Type& type, const Value& value) {
  const Type& key = key_of(type);
  std::string text = "{ ";
  for (size_t i = 0; i < value.items().size(); ++i) {
    const std::vector<Value>& entry = value.items()[i].items();
    const std::string name = key_text(key, entry[0]);
    if (name.empty() || name.find_first_of("`\n") != std::string::npos) {
      append_literal(out, list_type(type->element), value);
      out += ".to_map()";
      return;
    }
    if (i > 0) text += ", ";
    text += is_name(name) ? name : "`" + name + "`";
    text += ": ";
    append_literal(text, value_of(type), entry[1]);
  }
  out += value.items().empty() ? "{ }" : text + " }";
}

void append_literal(std::string& out, const Type& type, const Value& value) {
  if (value.is_null()) {
    out += "null";
    return;
  }
  switch (type->kind) {
    case TypeKind::boolean:
      out += value.boolean() ? "true" : "false";
      return;
    case TypeKind::integer:
      append_integer(out, value.integer());
      return;
    case TypeKind::floating:
      append_float_literal(out, value.floating());
      return;
    case TypeKind::decimal:
      append_decimal(out, value.wide(), type->scale);
      return;
    case TypeKind::string:
      append_string_literal(out, value.text());
      return;
    case TypeKind::bytes: {
      std::string text;
      append_base64(text, value.text());
      append_string_literal(out, text);
      return;
    }
    case TypeKind::uuid:
      out.push_back('"');
      append_uuid(out, value.wide());
      out.push_back('"');
      return;
    case TypeKind::date:
      out.push_back('@');
      append_date(out, value.integer());
      return;
    case TypeKind::time: {
      std::string text;
      append_time(text, value.integer());
      if (text.size() == 8 && text.ends_with(":00")) text.resize(5);
      out += "@" + text;
      return;
    }
    case TypeKind::timestamp:
      append_timestamp_literal(out, value.integer());
      return;
    case TypeKind::duration:
      append_duration_literal(out, value.integer());
      return;
    case TypeKind::enumeration:
      append_string_literal(out, symbol_of(type, value.integer()));
      return;
    case TypeKind::json:
      out += value.text();
      return;
    case TypeKind::list:
      out.push_back('[');
      for (size_t i = 0; i < value.items().size(); ++i) {
        if (i > 0) out += ", ";
        append_literal(out, type->element, value.items()[i]);
      }
      out.push_back(']');
      return;
    case TypeKind::map:
      return append_map_literal(out, type, value);
    case TypeKind::structure:
      BRAID_CHECK(value.items().size() == type->fields.size());
      out += "{ ";
      for (size_t i = 0; i < type->fields.size(); ++i) {
        if (i > 0) out += ", ";
        out += type->fields[i].name + ": ";
        append_literal(out, type->fields[i].type, value.items()[i]);
      }
      out += " }";
      return;
    case TypeKind::optional:
    case TypeKind::checked:
      append_literal(out, type->element, value);
      return;
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no values of type " + to_string(type));
}

}  // namespace

bool equal(const Value& a, const Value& b) {
  return compare(a, b) == 0;
}

int compare(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return sign_of(a.is_null(), b.is_null());
  BRAID_CHECK(a.content.index() == b.content.index());
  if (const bool* value = std::get_if<bool>(&a.content)) return sign_of(*value, b.boolean());
  if (const int64_t* value = std::get_if<int64_t>(&a.content)) return sign_of(*value, b.integer());
  if (const double* value = std::get_if<double>(&a.content)) return compare_floats(*value, b.floating());
  if (const int128* value = std::get_if<int128>(&a.content)) return sign_of(*value, b.wide());
  if (const std::string* value = std::get_if<std::string>(&a.content)) return sign_of(value->compare(b.text()), 0);
  const std::vector<Value>& left = a.items();
  const std::vector<Value>& right = b.items();
  for (size_t i = 0; i < left.size() && i < right.size(); ++i)
    if (int order = compare(left[i], right[i]); order != 0) return order;
  return sign_of(left.size(), right.size());
}

void to_slots(const Type& type, const Value& value, Slot* slots, Arena& arena) {
  BRAID_CHECK(type != nullptr);
  if (type->kind == TypeKind::optional || type->kind == TypeKind::checked) {
    bool present = !value.is_null() || is_optional(type->element);
    slots[0] = slot_u8(type->kind == TypeKind::optional ? present : !present);
    if (present) return to_slots(type->element, value, slots + 1, arena);
    // An absent value is no failed conversion: `checked` of a plain type holds none only where the conversion failed.
    if (type->kind == TypeKind::checked) slots[0].u8 = static_cast<uint8_t>(ConversionFault::null);
    for (size_t i = 0; i < leaf_count(type->element); ++i) slots[1 + i] = slot_i128(0);
    return;
  }
  BRAID_CHECK(!value.is_null(), "null for a type that is not optional: " + to_string(type));
  switch (type->kind) {
    case TypeKind::boolean:
      slots[0] = slot_u8(value.boolean());
      return;
    case TypeKind::integer:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::enumeration:
      slots[0] = integer_slot(type, value.integer());
      return;
    case TypeKind::decimal:
    case TypeKind::uuid:
      slots[0] = integer_slot(type, value.wide());
      return;
    case TypeKind::floating:
      slots[0] = slot_f64(value.floating());
      return;
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::json:
      slots[0] = slot_i128(0);
      slots[0].bytes = arena.copy(value.text());
      return;
    case TypeKind::list:
    case TypeKind::map: {
      const std::vector<Value>& items = value.items();
      size_t width = leaf_count(type->element);
      Slot* elements = arena.allocate_array<Slot>(items.size() * width);
      for (size_t i = 0; i < items.size(); ++i) to_slots(type->element, items[i], elements + i * width, arena);
      slots[0] = slot_i128(0);
      slots[0].list = {elements, items.size()};
      return;
    }
    case TypeKind::structure:
      BRAID_CHECK(value.items().size() == type->fields.size());
      for (size_t i = 0; i < type->fields.size(); ++i) {
        to_slots(type->fields[i].type, value.items()[i], slots, arena);
        slots += leaf_count(type->fields[i].type);
      }
      return;
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no values of type " + to_string(type));
}

Value from_slots(const Type& type, const Slot* slots) {
  BRAID_CHECK(type != nullptr);
  switch (type->kind) {
    case TypeKind::boolean:
      return {slots[0].u8 != 0};
    case TypeKind::integer:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::enumeration:
      return {static_cast<int64_t>(slot_integer(type, slots[0]))};
    case TypeKind::decimal:
    case TypeKind::uuid:
      return {slot_integer(type, slots[0])};
    case TypeKind::floating:
      return {slots[0].f64};
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::json:
      return {std::string(slots[0].bytes.view())};
    case TypeKind::list:
    case TypeKind::map: {
      std::vector<Value> items;
      size_t width = leaf_count(type->element);
      for (uint64_t i = 0; i < slots[0].list.count; ++i)
        items.push_back(from_slots(type->element, slots[0].list.items + i * width));
      return {std::move(items)};
    }
    case TypeKind::structure: {
      std::vector<Value> items;
      for (const Field& field : type->fields) {
        items.push_back(from_slots(field.type, slots));
        slots += leaf_count(field.type);
      }
      return {std::move(items)};
    }
    case TypeKind::optional:
      return slots[0].u8 != 0 ? from_slots(type->element, slots + 1) : Value{Null{}};
    case TypeKind::checked:
      return slots[0].u8 == 0 ? from_slots(type->element, slots + 1) : Value{Null{}};
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no values of type " + to_string(type));
}

std::string to_literal(const Type& type, const Value& value) {
  std::string text;
  append_literal(text, type, value);
  return text;
}

void append_json(const Type& type, const Slot* slots, std::string& out) {
  switch (type->kind) {
    case TypeKind::boolean:
      out += slots[0].u8 != 0 ? "true" : "false";
      return;
    case TypeKind::integer:
      append_integer(out, slots[0].i64);
      return;
    case TypeKind::floating:
      if (std::isfinite(slots[0].f64)) {
        append_float(out, slots[0].f64);
      } else {
        out.push_back('"');
        append_float(out, slots[0].f64);
        out.push_back('"');
      }
      return;
    case TypeKind::decimal:
      append_decimal(out, slot_integer(type, slots[0]), type->scale);
      return;
    case TypeKind::string:
      append_json_string(out, slots[0].bytes.view());
      return;
    case TypeKind::enumeration:
      append_json_string(out, symbol_of(type, slots[0].i32));
      return;
    case TypeKind::bytes:
      out.push_back('"');
      append_base64(out, slots[0].bytes.view());
      out.push_back('"');
      return;
    case TypeKind::uuid:
      out.push_back('"');
      append_uuid(out, slots[0].i128);
      out.push_back('"');
      return;
    case TypeKind::date:
      out.push_back('"');
      append_date(out, slots[0].i32);
      out.push_back('"');
      return;
    case TypeKind::time:
      out.push_back('"');
      append_time(out, slots[0].i64);
      out.push_back('"');
      return;
    case TypeKind::timestamp:
      out.push_back('"');
      append_timestamp(out, slots[0].i64);
      out.push_back('"');
      return;
    case TypeKind::duration:
      out.push_back('"');
      append_duration_iso(out, slots[0].i64);
      out.push_back('"');
      return;
    case TypeKind::json:
      out += slots[0].bytes.view();
      return;
    case TypeKind::list: {
      size_t width = leaf_count(type->element);
      out.push_back('[');
      for (uint64_t i = 0; i < slots[0].list.count; ++i) {
        if (i > 0) out.push_back(',');
        append_json(type->element, slots[0].list.items + i * width, out);
      }
      out.push_back(']');
      return;
    }
    case TypeKind::map: {
      const size_t width = leaf_count(type->element);
      const Type& key = key_of(type);
      std::string name;
      out.push_back('{');
      for (uint64_t i = 0; i < slots[0].list.count; ++i) {
        const Slot* entry = slots[0].list.items + i * width;
        if (i > 0) out.push_back(',');
        name.clear();
        append_key_text(key, *entry, name);
        append_json_string(out, name);
        out.push_back(':');
        append_json(value_of(type), entry + 1, out);
      }
      out.push_back('}');
      return;
    }
    case TypeKind::structure:
      out.push_back('{');
      for (size_t i = 0; i < type->fields.size(); ++i) {
        if (i > 0) out.push_back(',');
        append_json_string(out, type->fields[i].name);
        out.push_back(':');
        append_json(type->fields[i].type, slots, out);
        slots += leaf_count(type->fields[i].type);
      }
      out.push_back('}');
      return;
    case TypeKind::optional:
    case TypeKind::checked:
      if ((slots[0].u8 != 0) == (type->kind == TypeKind::optional)) {
        append_json(type->element, slots + 1, out);
      } else {
        out += "null";
      }
      return;
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no values of type " + to_string(type));
}

std::string to_json(const Type& type, const Value& value) {
  Arena arena(4096);
  Slot* slots = arena.allocate_array<Slot>(leaf_count(type));
  to_slots(type, value, slots, arena);
  std::string text;
  append_json(type, slots, text);
  return text;
}

std::string to_cell(const Type& type, const Value& value) {
  if (value.is_null()) return "";
  const Type& plain = without_optional(type);
  if (is(plain, TypeKind::string) || is(plain, TypeKind::json)) return value.text();
  std::string text = to_json(plain, value);
  // JSON puts times, symbols, UUIDs and the like in quotes; a cell shows them bare.
  if (is(plain, TypeKind::enumeration)) return symbol_of(plain, value.integer());
  if (text.starts_with('"')) return text.substr(1, text.size() - 2);
  return text;
}

}  // namespace braid
