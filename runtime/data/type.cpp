#include "runtime/data/type.h"

#include <algorithm>
#include <cctype>

#include "runtime/base/check.h"

namespace braid {
namespace {

std::shared_ptr<TypeNode> new_node(TypeKind kind) {
  auto node = std::make_shared<TypeNode>();
  node->kind = kind;
  return node;
}

/// Types without parameters are made once and shared: immutable, so threads may use them together.
template <TypeKind kind>
const Type& shared_type() {
  static const Type type = new_node(kind);
  return type;
}

bool is_word(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0]))) return false;
  for (char c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  return true;
}

std::string join_fields(const std::vector<Field>& fields) {
  std::string text = "{ ";
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) text += ", ";
    text += fields[i].name + ": " + to_string(fields[i].type);
  }
  return fields.empty() ? "{ }" : text + " }";
}

std::string join_symbols(const std::vector<std::string>& symbols) {
  std::string text = "enum { ";
  for (size_t i = 0; i < symbols.size(); ++i) {
    if (i > 0) text += ", ";
    text += is_word(symbols[i]) ? symbols[i] : "\"" + symbols[i] + "\"";
  }
  return symbols.empty() ? "enum { }" : text + " }";
}

}  // namespace

Type bool_type() {
  return shared_type<TypeKind::boolean>();
}
Type int_type() {
  return shared_type<TypeKind::integer>();
}
Type float_type() {
  return shared_type<TypeKind::floating>();
}
Type string_type() {
  return shared_type<TypeKind::string>();
}
Type bytes_type() {
  return shared_type<TypeKind::bytes>();
}
Type uuid_type() {
  return shared_type<TypeKind::uuid>();
}
Type date_type() {
  return shared_type<TypeKind::date>();
}
Type time_type() {
  return shared_type<TypeKind::time>();
}
Type timestamp_type() {
  return shared_type<TypeKind::timestamp>();
}
Type duration_type() {
  return shared_type<TypeKind::duration>();
}
Type json_type() {
  return shared_type<TypeKind::json>();
}
Type null_type() {
  return shared_type<TypeKind::null>();
}
Type error_type() {
  return shared_type<TypeKind::error>();
}

Type decimal_type(int precision, int scale) {
  BRAID_CHECK(precision >= 0 && precision <= 38 && scale >= 0 && scale <= 38 && (precision == 0 || scale <= precision));
  auto node = new_node(TypeKind::decimal);
  node->precision = precision;
  node->scale = scale;
  return node;
}
int quotient_scale(const Type& number) {
  constexpr int kMostDigits = 38, kMoreDigits = 6, kDigitsOfInteger = 19;
  const bool integer = is(number, TypeKind::integer);
  const int scale = integer ? 0 : number->scale;
  const int whole = integer ? kDigitsOfInteger : number->precision - scale;
  return std::min(scale + kMoreDigits, kMostDigits - whole);
}

Type enum_type(std::vector<std::string> symbols) {
  auto node = new_node(TypeKind::enumeration);
  node->symbols = std::move(symbols);
  return node;
}

Type list_type(Type element) {
  auto node = new_node(TypeKind::list);
  node->element = std::move(element);
  return node;
}

Type map_type(Type key, Type value) {
  auto node = new_node(TypeKind::map);
  node->element = struct_type({{"key", std::move(key)}, {"value", std::move(value)}});
  return node;
}

Type struct_type(std::vector<Field> fields) {
  auto node = new_node(TypeKind::structure);
  node->fields = std::move(fields);
  return node;
}

Type optional_type(Type inner) {
  if (is(inner, TypeKind::optional)) return inner;
  auto node = new_node(TypeKind::optional);
  node->element = std::move(inner);
  return node;
}

Type checked_type(Type inner) {
  auto node = new_node(TypeKind::checked);
  node->element = std::move(inner);
  return node;
}

bool same(const Type& a, const Type& b) {
  if (a == b) return true;
  if (!a || !b || a->kind != b->kind) return false;
  switch (a->kind) {
    case TypeKind::decimal:
      return a->precision == b->precision && a->scale == b->scale;
    case TypeKind::enumeration:
      return a->symbols == b->symbols;
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::optional:
    case TypeKind::checked:
      return same(a->element, b->element);
    case TypeKind::structure:
      if (a->fields.size() != b->fields.size()) return false;
      for (size_t i = 0; i < a->fields.size(); ++i)
        if (a->fields[i].name != b->fields[i].name || !same(a->fields[i].type, b->fields[i].type)) return false;
      return true;
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::floating:
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::uuid:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::json:
    case TypeKind::null:
    case TypeKind::error:
      return true;
  }
  BRAID_UNREACHABLE("type kind");
}

bool is(const Type& type, TypeKind kind) {
  return type && type->kind == kind;
}

const Type& without_optional(const Type& type) {
  return is_optional(type) ? type->element : type;
}

