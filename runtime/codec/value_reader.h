// One value from its text to slots, for a declared type: what JSON strings, JSON numbers and CSV cells have in common.
//
// int: digits, exactly; a fraction or exponent only if the number is whole (1.0, 1e3). float: the nearest double, not
// beyond the range. decimal: exactly; more digits than the scale keeps only if they are zero; JSON also as a string.
// bool: true, false. string. bytes: base64. uuid. date, time, timestamp, duration: time_text.h, durations ISO 8601.
// timestamp: RFC 3339 with offset; without offset if a zone is given; a number if a unit is given, digits beyond the
// microsecond only in nanoseconds, where they are cut off towards the past. time and duration: numbers of that unit,
// too, and date: of days since 1970. enum: the symbol. json: JSON text of any shape, which becomes canonical
// (runtime/data/json_text.h).
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "runtime/codec/decoder.h"
#include "runtime/data/slot.h"
#include "runtime/data/time_zone.h"

namespace braid {

/// A type made ready for reading. Immutable; refers to the zone it was made with.
struct Shape {
  TypeKind kind = TypeKind::boolean;  ///< of T
  Type type;                          ///< T, without optional
  bool optional = false;
  LeafKind leaf = LeafKind::u8;  ///< of a scalar T
  uint32_t leaves = 1;           ///< with the presence leaf
  const TimeZone* zone = nullptr;
  TimestampUnit unit = TimestampUnit::none;
  std::vector<Shape> children;  ///< list: its element; map: key and value; structure: its fields
};

Shape make_shape(const Type& type, const TimeZone* zone, TimestampUnit unit);

/// `text` is a number by the grammar of JSON. Writes the leaf of T (no presence leaf).
ConversionFault read_number(const Shape& shape, std::string_view text, Slot* slot);
/// `text` is the content of a JSON string or a CSV cell, and outlives the slot; bytes are decoded into the arena.
/// For types that a JSON string cannot give: wrong_type.
ConversionFault read_text(const Shape& shape, std::string_view text, Slot* slot, Arena& arena);

/// A key of a map from its text; likewise.
ConversionFault read_key(const Shape& shape, std::string_view text, Slot* slot, Arena& arena);

/// `text` is JSON of any shape. Writes its canonical form into the arena.
ConversionFault read_json(std::string_view text, Slot* slot, Arena& arena);

/// Whether `text` is a number by the grammar of JSON.
bool is_json_number(std::string_view text);

}  // namespace braid
