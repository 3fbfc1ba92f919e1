#include "runtime/codec/avro_reader.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "runtime/abi/avro_functions.h"
#include "runtime/base/check.h"
#include "runtime/data/decimal.h"
#include "runtime/data/map_entries.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

using Form = AvroValue::Form;

constexpr std::string_view kTooShort = "it ends too early";
constexpr std::string_view kBadNumber = "a number has no end";
constexpr std::string_view kBadLength = "a length is negative or goes beyond its end";
constexpr std::string_view kBadBranch = "a union has no branch of that number";
constexpr std::string_view kTooDeep = "it is nested too deep";
constexpr std::string_view kTooMany = "a list has too many elements";
/// Elements that take no bytes of the record take memory all the same.
constexpr uint64_t kMostEmptyElements = 1024;
/// Steps within steps: a type that contains itself may nest without end.
constexpr int kMostLevels = 4 * kMaxNesting;

Slot decimal_slot(LeafKind leaf, int128 value) {
  return leaf == LeafKind::i64 ? slot_i64(static_cast<int64_t>(value)) : slot_i128(value);
}

/// Two's complement, the lowest byte first.
template <class T>
T little_endian(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

bool read_big_endian(std::string_view bytes, int128* value) {
  const bool negative = !bytes.empty() && static_cast<int8_t>(bytes.front()) < 0;
  const char filler = negative ? '\xFF' : '\0';
  while (bytes.size() > 16) {
    if (bytes.front() != filler || (static_cast<int8_t>(bytes[1]) < 0) != negative) return false;
    bytes.remove_prefix(1);
  }
  auto bits = negative ? ~uint128{0} : uint128{0};
  for (const char byte : bytes) bits = bits << 8 | static_cast<uint8_t>(byte);
  *value = static_cast<int128>(bits);
  return true;
}

ConversionFault fit_decimal(int128 value, int from_scale, int precision, int scale, int128* fitted) {
  if (value != 0 && from_scale > scale) {
    if (from_scale - scale > kDecimalDigits) return ConversionFault::out_of_range;
    const int128 power = power_of_ten(from_scale - scale);
    if (value % power != 0) return ConversionFault::out_of_range;
    value /= power;
  } else if (value != 0 && from_scale < scale) {
    int128 scaled = 0;
    if (scale - from_scale > kDecimalDigits || __builtin_mul_overflow(value, power_of_ten(scale - from_scale), &scaled))
      return ConversionFault::out_of_range;
    value = scaled;
  }
  if (!decimal_fits(value, precision)) return ConversionFault::out_of_range;
  *fitted = value;
  return ConversionFault::none;
}

AvroReader::AvroReader(std::shared_ptr<const AvroPlan> plan, const DecodePlan& decode, const TimeZone* zone)
    : plan_(std::move(plan)) {
  for (const AvroValue& value : plan_->values) shapes_.push_back(make_shape(value.type, zone, decode.unit));
  first_leaf_.push_back(0);
  for (const DecodeField& field : decode.fields)
    if (field.touched) first_leaf_.push_back(first_leaf_.back() + 1 + leaf_count(field.type));
}

const char* AvroReader::read_record(const char* at, const char* end, Slot* row, Arena& arena) {
  end_ = end;
  row_ = row;
  arena_ = &arena;
  broken_text_ = nullptr;
  items_.clear();
  return follow(plan_->root, at, 0);
}

const char* AvroReader::read_step(uint32_t step, const char* at, const char* end, Slot* row, Arena& arena) {
  end_ = end;
  row_ = row;
  arena_ = &arena;
  items_.clear();
  return follow(step, at, 0);
}

const char* AvroReader::pass(uint32_t step, const char* at, const char* end) {
  end_ = end;
  return follow(step, at, 0);
}

void AvroReader::settle(size_t field, ConversionFault fault) {
  for (size_t leaf = first_leaf_[field]; leaf < first_leaf_[field + 1]; ++leaf) row_[leaf] = slot_i128(0);
  row_[first_leaf_[field]].u8 = static_cast<uint8_t>(fault);
}

const char* AvroReader::follow(uint32_t index, const char* at, int level) {
  const AvroStep& step = plan_->steps[index];
  if (level > kMostLevels) return broken(at, kTooDeep);
  const char* begin = at;
  switch (step.kind) {
    case AvroStep::Kind::nothing:
      return at;
    case AvroStep::Kind::varint: {
      int64_t number = 0;
      at = read_avro_long(at, end_, &number);
      return at != nullptr ? at : broken(begin, kBadNumber);
    }
    case AvroStep::Kind::fixed:
      return static_cast<size_t>(end_ - at) >= step.size ? at + step.size : broken(at, kTooShort);
    case AvroStep::Kind::sized: {
      int64_t length = 0;
      at = read_avro_long(at, end_, &length);
      if (at == nullptr) return broken(begin, kBadNumber);
      return length >= 0 && length <= end_ - at ? at + length : broken(begin, kBadLength);
    }
    case AvroStep::Kind::blocks:
      return follow_blocks(step.children[0], at, level);
    case AvroStep::Kind::record:
      for (const uint32_t child : step.children) {
        at = follow(child, at, level + 1);
        if (at == nullptr) return nullptr;
      }
      return at;
    case AvroStep::Kind::choice: {
      int64_t branch = 0;
      at = read_avro_long(at, end_, &branch);
      if (at == nullptr) return broken(begin, kBadNumber);
      if (branch < 0 || static_cast<uint64_t>(branch) >= step.children.size()) return broken(begin, kBadBranch);
      return follow(step.children[static_cast<size_t>(branch)], at, level + 1);
    }
    case AvroStep::Kind::again:
      for (const uint32_t child : step.children) {
        at = follow(child, begin, level + 1);
        if (at == nullptr) return nullptr;
      }
      return at;
    case AvroStep::Kind::settle:
      settle(step.field, step.fault);
      return at;
    case AvroStep::Kind::read: {
      auto fault = ConversionFault::none;
      Slot* leaves = row_ + first_leaf_[step.field];
      at = read_value(step.value, at, leaves + 1, fault);
      if (at == nullptr) return nullptr;
      leaves[0] = slot_u8(false);
      if (fault != ConversionFault::none) settle(step.field, fault);
      return at;
    }
  }
  BRAID_UNREACHABLE("kind of a step");
}

const char* AvroReader::follow_blocks(uint32_t item, const char* at, int level) {
  while (true) {
    const char* begin = at;
    int64_t count = 0;
    at = read_avro_long(at, end_, &count);
    if (at == nullptr) return broken(begin, kBadNumber);
    if (count == 0) return at;
    if (count < 0) {
      // Its size in bytes follows, for those who pass it.
      int64_t size = 0;
      at = read_avro_long(at, end_, &size);
      if (at == nullptr) return broken(begin, kBadNumber);
      if (size < 0 || size > end_ - at) return broken(begin, kBadLength);
      at += size;
      continue;
    }
    for (; count > 0; --count) {
      const char* before = at;
      at = follow(item, at, level + 1);
      if (at == nullptr) return nullptr;
      if (at == before) break;  // items without bytes: there is nothing to pass, however many they are
    }
  }
}

const char* AvroReader::read_value(uint32_t index, const char* at, Slot* slots, ConversionFault& fault) {
  const AvroValue& value = plan_->values[index];
  const char* begin = at;
  Slot* slot = slots;
  if (value.optional) *slot++ = slot_u8(true);
  auto take = [&](size_t bytes) {
    at = static_cast<size_t>(end_ - at) >= bytes ? at + bytes : broken(at, kTooShort);
    return at != nullptr;
  };
  switch (value.form) {
    case Form::null:
      for (uint32_t i = 0; i < value.leaves; ++i) slots[i] = slot_i128(0);
      if (!value.optional) fault = ConversionFault::null;
      return at;
    case Form::boolean:
      if (!take(1)) return nullptr;
      *slot = slot_u8(*begin == 1);
      if (static_cast<uint8_t>(*begin) > 1) fault = ConversionFault::wrong_type;
      return at;
    case Form::number:
    case Form::scaled_number: {
      int64_t number = 0;
      at = read_avro_long(at, end_, &number);
      if (at == nullptr) return broken(begin, kBadNumber);
      const ConversionFault found = convert_number(value, index, number, slot);
      if (found != ConversionFault::none) fault = found;
      return at;
    }
    case Form::float32:
    case Form::float64: {
      const bool single = value.form == Form::float32;
      if (!take(single ? sizeof(float) : sizeof(double))) return nullptr;
      const double number = single ? static_cast<double>(little_endian<float>(begin)) : little_endian<double>(begin);
      *slot = slot_f64(std::isnan(number) ? std::nan("") : number);
      return at;
    }
    case Form::sized:
    case Form::sized_decimal: {
      int64_t length = 0;
      at = read_avro_long(at, end_, &length);
      if (at == nullptr) return broken(begin, kBadNumber);
      if (length < 0 || length > end_ - at) return broken(begin, kBadLength);
      const std::string_view bytes(at, static_cast<size_t>(length));
      const ConversionFault found = convert_sized(value, index, bytes, slot);
      if (found != ConversionFault::none) fault = found;
      return at + length;
    }
    case Form::fixed:
    case Form::fixed_decimal: {
      if (!take(value.size)) return nullptr;
      const ConversionFault found = convert_sized(value, index, {begin, value.size}, slot);
      if (found != ConversionFault::none) fault = found;
      return at;
    }
    case Form::symbol: {
      int64_t symbol = 0;
      at = read_avro_long(at, end_, &symbol);
      if (at == nullptr) return broken(begin, kBadNumber);
      if (symbol < 0 || static_cast<uint64_t>(symbol) >= value.symbols.size())
        return broken(begin, "an enum has no symbol of that number");
      const auto number = static_cast<size_t>(symbol);
      *slot = slot_i128(0);
      if (is(value.type, TypeKind::string)) {
        slot->bytes = {value.symbols[number].data(), value.symbols[number].size()};
      } else {
        slot->i32 = value.to_symbol[number];
        if (slot->i32 < 0) fault = ConversionFault::unknown_symbol;
      }
      return at;
    }
    case Form::array:
      return read_array(value, at, slot, fault);
    case Form::record:
      return read_parts(value, at, slots, fault);
    case Form::choice: {
      int64_t branch = 0;
      at = read_avro_long(at, end_, &branch);
      if (at == nullptr) return broken(begin, kBadNumber);
      if (branch < 0 || static_cast<uint64_t>(branch) >= value.children.size()) return broken(begin, kBadBranch);
      return read_value(value.children[static_cast<size_t>(branch)], at, slots, fault);
    }
    case Form::other:
      fault = ConversionFault::wrong_type;
      return follow(value.pass, at, 0);
  }
  BRAID_UNREACHABLE("form of a value");
}

ConversionFault AvroReader::convert_number(const AvroValue& value, uint32_t index, int64_t number, Slot* slot) {
  if (value.form == Form::scaled_number) {
    if (value.factor < 0)
      number = floor_divide(number, -value.factor);
    else if (__builtin_mul_overflow(number, value.factor, &number))
      return ConversionFault::out_of_range;
    if (is(value.type, TypeKind::time) && (number < 0 || number >= kMicrosPerDay)) return ConversionFault::bad_time;
    *slot = slot_i64(value.local ? shapes_[index].zone->from_local(number) : number);
    return ConversionFault::none;
  }
  switch (value.type->kind) {
    case TypeKind::integer:
      *slot = slot_i64(number);
      return ConversionFault::none;
    case TypeKind::floating:
      *slot = slot_f64(static_cast<double>(number));
      return ConversionFault::none;
    case TypeKind::date:
      if (number != static_cast<int32_t>(number)) return ConversionFault::bad_time;
      *slot = slot_i128(0);
      slot->i32 = static_cast<int32_t>(number);
      return ConversionFault::none;
    default: {
      int128 fitted = 0;
      const ConversionFault fault = fit_decimal(number, 0, value.type->precision, value.type->scale, &fitted);
      *slot = decimal_slot(shapes_[index].leaf, fitted);
      return fault;
    }
  }
}

ConversionFault AvroReader::convert_sized(const AvroValue& value, uint32_t index, std::string_view bytes, Slot* slot) {
  *slot = slot_i128(0);
  const TypeKind to = value.type->kind;
  if (value.form == Form::sized_decimal || value.form == Form::fixed_decimal) {
    int128 number = 0;
    if (!read_big_endian(bytes, &number)) return ConversionFault::out_of_range;
    if (to == TypeKind::floating) {
      if (value.scale > kDecimalDigits || !decimal_fits(number, kDecimalDigits)) return ConversionFault::out_of_range;
      *slot = slot_f64(decimal_to_double(number, value.scale));
      return ConversionFault::none;
    }
    int128 fitted = 0;
    const bool whole = to == TypeKind::integer;
    const ConversionFault fault = fit_decimal(number, value.scale, whole ? kDecimalDigits : value.type->precision,
                                              whole ? 0 : value.type->scale, &fitted);
    if (whole && fitted != static_cast<int64_t>(fitted)) return ConversionFault::out_of_range;
    *slot = whole ? slot_i64(static_cast<int64_t>(fitted)) : decimal_slot(shapes_[index].leaf, fitted);
    return fault;
  }
  if (to == TypeKind::bytes) {
    slot->bytes = {bytes.data(), bytes.size()};
    return ConversionFault::none;
  }
  if (value.form == Form::fixed && to == TypeKind::uuid) {
    read_big_endian(bytes, &slot->i128);
    return ConversionFault::none;
  }
  if (value.form == Form::fixed) {
    // Months, days and milliseconds; months have no fixed length.
    if (little_endian<uint32_t>(bytes.data()) != 0) return ConversionFault::out_of_range;
    int64_t micros = 0;
    if (__builtin_mul_overflow(int64_t{little_endian<uint32_t>(bytes.data() + 4)}, kMicrosPerDay, &micros) ||
        __builtin_add_overflow(micros, little_endian<uint32_t>(bytes.data() + 8) * int64_t{1000}, &micros))
      return ConversionFault::out_of_range;
    *slot = slot_i64(micros);
    return ConversionFault::none;
  }
  if (!is_utf8(bytes)) {
    if (broken_text_ == nullptr) broken_text_ = bytes.data() + first_broken_byte(bytes);
    return ConversionFault::none;
  }
  return read_key(shapes_[index], bytes, slot, *arena_);  // a text is never declared as int or bool, but for keys
}

const char* AvroReader::read_array(const AvroValue& value, const char* at, Slot* slot, ConversionFault& fault) {
  const uint32_t width = plan_->values[value.children[0]].leaves;
  const size_t first = items_.size();
  std::vector<Slot> element(width);
  uint64_t total = 0;
  while (true) {
    const char* begin = at;
    int64_t count = 0, size = 0;
    at = read_avro_long(at, end_, &count);
    if (at != nullptr && count < 0) at = read_avro_long(at, end_, &size);
    if (at == nullptr) return broken(begin, kBadNumber);
    if (count == 0) break;
    const uint64_t items = count < 0 ? uint64_t{0} - static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
    if (items > kMaxRecordBytes - std::min<uint64_t>(total, kMaxRecordBytes)) return broken(begin, kTooMany);
    total += items;
    for (uint64_t i = 0; i < items; ++i) {
      auto own = ConversionFault::none;
      const char* before = at;
      at = read_value(value.children[0], at, element.data(), own);
      if (at == nullptr) return nullptr;
      if (at == before && total > kMostEmptyElements) return broken(begin, kTooMany);
      if (fault == ConversionFault::none) fault = own;
      items_.insert(items_.end(), element.begin(), element.end());  // lists in the element have used items_, too
    }
  }
  *slot = slot_i128(0);
  if (total > 0) {
    Slot* items = arena_->allocate_array<Slot>(total * width);
    std::copy_n(items_.begin() + static_cast<ptrdiff_t>(first), total * width, items);
    if (is(value.type, TypeKind::map) && fault == ConversionFault::none &&
        !order_entries(value.type, items, total, *arena_))
      fault = ConversionFault::duplicate;
    slot->list = {items, total};
  }
  items_.resize(first);
  return at;
}

const char* AvroReader::read_parts(const AvroValue& value, const char* at, Slot* slots, ConversionFault& fault) {
  // Of several faults that of the part that is declared first counts, whatever the writer's order.
  uint32_t first = UINT32_MAX;
  auto note = [&](ConversionFault own, uint32_t leaf) {
    if (own == ConversionFault::none || leaf >= first) return;
    first = leaf;
    fault = own;
  };
  for (const AvroValue::Part& part : value.parts) {
    auto own = ConversionFault::none;
    at = part.is_read ? read_value(part.index, at, slots + part.leaf, own) : follow(part.index, at, 0);
    if (at == nullptr) return nullptr;
    note(own, part.leaf);
  }
  for (const AvroValue::Absent& part : value.absent) {
    for (uint32_t i = 0; i < part.leaves; ++i) slots[part.leaf + i] = slot_i128(0);
    note(part.fault, part.leaf);
  }
  return at;
}

}  // namespace braid
