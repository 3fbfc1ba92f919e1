// One value of an OData expression: of a field, of a literal, or computed.
//
// Texts and lists are views: into the row, the expression or the arena of the evaluation, whose lifetimes bound them.
// A plain value; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/data/arena.h"
#include "runtime/data/slot.h"
#include "runtime/data/type.h"

namespace braid::serve::odata {

enum class Kind : uint8_t {
  null,  ///< of a value: it is null. Of an expression: only null is known
  boolean,
  integer,  ///< Edm.Int64
  decimal,
  floating,  ///< Edm.Double
  text,      ///< Edm.String, also of json and of symbols that are no names
  bytes,     ///< Edm.Binary
  guid,
  date,
  time,     ///< Edm.TimeOfDay
  instant,  ///< Edm.DateTimeOffset
  duration,
  enumeration,
  structure,
  list  ///< a collection, also of a map's entries
};

struct Datum {
  Kind kind = Kind::null;
  int scale = 0;          ///< of a decimal
  int128 number = 0;      ///< boolean, integer, decimal (unscaled), guid, date, time, instant, duration, enumeration
  double real = 0;        ///< floating
  std::string_view text;  ///< text, bytes
  const TypeNode* type = nullptr;  ///< enumeration, structure, list: what it is a value of
  const Slot* slots = nullptr;     ///< structure, list

  bool is_null() const { return kind == Kind::null; }
  bool is_true() const { return kind == Kind::boolean && number != 0; }
};

Datum null_datum();
Datum boolean_datum(bool value);
Datum integer_datum(int64_t value);
Datum number_datum(Kind kind, int128 value);  ///< of what `number` has, with scale 0
Datum decimal_datum(int128 value, int scale);
Datum real_datum(double value);
Datum text_datum(std::string_view value, Kind kind = Kind::text);

bool is_number(Kind kind);

/// Of values of the type, optional or not. An enum some of whose symbols are no names of OData is a text.
Kind kind_of(const Type& type);
bool is_named_enum(const TypeNode& enumeration);
/// A value of the type, whose leaves begin at `slots`.
Datum datum_of(const Type& type, const Slot* slots);

/// Of two values that are not null and can be compared: numbers with numbers, else of one kind. Nothing: a NaN has no
/// order.
std::optional<int> compare(const Datum& a, const Datum& b);
double as_real(const Datum& number);

/// The value as a leaf of a field of that type, which is not optional. Nothing: no such field has exactly this value.
std::optional<Slot> slot_of(const Datum& value, const Type& type);

/// Bytes that sort as values of one kind do, null below all.
void append_sort_bytes(const Datum& value, std::string& out);

/// `Edm.Int64` and the like; of a structure or an enum its own name is asked elsewhere.
const char* edm_name(Kind kind);

}  // namespace braid::serve::odata