std::string to_string(const Type& type) {
  BRAID_CHECK(type != nullptr);
  switch (type->kind) {
    case TypeKind::boolean:
      return "bool";
    case TypeKind::integer:
      return "int";
    case TypeKind::floating:
      return "float";
    case TypeKind::decimal:
      if (type->precision == 0) return "decimal";
      return "decimal(" + std::to_string(type->precision) + "," + std::to_string(type->scale) + ")";
    case TypeKind::string:
      return "string";
    case TypeKind::bytes:
      return "bytes";
    case TypeKind::uuid:
      return "uuid";
    case TypeKind::date:
      return "date";
    case TypeKind::time:
      return "time";
    case TypeKind::timestamp:
      return "timestamp";
    case TypeKind::duration:
      return "duration";
    case TypeKind::enumeration:
      return join_symbols(type->symbols);
    case TypeKind::json:
      return "json";
    case TypeKind::list:
      return "list<" + to_string(type->element) + ">";
    case TypeKind::map:
      return "map<" + to_string(key_of(type)) + ", " + to_string(value_of(type)) + ">";
    case TypeKind::structure:
      return join_fields(type->fields);
    case TypeKind::optional:
      return to_string(type->element) + "?";
    case TypeKind::checked:
      return "checked<" + to_string(type->element) + ">";
    case TypeKind::null:
      return "null";
    case TypeKind::error:
      return "error";
  }
  BRAID_UNREACHABLE("type kind");
}

int find_field(const std::vector<Field>& fields, std::string_view name) {
  for (size_t i = 0; i < fields.size(); ++i)
    if (fields[i].name == name) return static_cast<int>(i);
  return -1;
}

size_t leaf_width(LeafKind kind) {
  switch (kind) {
    case LeafKind::u8:
      return 1;
    case LeafKind::i32:
      return 4;
    case LeafKind::i64:
    case LeafKind::f64:
      return 8;
    case LeafKind::i128:
    case LeafKind::bytes:
    case LeafKind::list:
      return 16;
  }
  BRAID_UNREACHABLE("leaf kind");
}

LeafKind leaf_kind(const Type& type) {
  BRAID_CHECK(type != nullptr);
  switch (type->kind) {
    case TypeKind::boolean:
      return LeafKind::u8;
    case TypeKind::date:
    case TypeKind::enumeration:
      return LeafKind::i32;
    case TypeKind::integer:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
      return LeafKind::i64;
    case TypeKind::decimal:
      // A bare `decimal` (precision 0) is passed at full width.
      return type->precision >= 1 && type->precision <= 18 ? LeafKind::i64 : LeafKind::i128;
    case TypeKind::floating:
      return LeafKind::f64;
    case TypeKind::uuid:
      return LeafKind::i128;
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::json:
      return LeafKind::bytes;
    case TypeKind::list:
    case TypeKind::map:
      return LeafKind::list;
    case TypeKind::structure:
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("not one leaf: " + to_string(type));
}

void flatten(const Type& type, std::vector<Leaf>& leaves) {
  BRAID_CHECK(type != nullptr);
  switch (type->kind) {
    case TypeKind::structure:
      for (const Field& field : type->fields) flatten(field.type, leaves);
      return;
    case TypeKind::optional:
    case TypeKind::checked:
      leaves.push_back({LeafKind::u8, bool_type()});
      flatten(type->element, leaves);
      return;
    case TypeKind::null:
    case TypeKind::error:
      BRAID_UNREACHABLE("a type of the checker has no leaves");
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::floating:
    case TypeKind::decimal:
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::uuid:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::enumeration:
    case TypeKind::json:
    case TypeKind::list:
    case TypeKind::map:
      leaves.push_back({leaf_kind(type), type});
      return;
  }
}

std::vector<Leaf> flatten(const Type& type) {
  std::vector<Leaf> leaves;
  flatten(type, leaves);
  return leaves;
}

std::vector<Leaf> flatten(const std::vector<Field>& row) {
  std::vector<Leaf> leaves;
  for (const Field& field : row) flatten(field.type, leaves);
  return leaves;
}

size_t leaf_count(const Type& type) {
  BRAID_CHECK(type != nullptr);
  if (type->kind == TypeKind::structure) {
    size_t count = 0;
    for (const Field& field : type->fields) count += leaf_count(field.type);
    return count;
  }
  if (type->kind == TypeKind::optional || type->kind == TypeKind::checked) return 1 + leaf_count(type->element);
  BRAID_CHECK(type->kind != TypeKind::null && type->kind != TypeKind::error);
  return 1;
}

size_t leaf_offset(const std::vector<Field>& row, size_t index) {
  BRAID_CHECK(index <= row.size());
  size_t offset = 0;
  for (size_t i = 0; i < index; ++i) offset += leaf_count(row[i].type);
  return offset;
}

bool is_ordered(const Type& type) {
  switch (type->kind) {
    case TypeKind::integer:
    case TypeKind::floating:
    case TypeKind::decimal:
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::uuid:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::error:
      return true;
    case TypeKind::boolean:
    case TypeKind::enumeration:
    case TypeKind::json:
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
      return false;
  }
  return false;
}

bool is_map_key(const Type& type) {
  switch (type->kind) {
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::decimal:
    case TypeKind::string:
    case TypeKind::uuid:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::enumeration:
    case TypeKind::error:
      return true;
    case TypeKind::floating:
    case TypeKind::bytes:
    case TypeKind::json:
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
      return false;
  }
  return false;
}

}  // namespace braid
