#include "runtime/codec/protobuf_values.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.h"
#include "runtime/codec/avro_reader.h"
#include "runtime/data/decimal.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

using Kind = ProtobufField::Kind;
using Form = ProtobufTarget::Form;

constexpr int64_t kNanosPerSecond = 1'000'000'000;

Slot decimal_slot(LeafKind leaf, int128 value) {
  return leaf == LeafKind::i64 ? slot_i64(static_cast<int64_t>(value)) : slot_i128(value);
}

Slot number_slot(int32_t value) {
  Slot slot = slot_i128(0);
  slot.i32 = value;
  return slot;
}

/// Bits that are read as the value.
uint64_t bits_of(Kind kind, const ProtobufTable::Preset& preset) {
  switch (kind) {
    case Kind::float32:
      return std::bit_cast<uint32_t>(static_cast<float>(preset.real));
    case Kind::float64:
      return std::bit_cast<uint64_t>(preset.real);
    case Kind::sint32:
    case Kind::sint64:
      return to_zigzag(preset.number);
    default:
      return static_cast<uint64_t>(preset.number);
  }
}

/// Most short texts are; is_utf8 takes longer to be called.
bool is_ascii(std::string_view text) {
  constexpr size_t kShort = 32;
  if (text.size() > kShort) return false;
  char all = 0;
  for (const char byte : text) all |= byte;
  return all >= 0;
}

}  // namespace

ConversionFault ProtobufConversion::number(uint64_t bits, Slot* slot) const {
  if (target.form == Form::boolean) {
    *slot = slot_u8(bits != 0);
    return ConversionFault::none;
  }
  int64_t number = number_of(target.kind, bits);
  const bool large = number < 0 && is_unsigned(target.kind);
  if (target.form == Form::scaled_number) {
    if (large) return ConversionFault::out_of_range;
    if (target.factor < 0)
      number = floor_divide(number, -target.factor);
    else if (__builtin_mul_overflow(number, target.factor, &number))
      return ConversionFault::out_of_range;
    if (is(target.type, TypeKind::time) && (number < 0 || number >= kMicrosPerDay)) return ConversionFault::bad_time;
    *slot = slot_i64(number);
    return ConversionFault::none;
  }
  const int128 whole = large ? int128{bits} : int128{number};
  switch (target.type->kind) {
    case TypeKind::integer:
      *slot = slot_i64(number);
      return large ? ConversionFault::out_of_range : ConversionFault::none;
    case TypeKind::floating:
      *slot = slot_f64(large ? static_cast<double>(bits) : static_cast<double>(number));
      return ConversionFault::none;
    case TypeKind::date:
      if (number != static_cast<int32_t>(number) || large) return ConversionFault::bad_time;
      *slot = number_slot(static_cast<int32_t>(number));
      return ConversionFault::none;
    default: {
      int128 fitted = 0;
      const ConversionFault fault = fit_decimal(whole, 0, target.type->precision, target.type->scale, &fitted);
      *slot = decimal_slot(shape.leaf, fitted);
      return fault;
    }
  }
}

ConversionFault ProtobufConversion::real(uint64_t bits, Slot* slot) const {
  const double number = target.kind == Kind::float32
                            ? static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)))
                            : std::bit_cast<double>(bits);
  *slot = slot_f64(std::isnan(number) ? std::nan("") : number);
  return ConversionFault::none;
}

ConversionFault ProtobufConversion::text(std::string_view text, Slot* slot) const {
  *slot = slot_i128(0);
  if (target.form == Form::text && !is_ascii(text) && !is_utf8(text)) {
    if (broken_text == nullptr) broken_text = text.data() + first_broken_byte(text);
    return ConversionFault::none;
  }
  if (is(target.type, TypeKind::string) || is(target.type, TypeKind::bytes)) {
    slot->bytes = {text.data(), text.size()};
    return ConversionFault::none;
  }
  return read_text(shape, text, slot, arena);
}

ConversionFault ProtobufConversion::symbol(int32_t number, Slot* slot) const {
  const auto symbol = std::ranges::lower_bound(target.symbols, number, {}, &ProtobufTarget::Symbol::number);
  *slot = slot_i128(0);
  if (symbol == target.symbols.end() || symbol->number != number) return ConversionFault::unknown_symbol;
  if (is(target.type, TypeKind::string)) {
    slot->bytes = {symbol->name.data(), symbol->name.size()};
    return ConversionFault::none;
  }
  slot->i32 = symbol->declared;
  return symbol->declared < 0 ? ConversionFault::unknown_symbol : ConversionFault::none;
}

