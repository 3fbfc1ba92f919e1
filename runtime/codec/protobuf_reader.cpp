#include "runtime/codec/protobuf_reader.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "runtime/base/check.h"
#include "runtime/codec/avro_reader.h"
#include "runtime/data/decimal.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

using Kind = ProtobufField::Kind;
using Form = ProtobufTarget::Form;

constexpr std::string_view kTooMany = "its lists have too many elements";
/// Elements of two bytes may take much more memory.
constexpr size_t kMostListSlots = size_t{1} << 22;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

Slot decimal_slot(LeafKind leaf, int128 value) {
  return leaf == LeafKind::i64 ? slot_i64(static_cast<int64_t>(value)) : slot_i128(value);
}

Slot number_slot(int32_t value) {
  Slot slot = slot_i128(0);
  slot.i32 = value;
  return slot;
}

/// Most short texts are; is_utf8 takes longer to be called.
bool is_ascii(std::string_view text) {
  constexpr size_t kShort = 32;
  if (text.size() > kShort) return false;
  char all = 0;
  for (const char byte : text) all |= byte;
  return all >= 0;
}

bool is_unsigned(Kind kind) {
  return kind == Kind::uint32 || kind == Kind::uint64 || kind == Kind::fixed32 || kind == Kind::fixed64;
}

/// What the bits of a field of that kind mean; of an unsigned one the same bits.
int64_t number_of(Kind kind, uint64_t bits) {
  switch (kind) {
    case Kind::int32:
    case Kind::enumeration:
    case Kind::sfixed32:
      return static_cast<int32_t>(static_cast<uint32_t>(bits));
    case Kind::uint32:
    case Kind::fixed32:
      return static_cast<uint32_t>(bits);
    case Kind::sint32:
      return static_cast<int32_t>(from_zigzag(static_cast<uint32_t>(bits)));
    case Kind::sint64:
      return from_zigzag(bits);
    default:
      return static_cast<int64_t>(bits);
  }
}

double real_of(Kind kind, uint64_t bits) {
  return kind == Kind::float32 ? static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)))
                               : std::bit_cast<double>(bits);
}

/// Bits that number_of() and real_of() read as the value.
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

WireType wire_of(Kind kind) {
  switch (kind) {
    case Kind::fixed64:
    case Kind::sfixed64:
    case Kind::float64:
      return WireType::fixed64;
    case Kind::fixed32:
    case Kind::sfixed32:
    case Kind::float32:
      return WireType::fixed32;
    default:
      return WireType::varint;
  }
}

}  // namespace

ProtobufReader::ProtobufReader(std::shared_ptr<const ProtobufTable> table, const TimeZone* zone, TimestampUnit unit)
    : table_(std::move(table)) {
  for (const ProtobufTarget& target : table_->targets) shapes_.push_back(make_shape(target.type, zone, unit));
  for (const ProtobufTable::List& list : table_->lists) elements_.emplace_back(list.element, zone, unit);
  items_.resize(table_->lists.size());
  entered_.resize(table_->nodes.size());
  row_.resize(table_->leaves + table_->hidden, slot_i128(0));
  cells_.resize(table_->cells, 0);
  make_presets();
  enter(0);
  empty_row_ = row_;
  empty_cells_ = cells_;
}

ProtobufReader::~ProtobufReader() = default;
ProtobufReader::ProtobufReader(ProtobufReader&&) noexcept = default;

void ProtobufReader::make_presets() {
  presets_.resize(table_->presets.size());
  for (const ProtobufTable::Node& node : table_->nodes) {
    for (const Change& change : node.on_entry) {
      if (change.kind != Change::Kind::preset) continue;
      const ProtobufTarget& target = table_->targets[change.at];
      const ProtobufTable::Preset& given = table_->presets[change.count];
      Preset& made = presets_[change.count];
      made.value = slot_i128(0);
      // Whatever a default value takes of an arena is no text, which is all that would have to stay.
      Arena arena(256);
      Run run{.arena = &arena};
      const Slot parts[kHiddenSlots] = {slot_i128(0), slot_i128(0), slot_i128(0), slot_i128(0)};
      switch (target.form) {
        case Form::real:
          made.fault = convert_real(target, given.real, &made.value);
          break;
        case Form::text:
        case Form::bytes:
          made.fault = convert_text(target, change.at, given.text, &made.value, run);
          break;
        case Form::symbol:
          made.fault = convert_symbol(target, static_cast<int32_t>(given.number), &made.value);
          break;
        case Form::integer:
        case Form::number:
        case Form::scaled_number:
        case Form::boolean:
          made.fault = convert_number(target, change.at, bits_of(target.kind, given), &made.value);
          break;
        default:
          made.fault = convert_known(target, change.at, parts, &made.value, run);
      }
    }
  }
}

