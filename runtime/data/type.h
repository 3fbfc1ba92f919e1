// The types of Braid as data, shared by compiler and runtime.
//
// A Type is immutable and compared by structure (`same`). Its owner is a shared_ptr, because expressions, rows,
// declarations and layouts with different lifetimes refer to one type.
//
// A type is laid out as a list of leaves (`flatten`): scalars are one leaf, a struct is the leaves of its fields in
// order, `T?` is a presence leaf (u8: 1 present) followed by the leaves of T, `checked<T>` is a status leaf (u8: 0
// converted, else a ConversionFault) followed by the leaves of T. Leaves of an absent or failed value are zero.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

enum class TypeKind : uint8_t {
  boolean,
  integer,   ///< 64 bits
  floating,  ///< 64 bits
  decimal,   ///< decimal(precision, scale), precision 1..38
  string,    ///< UTF-8
  bytes,
  uuid,
  date,       ///< days since 1970-01-01
  time,       ///< microseconds since midnight
  timestamp,  ///< microseconds since 1970-01-01T00:00Z
  duration,   ///< microseconds
  enumeration,
  json,  ///< a JSON value of any shape, as canonical text (json_text.h)
  list,
  map,  ///< its entries, each key once, in the order of the keys (map_entries.h)
  structure,
  optional,
  checked,  ///< a source field whose conversion may have failed; reading it is fallible (plan only)
  null,     ///< of the literal null until another type is known (checker only)
  error     ///< of an expression already reported; silences follow-ups (checker only)
};

class TypeNode;
using Type = std::shared_ptr<const TypeNode>;

struct Field {
  std::string name;
  Type type;
};

class TypeNode {
 public:
  TypeKind kind;
  int precision = 0;                 ///< decimal; 0 in a parameter type `decimal`: as the call has it
  int scale = 0;                     ///< decimal
  std::vector<std::string> symbols;  ///< enumeration: a value is an index into this
  Type element;                      ///< list, optional, checked; map: { key: K, value: V }
  std::vector<Field> fields;         ///< structure
};

Type bool_type();
Type int_type();
Type float_type();
Type decimal_type(int precision, int scale);
/// Digits behind the point of a quotient or an average of an int or decimal: six more than it has, or as many as its
/// digits before the point leave of 38. So a number divided by 1 fits, and an average fits.
int quotient_scale(const Type& number);
Type string_type();
Type bytes_type();
Type uuid_type();
Type date_type();
Type time_type();
Type timestamp_type();
Type duration_type();
Type json_type();
Type null_type();
Type error_type();
Type enum_type(std::vector<std::string> symbols);
Type list_type(Type element);
/// A map has the storage of a list of { key: K, value: V }.
Type map_type(Type key, Type value);
Type struct_type(std::vector<Field> fields);
/// `T?`; an optional of an optional is that optional.
Type optional_type(Type inner);
Type checked_type(Type inner);

bool same(const Type& a, const Type& b);
bool is(const Type& type, TypeKind kind);
/// K and V of map<K, V>.
inline const Type& key_of(const Type& map) {
  return map->element->fields[0].type;
}
inline const Type& value_of(const Type& map) {
  return map->element->fields[1].type;
}
/// Whether values of the type can be keys of a map: what has one text, and equal values one.
bool is_map_key(const Type& type);
/// Scalars that `<` compares; also the type of a mistake that was already reported.
bool is_ordered(const Type& type);
inline bool is_optional(const Type& type) {
  return is(type, TypeKind::optional);
}
/// T of `T?`, else the type itself.
const Type& without_optional(const Type& type);
/// As a script would spell it: "decimal(12,2)?", "enum { a, b }", "{ id: int, at: timestamp }".
std::string to_string(const Type& type);
/// Index of the field of that name, -1 if there is none.
int find_field(const std::vector<Field>& fields, std::string_view name);

// ---- leaves ----------------------------------------------------------------------------------------------------

enum class LeafKind : uint8_t { u8, i32, i64, f64, i128, bytes, list };
// boolean, presence, status: u8. date, enumeration: i32. integer, time, timestamp, duration, decimal to 18 digits:
// i64. floating: f64. longer decimals (unscaled), uuid (big-endian bytes): i128. string, bytes, json: bytes. list, map:
// list.

struct Leaf {
  LeafKind kind;
  Type type;  ///< the scalar, list or map it belongs to; bool_type() for presence and status
};

/// Bytes of one value of that leaf in a column: 1, 4, 8, 8, 16, 16, 16.
size_t leaf_width(LeafKind kind);
LeafKind leaf_kind(const Type& scalar_list_or_map);
void flatten(const Type& type, std::vector<Leaf>& leaves);
std::vector<Leaf> flatten(const Type& type);
std::vector<Leaf> flatten(const std::vector<Field>& row);
size_t leaf_count(const Type& type);
/// First leaf of field `index` in the flattened row.
size_t leaf_offset(const std::vector<Field>& row, size_t index);

/// Why a field of a record could not be converted; the value of a status leaf.
enum class ConversionFault : uint8_t {
  none = 0,
  missing,     ///< absent, and neither optional nor with a default
  null,        ///< null, and not optional
  wrong_type,  ///< a number where text is declared, an object where a list is …
  not_a_number,
  out_of_range,  ///< does not fit 64 bits, the decimal's digits or scale
  unknown_symbol,
  bad_time,  ///< not a timestamp, date, time or duration of the declared form
  bad_uuid,
  duplicate,  ///< the record has the field twice
  too_deep,
  column_missing  ///< CSV: the header has no such column
};

}  // namespace braid
