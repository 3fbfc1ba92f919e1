#include "runtime/codec/value_reader.h"

#include <cmath>

#include "fast_float/fast_float.h"

#include "runtime/base/check.h"
#include "runtime/codec/json_scanner.h"
#include "runtime/data/decimal.h"
#include "runtime/data/json_text.h"
#include "runtime/data/map_entries.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

ConversionFault fault_of(DecimalFault fault) {
  switch (fault) {
    case DecimalFault::none:
      return ConversionFault::none;
    case DecimalFault::not_a_number:
      return ConversionFault::not_a_number;
    case DecimalFault::out_of_range:
      return ConversionFault::out_of_range;
  }
  BRAID_UNREACHABLE("decimal fault");
}

ConversionFault read_integer(std::string_view text, Slot* slot) {
  const char* at = text.data();
  const char* end = at + text.size();
  bool negative = *at == '-';
  at += negative;
  uint64_t value = 0;
  if (end - at <= 18) {
    for (; at < end; ++at) {
      uint32_t digit = static_cast<uint8_t>(*at) - uint32_t{'0'};
      if (digit > 9) break;
      value = value * 10 + digit;
    }
    if (at == end) {
      *slot = slot_i64(negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value));
      return ConversionFault::none;
    }
  }
  int128 wide = 0;
  ConversionFault fault = fault_of(parse_decimal(text, kDecimalDigits, 0, &wide));
  if (fault != ConversionFault::none) return fault;
  if (wide != static_cast<int64_t>(wide)) return ConversionFault::out_of_range;
  *slot = slot_i64(static_cast<int64_t>(wide));
  return ConversionFault::none;
}

ConversionFault read_float(std::string_view text, Slot* slot) {
  double value = 0;
  auto result = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ptr != text.data() + text.size()) return ConversionFault::not_a_number;
  if (!std::isfinite(value)) return ConversionFault::out_of_range;
  *slot = slot_f64(value);
  return ConversionFault::none;
}

ConversionFault read_decimal(const Shape& shape, std::string_view text, Slot* slot) {
  int precision = shape.type->precision, scale = shape.type->scale;
  if (text.size() <= 19 && precision <= 18) {
    // Few digits: one pass in 64 bits. Anything unusual goes the long way below.
    const char* at = text.data();
    const char* end = at + text.size();
    bool negative = at < end && *at == '-';
    at += negative;
    uint64_t value = 0;  // 19 digits fit
    int fraction = -1;   // digits behind the point, once there is one
    const char* digits = at;
    for (; at < end; ++at) {
      uint32_t digit = static_cast<uint8_t>(*at) - uint32_t{'0'};
      if (digit <= 9) {
        value = value * 10 + digit;
        if (fraction >= 0) ++fraction;
      } else if (*at == '.' && fraction < 0 && at > digits) {
        fraction = 0;
      } else {
        break;
      }
    }
    int behind = fraction < 0 ? 0 : fraction;
    if (at == end && at > digits && end - digits <= 18 && fraction != 0 && behind <= scale) {
      int128 scaled = static_cast<int128>(value) * static_cast<int64_t>(power_of_ten(scale - behind));
      if (!decimal_fits(scaled, precision)) return ConversionFault::out_of_range;
      *slot = slot_i64(static_cast<int64_t>(negative ? -scaled : scaled));
      return ConversionFault::none;
    }
  }
  int128 value = 0;
  ConversionFault fault = fault_of(parse_decimal(text, precision, scale, &value));
  if (fault != ConversionFault::none) return fault;
  *slot = shape.leaf == LeafKind::i64 ? slot_i64(static_cast<int64_t>(value)) : slot_i128(value);
  return ConversionFault::none;
}