void ProtobufReader::begin() {
  std::copy(empty_row_.begin(), empty_row_.end(), row_.begin());
  std::copy(empty_cells_.begin(), empty_cells_.end(), cells_.begin());
  if (entered_.size() > 1) std::fill(entered_.begin() + 1, entered_.end(), false);
  for (Items& items : items_) {
    items.slots.clear();
    items.count = 0;
  }
}

bool ProtobufReader::read_record(std::string_view record, Arena& arena) {
  run_ = {.arena = &arena, .begin = record.data()};
  begin();
  if (!read_message(0, record, run_)) return false;
  finish_lists(run_);
  // Faults are rare.
  if (std::all_of(cells_.begin(), cells_.end(), [](uint8_t cell) { return cell == 0; })) return true;
  const size_t fields = table_->first_leaf.size() - 1;
  for (size_t i = 0; i < fields; ++i) {
    const ConversionFault fault = first_fault(i);
    if (fault == ConversionFault::none) continue;
    std::fill(row_.begin() + table_->first_leaf[i], row_.begin() + table_->first_leaf[i + 1], slot_i128(0));
    row_[table_->first_leaf[i]].u8 = static_cast<uint8_t>(fault);
  }
  return true;
}

ConversionFault ProtobufReader::first_fault(size_t field) const {
  for (size_t cell = table_->first_cell[field]; cell < table_->first_cell[field + 1]; ++cell)
    if (cells_[cell] != 0) return static_cast<ConversionFault>(cells_[cell]);
  return ConversionFault::none;
}

bool ProtobufReader::read_message(uint32_t index, std::string_view bytes, Run& run) {
  const ProtobufTable::Node& node = table_->nodes[index];
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  WireValue value;
  while (at < end) {
    at = read_wire_field(at, end, value, run.reason, run.broken_at);
    if (at == nullptr) return false;
    const Entry* entry = table_->find(node, value.number);
    if (entry == nullptr) continue;
    if (static_cast<uint8_t>(value.type) == entry->wire) {
      if (!read_value(*entry, value, run)) return false;
    } else if (entry->repeated && value.type == WireType::sized &&
               entry->wire != static_cast<uint8_t>(WireType::group)) {
      if (!read_packed(*entry, value.bytes, run)) return false;
    }
  }
  return true;
}

bool ProtobufReader::read_value(const Entry& entry, const WireValue& value, Run& run) {
  for (const Change& change : entry.before) apply(change);
  for (const uint32_t target : entry.targets)
    if (!read_target(table_->targets[target], target, value, run)) return false;
  if (entry.node < 0) return true;
  const auto node = static_cast<uint32_t>(entry.node);
  if (!entered_[node]) enter(node);
  return read_message(node, value.bytes, run);
}

bool ProtobufReader::read_packed(const Entry& entry, std::string_view bytes, Run& run) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  WireValue value;
  value.number = entry.number;
  value.type = static_cast<WireType>(entry.wire);
  const ptrdiff_t size = value.type == WireType::fixed64 ? 8 : 4;
  while (at < end) {
    const char* begin = at;
    if (value.type == WireType::varint) {
      at = read_wire_varint(at, end, &value.bits);
    } else {
      value.bits = 0;
      at = end - at < size ? nullptr : at + size;
      if (at != nullptr) std::memcpy(&value.bits, begin, static_cast<size_t>(size));
    }
    if (at == nullptr) {
      run.broken_at = begin;
      run.reason = "the last element of a list is not whole";
      return false;
    }
    if (!read_value(entry, value, run)) return false;
  }
  return true;
}

