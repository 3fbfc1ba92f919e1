#include "runtime/codec/protobuf_reader.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "runtime/base/check.h"
#include "runtime/data/map_entries.h"

namespace braid {
namespace {

using Form = ProtobufTarget::Form;

constexpr std::string_view kTooMany = "its lists have too many elements";

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
  // What a default value takes of an arena is a number's text at most, and need not stay.
  Arena arena(256);
  Run run{.arena = &arena};
  for (const ProtobufTable::Node& node : table_->nodes) {
    for (const Change& change : node.on_entry) {
      if (change.kind != Change::Kind::preset) continue;
      Preset& made = presets_[change.count];
      made.value = slot_i128(0);
      made.fault = conversion(change.at, run).preset(table_->presets[change.count], &made.value);
    }
  }
}

ProtobufConversion ProtobufReader::conversion(uint32_t target, Run& run) const {
  return {table_->targets[target], shapes_[target], *run.arena, run.broken_text};
}

void ProtobufReader::begin() {
  // Of few leaves, which a loop copies sooner than a call.
  for (size_t i = 0; i < row_.size(); ++i) row_[i] = empty_row_[i];
  for (size_t i = 0; i < cells_.size(); ++i) cells_[i] = empty_cells_[i];
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
    if (value.type == entry->wire) {
      if (!read_value(*entry, value, run)) return false;
    } else if (entry->repeated && value.type == WireType::sized && entry->wire != WireType::group) {
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
  value.type = entry.wire;
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
  *present(target) = value;
  cells_[target.cell] = static_cast<uint8_t>(fault);
}

Slot* ProtobufReader::present(const ProtobufTarget& target) {
  Slot* slot = &row_[target.leaf];
  if (target.optional) *slot++ = slot_u8(true);
  return slot;
}

bool ProtobufReader::read_target(const ProtobufTarget& target, uint32_t index, const WireValue& value, Run& run) {
  if (target.form == Form::list) return read_element(target, value, run);
  // In its place at once: a copy would wait for the halves of the slot.
  Slot* slot = present(target);
  ConversionFault fault = ConversionFault::none;
  switch (target.form) {
    case Form::integer:
      *slot = slot_i64(number_of(target.kind, value.bits));
      if (is_unsigned(target.kind) && slot->i64 < 0) fault = ConversionFault::out_of_range;
      break;
    case Form::number:
    case Form::scaled_number:
    case Form::boolean:
      fault = conversion(index, run).number(value.bits, slot);
      break;
    case Form::real:
      fault = conversion(index, run).real(value.bits, slot);
      break;
    case Form::text:
    case Form::bytes:
      fault = conversion(index, run).text(value.bytes, slot);
      break;
    case Form::symbol:
      fault = conversion(index, run).symbol(static_cast<int32_t>(static_cast<uint32_t>(value.bits)), slot);
      break;
    default:
      if (!read_known(target, value.bytes, run)) return false;
      fault = conversion(index, run).message(&row_[target.hidden], slot);
  }
  cells_[target.cell] = static_cast<uint8_t>(fault);
  return true;
}

bool ProtobufReader::convert(uint32_t target, uint64_t bits, std::string_view bytes, Arena& arena, Slot* slot) {
  if (target >= table_->targets.size()) {
    target -= static_cast<uint32_t>(table_->targets.size());
    for (ProtobufReader& element : elements_) {
      const uint32_t count = element.table_->target_count();
      if (target < count) return element.convert(target, bits, bytes, arena, slot);
      target -= count;
    }
    BRAID_UNREACHABLE("number of a target");
  }
  const ProtobufTarget& of = table_->targets[target];
  Run run{.arena = &arena, .begin = bytes.data()};
  WireValue value;
  value.bits = bits;
  value.bytes = bytes;
  row_[of.leaf + (of.optional ? 1 : 0)] = slot_i128(0);
  std::fill_n(row_.begin() + of.hidden, of.kind == ProtobufKind::message ? kHiddenSlots : 0, slot_i128(0));
  if (!read_target(of, target, value, run) || cells_[of.cell] != 0 || run.broken_text != nullptr) return false;
  *slot = row_[of.leaf + (of.optional ? 1 : 0)];
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
    // Two spellings of one key, as of an instant, have not been told apart above.
    if (is(target.type, TypeKind::map) && cells_[target.cell] == 0 &&
        !order_entries(target.type, made, items.count, *run.arena))
      cells_[target.cell] = static_cast<uint8_t>(ConversionFault::duplicate);
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

}  // namespace braid