ConversionFault ProtobufConversion::message(const Slot* parts, Slot* slot) const {
  const TypeKind to = target.type->kind;
  switch (target.form) {
    case Form::timestamp:
    case Form::duration: {
      const int64_t seconds = parts[0].i64, nanos = parts[1].i64;
      const bool negative = target.form == Form::duration && seconds <= 0 && nanos < 0;
      const bool mixed = target.form == Form::duration && seconds < 0 && nanos > 0;
      if (nanos >= kNanosPerSecond || nanos <= -kNanosPerSecond || (nanos < 0 && !negative) || mixed)
        return ConversionFault::bad_time;
      const int128 micros = int128{seconds} * kMicrosPerSecond + floor_divide(nanos, 1000);
      if (micros != static_cast<int64_t>(micros)) return ConversionFault::bad_time;
      *slot = slot_i64(static_cast<int64_t>(micros));
      return ConversionFault::none;
    }
    case Form::date: {
      const int64_t year = parts[0].i64, month = parts[1].i64, day = parts[2].i64;
      if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return ConversionFault::bad_time;
      const int64_t days = days_from_civil(year, static_cast<int32_t>(month), static_cast<int32_t>(day));
      if (civil_from_days(days).month != month) return ConversionFault::bad_time;
      *slot = number_slot(static_cast<int32_t>(days));
      return ConversionFault::none;
    }
    case Form::time_of_day: {
      const int64_t hours = parts[0].i64, minutes = parts[1].i64, seconds = parts[2].i64, nanos = parts[3].i64;
      if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59 || nanos < 0 ||
          nanos >= kNanosPerSecond)
        return ConversionFault::bad_time;
      *slot = slot_i64(((hours * 60 + minutes) * 60 + seconds) * kMicrosPerSecond + nanos / 1000);
      return ConversionFault::none;
    }
    case Form::decimal_text: {
      const std::string_view text = parts[0].bytes.view();
      if (!is_utf8(text)) {
        if (broken_text == nullptr) broken_text = text.data() + first_broken_byte(text);
        return ConversionFault::none;
      }
      if (!is_json_number(text)) return ConversionFault::not_a_number;
      return read_number(shape, text, slot);
    }
    default:
      break;
  }
  int128 number = 0;
  const int64_t scale = parts[2].i64;
  if (!read_big_endian(parts[0].bytes.view(), &number) || scale < -kDecimalDigits || scale > kDecimalDigits)
    return ConversionFault::out_of_range;
  if (to == TypeKind::floating) {
    if (scale < 0 || !decimal_fits(number, kDecimalDigits)) return ConversionFault::out_of_range;
    *slot = slot_f64(decimal_to_double(number, static_cast<int>(scale)));
    return ConversionFault::none;
  }
  int128 fitted = 0;
  const bool whole = to == TypeKind::integer;
  const ConversionFault fault =
      fit_decimal(number, static_cast<int>(scale), whole ? kDecimalDigits : target.type->precision,
                  whole ? 0 : target.type->scale, &fitted);
  if (whole && fitted != static_cast<int64_t>(fitted)) return ConversionFault::out_of_range;
  *slot = whole ? slot_i64(static_cast<int64_t>(fitted)) : decimal_slot(shape.leaf, fitted);
  return fault;
}

ConversionFault ProtobufConversion::preset(const ProtobufTable::Preset& preset, Slot* slot) const {
  constexpr Slot kNothing[kHiddenSlots] = {};
  switch (target.form) {
    case Form::real:
      return real(bits_of(target.kind, preset), slot);
    case Form::text:
    case Form::bytes:
      return text(preset.text, slot);
    case Form::symbol:
      return symbol(static_cast<int32_t>(preset.number), slot);
    case Form::integer:
    case Form::number:
    case Form::scaled_number:
    case Form::boolean:
      return number(bits_of(target.kind, preset), slot);
    case Form::list:
      BRAID_UNREACHABLE("a list has no default value");
    default:
      return message(kNothing, slot);
  }
}

}  // namespace braid