void ProtobufReader::enter(uint32_t node) {
  entered_[node] = true;
  for (const Change& change : table_->nodes[node].on_entry) apply(change);
}

void ProtobufReader::apply(const Change& change) {
  switch (change.kind) {
    case Change::Kind::zero:
      std::fill_n(row_.begin() + change.at, change.count, slot_i128(0));
      return;
    case Change::Kind::mark:
      row_[change.at] = slot_u8(true);
      return;
    case Change::Kind::fault:
      cells_[change.at] = static_cast<uint8_t>(change.fault);
      return;
    case Change::Kind::empty:
      items_[change.at].slots.clear();
      items_[change.at].count = 0;
      return;
    case Change::Kind::leave:
      entered_[change.at] = false;
      return;
    case Change::Kind::enter:
      return enter(change.at);
    case Change::Kind::preset:
      return set(table_->targets[change.at], presets_[change.count].value, presets_[change.count].fault);
  }
  BRAID_UNREACHABLE("kind of a change");
}

void ProtobufReader::set(const ProtobufTarget& target, const Slot& value, ConversionFault fault) {
  Slot* slot = &row_[target.leaf];
  if (target.optional) *slot++ = slot_u8(true);
  *slot = value;
  cells_[target.cell] = static_cast<uint8_t>(fault);
}

bool ProtobufReader::read_target(const ProtobufTarget& target, uint32_t index, const WireValue& value, Run& run) {
  Slot slot = slot_i128(0);
  ConversionFault fault = ConversionFault::none;
  switch (target.form) {
    case Form::integer:
      slot.i64 = number_of(target.kind, value.bits);
      if (slot.i64 < 0 && is_unsigned(target.kind)) fault = ConversionFault::out_of_range;
      break;
    case Form::number:
    case Form::scaled_number:
    case Form::boolean:
      fault = convert_number(target, index, value.bits, &slot);
      break;
    case Form::real:
      fault = convert_real(target, real_of(target.kind, value.bits), &slot);
      break;
    case Form::text:
    case Form::bytes:
      fault = convert_text(target, index, value.bytes, &slot, run);
      break;
    case Form::symbol:
      fault = convert_symbol(target, static_cast<int32_t>(static_cast<uint32_t>(value.bits)), &slot);
      break;
    case Form::list:
      return read_element(target, value, run);
    default:
      if (!read_known(target, value.bytes, run)) return false;
      fault = convert_known(target, index, &row_[target.hidden], &slot, run);
  }
  set(target, slot, fault);
  return true;
}

bool ProtobufReader::read_element(const ProtobufTarget& target, const WireValue& value, Run& run) {
  ProtobufReader& element = elements_[target.list];
  Items& items = items_[target.list];
  element.begin();
  if (!element.read_value(element.table_->nodes[0].entries[0], value, run)) return false;
  element.finish_lists(run);
  const ConversionFault fault = element.first_fault(0);
  if (fault != ConversionFault::none && cells_[target.cell] == 0) cells_[target.cell] = static_cast<uint8_t>(fault);
  run.list_slots += element.table_->leaves;
  if (run.list_slots > kMostListSlots) {
    run.broken_at = run.begin;
    run.reason = kTooMany;
    return false;
  }
  items.slots.insert(items.slots.end(), element.row_.begin(), element.row_.begin() + element.table_->leaves);
  ++items.count;
  return true;
}

void ProtobufReader::finish_lists(Run& run) {
  if (items_.empty()) return;
  for (const ProtobufTarget& target : table_->targets) {
    if (target.form != Form::list || items_[target.list].count == 0) continue;
    Items& items = items_[target.list];
    const ProtobufTable::List& list = table_->lists[target.list];
    if (list.key_leaf >= 0 && items.count > 1 && cells_[target.cell] == 0)
      drop_repeated_keys(list, items, list.element->leaves);
    Slot* made = run.arena->allocate_array<Slot>(items.slots.size());
    std::copy(items.slots.begin(), items.slots.end(), made);
    row_[target.leaf + (target.optional ? 1 : 0)].list = {made, items.count};
  }
}