/// A number of units in microseconds.
ConversionFault read_units(const Shape& shape, std::string_view text, Slot* slot) {
  int scale = 0;
  switch (shape.unit) {
    case TimestampUnit::none:
      return ConversionFault::wrong_type;
    case TimestampUnit::seconds:
      scale = 6;
      break;
    case TimestampUnit::milliseconds:
      scale = 3;
      break;
    case TimestampUnit::microseconds:
    case TimestampUnit::nanoseconds:
      break;
  }
  int128 value = 0;
  ConversionFault fault = fault_of(parse_decimal(text, kDecimalDigits, scale, &value));
  if (fault != ConversionFault::none) return fault;
  if (shape.unit == TimestampUnit::nanoseconds) {
    int128 micros = value / 1000;
    value = micros * 1000 > value ? micros - 1 : micros;
  }
  if (value != static_cast<int64_t>(value)) return ConversionFault::out_of_range;
  *slot = slot_i64(static_cast<int64_t>(value));
  return ConversionFault::none;
}

ConversionFault read_unit_time(const Shape& shape, std::string_view text, Slot* slot) {
  const ConversionFault fault = read_units(shape, text, slot);
  if (fault != ConversionFault::none) return fault;
  return slot->i64 < 0 || slot->i64 >= kMicrosPerDay ? ConversionFault::bad_time : ConversionFault::none;
}

/// Days since 1970, where other times are numbers, too.
ConversionFault read_days(const Shape& shape, std::string_view text, Slot* slot) {
  if (shape.unit == TimestampUnit::none) return ConversionFault::wrong_type;
  Slot days{};
  const ConversionFault fault = read_integer(text, &days);
  if (fault != ConversionFault::none) return fault;
  if (days.i64 != static_cast<int32_t>(days.i64)) return ConversionFault::bad_time;
  *slot = slot_i128(0);
  slot->i32 = static_cast<int32_t>(days.i64);
  return ConversionFault::none;
}

ConversionFault read_timestamp(const Shape& shape, std::string_view text, Slot* slot) {
  int64_t micros = 0;
  if (parse_timestamp(text, &micros)) {
    *slot = slot_i64(micros);
    return ConversionFault::none;
  }
  if (shape.zone == nullptr || !parse_local_timestamp(text, &micros)) return ConversionFault::bad_time;
  *slot = slot_i64(shape.zone->from_local(micros));
  return ConversionFault::none;
}

}  // namespace

Shape make_shape(const Type& type, const TimeZone* zone, TimestampUnit unit) {
  Shape shape;
  shape.optional = is_optional(type);
  shape.type = without_optional(type);
  shape.kind = shape.type->kind;
  shape.leaves = static_cast<uint32_t>(leaf_count(type));
  shape.zone = zone;
  shape.unit = unit;
  if (shape.kind == TypeKind::structure) {
    for (const Field& field : shape.type->fields) shape.children.push_back(make_shape(field.type, zone, unit));
  } else {
    shape.leaf = leaf_kind(shape.type);
    if (shape.kind == TypeKind::list) shape.children.push_back(make_shape(shape.type->element, zone, unit));
    if (shape.kind == TypeKind::map) {
      shape.children.push_back(make_shape(key_of(shape.type), zone, unit));
      shape.children.push_back(make_shape(value_of(shape.type), zone, unit));
    }
  }
  return shape;
}

bool is_json_number(std::string_view text) {
  // The scanner stops at the first byte that is no part of a number; a line end behind the copy is one.
  char few[48];
  if (text.size() >= sizeof few) {
    std::string copy(text);
    copy.push_back('\n');
    return scan_long_json_number(copy.data()) == copy.data() + text.size();
  }
  text.copy(few, text.size());
  few[text.size()] = '\n';
  return scan_long_json_number(few) == few + text.size();
}

ConversionFault read_number(const Shape& shape, std::string_view text, Slot* slot) {
  switch (shape.kind) {
    case TypeKind::integer:
      return read_integer(text, slot);
    case TypeKind::floating:
      return read_float(text, slot);
    case TypeKind::decimal:
      return read_decimal(shape, text, slot);
    case TypeKind::timestamp:
    case TypeKind::duration:
      return read_units(shape, text, slot);
    case TypeKind::time:
      return read_unit_time(shape, text, slot);
    case TypeKind::date:
      return read_days(shape, text, slot);
    case TypeKind::boolean:
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::uuid:
    case TypeKind::enumeration:
    case TypeKind::json:
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      return ConversionFault::wrong_type;
  }
  BRAID_UNREACHABLE("type kind");
}

