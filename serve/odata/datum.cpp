#include "serve/odata/datum.h"

#include <cmath>

#include "runtime/base/check.h"
#include "runtime/data/decimal.h"
#include "runtime/data/ordered_bytes.h"
#include "serve/odata/names.h"

namespace braid::serve::odata {

Datum null_datum() {
  return {};
}
Datum boolean_datum(bool value) {
  return {.kind = Kind::boolean, .number = value};
}
Datum integer_datum(int64_t value) {
  return {.kind = Kind::integer, .number = value};
}
Datum number_datum(Kind kind, int128 value) {
  return {.kind = kind, .number = value};
}
Datum decimal_datum(int128 value, int scale) {
  return {.kind = Kind::decimal, .scale = scale, .number = value};
}
Datum real_datum(double value) {
  return {.kind = Kind::floating, .real = value};
}
Datum text_datum(std::string_view value, Kind kind) {
  return {.kind = kind, .text = value};
}

bool is_number(Kind kind) {
  return kind == Kind::integer || kind == Kind::decimal || kind == Kind::floating;
}

bool is_named_enum(const TypeNode& enumeration) {
  for (const std::string& symbol : enumeration.symbols)
    if (!is_odata_name(symbol)) return false;
  return !enumeration.symbols.empty();
}

Kind kind_of(const Type& type) {
  const Type& plain = without_optional(type);
  switch (plain->kind) {
    case TypeKind::boolean:
      return Kind::boolean;
    case TypeKind::integer:
      return Kind::integer;
    case TypeKind::floating:
      return Kind::floating;
    case TypeKind::decimal:
      return Kind::decimal;
    case TypeKind::string:
    case TypeKind::json:
      return Kind::text;
    case TypeKind::bytes:
      return Kind::bytes;
    case TypeKind::uuid:
      return Kind::guid;
    case TypeKind::date:
      return Kind::date;
    case TypeKind::time:
      return Kind::time;
    case TypeKind::timestamp:
      return Kind::instant;
    case TypeKind::duration:
      return Kind::duration;
    case TypeKind::enumeration:
      return is_named_enum(*plain) ? Kind::enumeration : Kind::text;
    case TypeKind::list:
    case TypeKind::map:
      return Kind::list;
    case TypeKind::structure:
      return Kind::structure;
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no rows have values of type " + to_string(type));
}

Datum datum_of(const Type& type, const Slot* slots) {
  if (is_optional(type)) {
    if (slots[0].u8 == 0) return null_datum();
    ++slots;
  }
  const Type& plain = without_optional(type);
  Datum made{.kind = kind_of(plain), .type = plain.get()};
  switch (plain->kind) {
    case TypeKind::boolean:
      made.number = slots->u8 != 0;
      return made;
    case TypeKind::integer:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
      made.number = slots->i64;
      return made;
    case TypeKind::date:
      made.number = slots->i32;
      return made;
    case TypeKind::enumeration:
      if (made.kind == Kind::enumeration)
        made.number = slots->i32;
      else
        made.text = plain->symbols.at(static_cast<size_t>(slots->i32));
      return made;
    case TypeKind::floating:
      made.real = slots->f64;
      return made;
    case TypeKind::decimal:
      made.number = leaf_kind(plain) == LeafKind::i64 ? slots->i64 : slots->i128;
      made.scale = plain->scale;
      return made;
    case TypeKind::uuid:
      made.number = slots->i128;
      return made;
    case TypeKind::string:
    case TypeKind::json:
    case TypeKind::bytes:
      made.text = slots->bytes.view();
      return made;
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::structure:
      made.slots = slots;
      return made;
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no rows have values of type " + to_string(type));
}

double as_real(const Datum& number) {
  if (number.kind == Kind::floating) return number.real;
  return decimal_to_double(number.number, number.scale);
}

namespace {

template <class T>
int order_of(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

}  // namespace

std::optional<int> compare(const Datum& a, const Datum& b) {
  if (a.kind == Kind::floating || b.kind == Kind::floating) {
    const double left = as_real(a), right = as_real(b);
    if (std::isnan(left) || std::isnan(right)) return std::nullopt;
    return order_of(left, right);
  }
  if (is_number(a.kind)) return decimal_compare(a.number, a.scale, b.number, b.scale);
  if (a.kind == Kind::text || a.kind == Kind::bytes) return order_of(a.text.compare(b.text), 0);
  if (a.kind == Kind::guid) return order_of(static_cast<uint128>(a.number), static_cast<uint128>(b.number));
  return order_of(a.number, b.number);
}

std::optional<Slot> slot_of(const Datum& value, const Type& type) {
  const Kind kind = kind_of(type);
  if (is_number(kind)) {
    if (!is_number(value.kind)) return std::nullopt;
    if (kind == Kind::floating) {
      const double real = as_real(value);
      // A whole number or a decimal that no double equals is none of the field's values.
      if (value.kind != Kind::floating) {
        int128 back = 0;
        if (!decimal_from_double(real, value.scale, &back) || back != value.number) return std::nullopt;
      }
      return slot_f64(real);
    }
    if (value.kind == Kind::floating) return std::nullopt;
    const int scale = kind == Kind::integer ? 0 : type->scale;
    int128 scaled = 0;
    if (!decimal_rescale(value.number, value.scale, scale, &scaled) ||
        decimal_compare(scaled, scale, value.number, value.scale) != 0)
      return std::nullopt;
    if (kind == Kind::integer) {
      if (scaled != static_cast<int64_t>(scaled)) return std::nullopt;
      return slot_i64(static_cast<int64_t>(scaled));
    }
    if (!decimal_fits(scaled, type->precision)) return std::nullopt;
    return leaf_kind(type) == LeafKind::i64 ? slot_i64(static_cast<int64_t>(scaled)) : slot_i128(scaled);
  }
  if (value.kind != kind) return std::nullopt;
  switch (type->kind) {
    case TypeKind::boolean:
      return slot_u8(value.number != 0);
    case TypeKind::string:
    case TypeKind::bytes:
      return slot_bytes(value.text);
    case TypeKind::uuid:
      return slot_i128(value.number);
    case TypeKind::date:
    case TypeKind::enumeration: {
      if (value.number != static_cast<int32_t>(value.number)) return std::nullopt;
      Slot slot = slot_i128(0);
      slot.i32 = static_cast<int32_t>(value.number);
      return slot;
    }
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
      return slot_i64(static_cast<int64_t>(value.number));
    default:
      return std::nullopt;  // of json and of an enum that is a text: only rows decide
  }
}

void append_sort_bytes(const Datum& value, std::string& out) {
  if (value.is_null()) return out.push_back('\0');
  out.push_back('\x01');
  static const Type kWide = decimal_type(kDecimalDigits, 0), kFloat = float_type(), kText = string_type(),
                    kUuid = uuid_type();
  Slot slot = slot_i128(value.number);
  switch (value.kind) {
    case Kind::floating:
      slot = slot_f64(value.real);
      return append_ordered_bytes(kFloat, &slot, out);
    case Kind::text:
    case Kind::bytes:
      slot = slot_bytes(value.text);
      return append_ordered_bytes(kText, &slot, out);
    case Kind::guid:
      return append_ordered_bytes(kUuid, &slot, out);
    default:
      // The values of one expression have one scale.
      return append_ordered_bytes(kWide, &slot, out);
  }
}

const char* edm_name(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "Edm.Boolean";
    case Kind::integer:
      return "Edm.Int64";
    case Kind::decimal:
      return "Edm.Decimal";
    case Kind::floating:
      return "Edm.Double";
    case Kind::text:
      return "Edm.String";
    case Kind::bytes:
      return "Edm.Binary";
    case Kind::guid:
      return "Edm.Guid";
    case Kind::date:
      return "Edm.Date";
    case Kind::time:
      return "Edm.TimeOfDay";
    case Kind::instant:
      return "Edm.DateTimeOffset";
    case Kind::duration:
      return "Edm.Duration";
    case Kind::enumeration:
      return "an enumeration";
    case Kind::structure:
      return "a complex value";
    case Kind::list:
      return "a collection";
  }
  BRAID_UNREACHABLE("a kind");
}

}  // namespace braid::serve::odata