/// The last entry of a key counts, as in other readers; it stands where the key stood first.
void ProtobufReader::drop_repeated_keys(const ProtobufTable::List& list, Items& items, size_t width) const {
  std::unordered_map<std::string_view, size_t> places;
  size_t kept = 0;
  for (size_t i = 0; i < items.count; ++i) {
    const Slot* entry = &items.slots[i * width];
    const Slot& key = entry[list.key_leaf];
    const std::string_view bytes =
        list.text_key ? key.bytes.view() : std::string_view(reinterpret_cast<const char*>(&key), sizeof key);
    const auto [place, is_new] = places.emplace(bytes, kept);
    if (!is_new || kept != i) std::copy_n(entry, width, &items.slots[place->second * width]);
    if (!is_new) continue;
    // The key is the same in the place it is copied to.
    if (!list.text_key && kept != i) {
      places.erase(place);
      places.emplace(std::string_view(
                         reinterpret_cast<const char*>(&items.slots[kept * width + static_cast<size_t>(list.key_leaf)]),
                         sizeof(Slot)),
                     kept);
    }
    ++kept;
  }
  items.count = kept;
  items.slots.resize(kept * width);
}

bool ProtobufReader::read_known(const ProtobufTarget& target, std::string_view bytes, Run& run) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  // Of the parts 1 to 4 one at most is bytes, and it is the first.
  const bool first_is_bytes = target.form == Form::decimal_text || target.form == Form::confluent_decimal;
  WireValue value;
  while (at < end) {
    at = read_wire_field(at, end, value, run.reason, run.broken_at);
    if (at == nullptr) return false;
    if (value.number > kHiddenSlots) continue;
    Slot& part = row_[target.hidden + value.number - 1];
    if (value.number == 1 && first_is_bytes) {
      if (value.type == WireType::sized) part.bytes = {value.bytes.data(), value.bytes.size()};
    } else if (value.type == WireType::varint) {
      const bool wide = value.number == 1 && (target.form == Form::timestamp || target.form == Form::duration);
      part.i64 = wide ? static_cast<int64_t>(value.bits) : static_cast<int32_t>(static_cast<uint32_t>(value.bits));
    }
  }
  return true;
}

ConversionFault ProtobufReader::convert_number(const ProtobufTarget& target, uint32_t index, uint64_t bits,
                                               Slot* slot) const {
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
      *slot = decimal_slot(shapes_[index].leaf, fitted);
      return fault;
    }
  }
}

ConversionFault ProtobufReader::convert_real(const ProtobufTarget&, double number, Slot* slot) const {
  *slot = slot_f64(std::isnan(number) ? std::nan("") : number);
  return ConversionFault::none;
}

ConversionFault ProtobufReader::convert_text(const ProtobufTarget& target, uint32_t index, std::string_view text,
                                             Slot* slot, Run& run) const {
  *slot = slot_i128(0);
  if (target.form == Form::text && !is_ascii(text) && !is_utf8(text)) {
    if (run.broken_text == nullptr) run.broken_text = text.data() + first_broken_byte(text);
    return ConversionFault::none;
  }
  if (is(target.type, TypeKind::string) || is(target.type, TypeKind::bytes)) {
    slot->bytes = {text.data(), text.size()};
    return ConversionFault::none;
  }
  return read_text(shapes_[index], text, slot, *run.arena);
}

ConversionFault ProtobufReader::convert_symbol(const ProtobufTarget& target, int32_t number, Slot* slot) const {
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

ConversionFault ProtobufReader::convert_known(const ProtobufTarget& target, uint32_t index, const Slot* parts,
                                              Slot* slot, Run& run) const {
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
        if (run.broken_text == nullptr) run.broken_text = text.data() + first_broken_byte(text);
        return ConversionFault::none;
      }
      if (!is_json_number(text)) return ConversionFault::not_a_number;
      return read_number(shapes_[index], text, slot);
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
  *slot = whole ? slot_i64(static_cast<int64_t>(fitted)) : decimal_slot(shapes_[index].leaf, fitted);
  return fault;
}

}  // namespace braid