ConversionFault read_text(const Shape& shape, std::string_view text, Slot* slot, Arena& arena) {
  switch (shape.kind) {
    case TypeKind::string:
      *slot = slot_bytes(text);
      return ConversionFault::none;
    case TypeKind::enumeration:
      for (size_t i = 0; i < shape.type->symbols.size(); ++i) {
        if (shape.type->symbols[i] != text) continue;
        *slot = slot_i128(0);
        slot->i32 = static_cast<int32_t>(i);
        return ConversionFault::none;
      }
      return ConversionFault::unknown_symbol;
    case TypeKind::timestamp:
      return read_timestamp(shape, text, slot);
    case TypeKind::uuid: {
      int128 value = 0;
      if (!parse_uuid(text, &value)) return ConversionFault::bad_uuid;
      *slot = slot_i128(value);
      return ConversionFault::none;
    }
    case TypeKind::date: {
      int32_t days = 0;
      if (!parse_date(text, &days)) return ConversionFault::bad_time;
      *slot = slot_i128(0);
      slot->i32 = days;
      return ConversionFault::none;
    }
    case TypeKind::time:
    case TypeKind::duration: {
      int64_t micros = 0;
      bool read = shape.kind == TypeKind::time ? parse_time(text, &micros) : parse_duration_iso(text, &micros);
      if (!read) return ConversionFault::bad_time;
      *slot = slot_i64(micros);
      return ConversionFault::none;
    }
    case TypeKind::decimal:
      if (!is_json_number(text)) return ConversionFault::not_a_number;
      return read_decimal(shape, text, slot);
    case TypeKind::bytes: {
      std::string decoded;
      if (!parse_base64(text, decoded)) return ConversionFault::wrong_type;
      *slot = slot_i128(0);
      slot->bytes = arena.copy(decoded);
      return ConversionFault::none;
    }
    case TypeKind::floating:
      // What JSON numbers cannot say, as the encoder writes it.
      if (text == "NaN") return *slot = slot_f64(std::nan("")), ConversionFault::none;
      if (text == "Infinity") return *slot = slot_f64(INFINITY), ConversionFault::none;
      if (text == "-Infinity") return *slot = slot_f64(-INFINITY), ConversionFault::none;
      return ConversionFault::wrong_type;
    case TypeKind::json:
      return read_json(text, slot, arena);
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      return ConversionFault::wrong_type;
  }
  BRAID_UNREACHABLE("type kind");
}

ConversionFault read_key(const Shape& shape, std::string_view text, Slot* slot, Arena& arena) {
  if (shape.kind != TypeKind::integer && shape.kind != TypeKind::boolean) return read_text(shape, text, slot, arena);
  Value value;
  if (!parse_key_text(shape.type, text, &value))
    return shape.kind == TypeKind::integer ? ConversionFault::not_a_number : ConversionFault::wrong_type;
  to_slots(shape.type, value, slot, arena);
  return ConversionFault::none;
}

ConversionFault read_json(std::string_view text, Slot* slot, Arena& arena) {
  std::string canonical;
  switch (canonical_json(text, canonical)) {
    case JsonFault::none:
      *slot = slot_i128(0);
      slot->bytes = arena.copy(canonical);
      return ConversionFault::none;
    case JsonFault::malformed:
      return ConversionFault::wrong_type;
    case JsonFault::too_deep:
      return ConversionFault::too_deep;
    case JsonFault::out_of_range:
      return ConversionFault::out_of_range;
    case JsonFault::duplicate:
      return ConversionFault::duplicate;
  }
  BRAID_UNREACHABLE("JSON fault");
}

}  // namespace braid
