#include "runtime/codec/json_reader.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/data/map_entries.h"

namespace braid {
namespace {

constexpr uint32_t kNoFault = UINT32_MAX;

size_t child_index(ObjectNode& node, const std::string& name) {
  auto [place, added] = node.child_of.try_emplace(name, static_cast<int32_t>(node.children.size()));
  if (added) node.children.emplace_back().name = name;
  return static_cast<size_t>(place->second);
}

ObjectChild& child_named(ObjectNode& node, const std::string& name) {
  return node.children[child_index(node, name)];
}

DirectKind direct_kind(TypeKind kind) {
  if (kind == TypeKind::string) return DirectKind::text;
  if (kind == TypeKind::integer) return DirectKind::integer;
  return kind == TypeKind::timestamp ? DirectKind::timestamp : DirectKind::none;
}

/// The node for reading objects of a struct type, null for other types. Lists stand for their elements.
ObjectNode* make_structure(const Shape& shape, std::vector<std::unique_ptr<ObjectNode>>& owner) {
  if (shape.kind == TypeKind::list) return make_structure(shape.children[0], owner);
  if (shape.kind == TypeKind::map) return make_structure(shape.children[1], owner);
  if (shape.kind != TypeKind::structure) return nullptr;
  auto node = std::make_unique<ObjectNode>();
  uint32_t offset = 0;
  for (size_t i = 0; i < shape.children.size(); ++i) {
    const Shape& part = shape.children[i];
    ObjectChild& child = child_named(*node, shape.type->fields[i].name);
    child.targets.push_back({&part, offset, false, make_structure(part, node->structures)});
    offset += part.leaves;
  }
  owner.push_back(std::move(node));
  return owner.back().get();
}

void clear_slots(Slot* slots, uint32_t count) {
  if (count > 0) std::memset(static_cast<void*>(slots), 0, count * sizeof(Slot));
}

void find_direct(ObjectNode& node) {
  for (ObjectChild& child : node.children) {
    if (child.below) {
      find_direct(*child.below);
    } else if (child.targets.size() == 1 && child.targets[0].whole_field) {
      child.direct = direct_kind(child.targets[0].shape->kind);
      child.optional = child.targets[0].shape->optional;
      child.offset = child.targets[0].offset;
    }
  }
}

/// skip_json_value for what nearly all values are: text without escapes, numbers.
inline const char* skip_value(const char* at, int depth, ScanError& error) {
  if (*at == '"') {
    const char* end = find_string_special(at + 1);
    if (*end == '"') [[likely]]
      return end + 1;
  } else if (static_cast<uint8_t>(*at - '0') <= 9 || *at == '-') {
    const char* end = scan_json_number(at);
    if (end != nullptr) [[likely]]
      return end;
  }
  return skip_json_value(at, depth, error);
}

}  // namespace

JsonReader::JsonReader(const DecodePlan& plan, const TimeZone* zone) {
  for (const DecodeField& field : plan.fields)
    if (field.touched) shapes_.push_back(make_shape(field.type, zone, plan.unit));
  objects_.push_back(&root_);
  for (const DecodeField& field : plan.fields) {
    if (!field.touched) continue;
    const Shape& shape = shapes_[places_.size()];
    BRAID_CHECK(!field.path.empty());
    ObjectNode* node = &root_;
    for (size_t i = 0; i + 1 < field.path.size(); ++i) {
      ObjectChild& child = child_named(*node, field.path[i]);
      if (!child.below) {
        child.below = std::make_unique<ObjectNode>();
        objects_.push_back(child.below.get());
      }
      node = child.below.get();
    }
    ObjectNode* structure = make_structure(shape, node->structures);
    size_t index = child_index(*node, field.path.back());
    ObjectChild& child = node->children[index];
    child.targets.push_back({&shape, static_cast<uint32_t>(leaves_), true, structure});
    places_.push_back({node, static_cast<int32_t>(index), static_cast<int>(field.path.size()), leaves_});
    leaves_ += 1 + shape.leaves;
  }
  find_direct(root_);
  for (ObjectNode* node : objects_) starts_.push_back(node->keys.start());
  end_.child = kEndOfObject;
}

const char* JsonReader::read_field(size_t field, const char* at, Slot* row, Arena& arena) {
  ScanError error;
  arena_ = &arena;
  error_ = &error;
  const FieldPlace& place = places_[field];
  uint32_t first_fault = kNoFault;
  ConversionFault none = ConversionFault::none;
  return read_child(*place.node, place.child, skip_blanks(at), place.depth, row, &first_fault, &none);
}

void JsonReader::read_missing(size_t field, Slot* row) const {
  Slot* slots = row + places_[field].first_leaf;
  clear_slots(slots, 1 + shapes_[field].leaves);
  if (!shapes_[field].optional) slots->u8 = static_cast<uint8_t>(ConversionFault::missing);
}

const char* JsonReader::read_record(const char* at, Slot* row, Arena& arena, ScanError& error) {
  arena_ = &arena;
  error_ = &error;
  ConversionFault none = ConversionFault::none;
  if (*at != '{') {
    error = {at, "it does not begin with `{`"};
    return nullptr;
  }
  return read_object(root_, at, 1, row, &none);
}

PredictedKey* JsonReader::find_key(size_t object, PredictedKey* last, const char* at) {
  ScanError error;
  error_ = &error;
  const char* begin = at;
  PredictedKey* key = find_key(*objects_[object], last, &at);
  if (key == nullptr) return &broken_;
  if (key == &end_) end_.length = static_cast<uint32_t>(at - begin);
  return key;
}

/// The key at `at`, which is not the one that is expected behind `last`; moves `at` to its value. Or end_, and `at` to
/// the `}`. Null: the text is broken.
PredictedKey* JsonReader::find_key(ObjectNode& node, PredictedKey* last, const char** place) {
  const char* begin = *place;
  if (PredictedKey* near = node.keys.find_near(last, begin); near != nullptr) {
    *place = skip_blanks(begin + near->length);
    return near;
  }
  const bool first = last == node.keys.start();
  const char* at = skip_blanks(first ? begin + 1 : begin);
  if (*at == '}') {
    *place = at;
    return &end_;
  }
  if (!first) {
    if (*at != ',') {
      *error_ = {at, "neither `,` nor `}` behind a value"};
      return nullptr;
    }
    at = skip_blanks(at + 1);
  }
  if (*at != '"') {
    *error_ = {at, "no key where one must stand"};
    return nullptr;
  }
  const char* name = ++at;
  bool escaped = false;
  at = scan_json_string(at, &escaped, *error_);
  if (at == nullptr) return nullptr;
  const std::string_view raw(name, static_cast<size_t>(at - 1 - name));
  at = skip_blanks(at);
  if (*at != ':') {
    *error_ = {at, "no `:` behind a key"};
    return nullptr;
  }
  at = skip_blanks(at + 1);
  *place = at;

  const auto length = static_cast<size_t>(at - begin);
  const bool short_enough = length <= KeyOrder::kMostBytes;
  if (short_enough)
    if (PredictedKey* known = node.keys.find(last, begin, length); known != nullptr) return known;
  auto child = node.child_of.end();
  if (escaped) {
    std::string text(raw);
    text.resize(unescape_json(raw, text.data()));
    child = node.child_of.find(text);
  } else {
    child = node.child_of.find(raw);
  }
  const int32_t index = child == node.child_of.end() ? kSkipValue : child->second;
  return short_enough ? node.keys.add(last, begin, length, index) : node.keys.pass(last, length, index);
}

[[gnu::always_inline]] inline const char* JsonReader::read_direct(const ObjectChild& child, const char* at,
                                                                  Slot* base) {
  Slot* slots = base + child.offset;
  Slot value = slot_i128(0);
  const char* end = nullptr;
  if (*at == 'n' && child.optional && child.direct != DirectKind::none) {
    if (std::memcmp(at, "null", 4) != 0) return nullptr;
    slots[0] = value;
    slots[1] = value;
    slots[2] = value;
    return at + 4;
  }
  switch (child.direct) {
    case DirectKind::none:
      return nullptr;
    case DirectKind::text:
      end = read_direct_text(at, &value.bytes);
      break;
    case DirectKind::integer:
      end = read_direct_integer(at, &value.i64);
      break;
    case DirectKind::timestamp:
      end = read_direct_timestamp(at, last_date_, &value.i64);
      break;
  }
  if (end == nullptr) return nullptr;
  *slots++ = slot_i128(0);
  if (child.optional) *slots++ = slot_u8(true);
  *slots = value;
  return end;
}

const char* JsonReader::read_object(ObjectNode& node, const char* at, int depth, Slot* base, ConversionFault* fault) {
  uint64_t visit = ++node.visit;
  uint32_t first_fault = kNoFault;
  size_t found = 0;
  PredictedKey* last = node.keys.start();
  while (true) {
    const PredictedKey& expected = *last->next;
    if (stands_at(expected, at) && expected.child != kNoKey) [[likely]] {
      last = last->next;
      at += expected.length;
      if (static_cast<uint8_t>(*at) <= ' ') at = skip_blanks(at);
    } else {
      // Behind the start stands the `{`.
      last = *at == '}' ? &end_ : find_key(node, last, &at);
      if (last == nullptr) return nullptr;
      if (last == &end_) {
        ++at;
        break;
      }
    }
    const int32_t child = last->child;
    if (child < 0) {
      at = skip_value(at, depth, *error_);
    } else {
      ObjectChild& known = node.children[child];
      if (known.seen == visit) {
        if (known.repeated != visit)
          settle(known, base, ConversionFault::duplicate, static_cast<uint32_t>(child), &first_fault, fault);
        known.repeated = visit;
        at = skip_json_value(at, depth, *error_);
      } else {
        known.seen = visit;
        ++found;
        const char* end = read_direct(known, at, base);
        at = end != nullptr ? end : read_child(node, child, at, depth, base, &first_fault, fault);
      }
    }
    if (at == nullptr) return nullptr;
  }
  if (found < node.children.size()) {
    for (uint32_t i = 0; i < node.children.size(); ++i)
      if (node.children[i].seen != visit)
        settle(node.children[i], base, ConversionFault::missing, i, &first_fault, fault);
  }
  return at;
}

const char* JsonReader::read_child(ObjectNode& node, int32_t index, const char* at, int depth, Slot* base,
                                   uint32_t* first_fault, ConversionFault* fault) {
  ObjectChild& child = node.children[index];
  const char* end = nullptr;
  for (const JsonTarget& target : child.targets) {
    ConversionFault own = ConversionFault::none;
    Slot* slots = base + target.offset + (target.whole_field ? 1 : 0);
    end = read_value(target, *target.shape, at, depth, slots, &own);
    if (end == nullptr) return nullptr;
    if (target.whole_field) {
      slots[-1] = slot_i128(static_cast<uint8_t>(own));
    } else if (own != ConversionFault::none && static_cast<uint32_t>(index) < *first_fault) {
      *first_fault = static_cast<uint32_t>(index);
      *fault = own;
    }
    if (own != ConversionFault::none) clear_slots(slots, target.shape->leaves);
  }
  if (!child.below) return end;
  if (*at == '{') {
    if (depth == kMaxNesting) return skip_json_value(at, depth, *error_);  // says that it is too deep
    return read_object(*child.below, at, depth + 1, base, fault);
  }
  bool null = *at == 'n';
  end = skip_json_value(at, depth, *error_);
  if (end == nullptr) return nullptr;
  ConversionFault below = null ? ConversionFault::missing : ConversionFault::wrong_type;
  for (ObjectChild& each : child.below->children) settle(each, base, below, 0, first_fault, fault);
  return end;
}

void JsonReader::settle(ObjectChild& child, Slot* base, ConversionFault fault, uint32_t index, uint32_t* first_fault,
                        ConversionFault* struct_fault) {
  for (const JsonTarget& target : child.targets) {
    bool absent = fault == ConversionFault::missing && target.shape->optional;
    ConversionFault own = absent ? ConversionFault::none : fault;
    Slot* slots = base + target.offset + (target.whole_field ? 1 : 0);
    clear_slots(slots, target.shape->leaves);
    if (target.whole_field) {
      slots[-1] = slot_i128(static_cast<uint8_t>(own));
    } else if (own != ConversionFault::none &&
               (index < *first_fault || (index == *first_fault && fault == ConversionFault::duplicate))) {
      *first_fault = index;
      *struct_fault = own;
    }
  }
  if (child.below)
    for (ObjectChild& each : child.below->children) settle(each, base, fault, index, first_fault, struct_fault);
}

const char* JsonReader::read_value(const JsonTarget& target, const Shape& shape, const char* at, int depth, Slot* slots,
                                   ConversionFault* fault) {
  if (shape.kind == TypeKind::json && !(shape.optional && *at == 'n')) {
    const char* end = skip_json_value(at, depth, *error_);
    if (end == nullptr) return nullptr;
    if (shape.optional) *slots++ = slot_u8(true);
    *fault = read_json({at, static_cast<size_t>(end - at)}, slots, *arena_);
    return end;
  }
  if (*at == 'n') {
    const char* end = skip_json_value(at, depth, *error_);
    clear_slots(slots, shape.leaves);
    if (!shape.optional) *fault = ConversionFault::null;
    return end;
  }
  if (shape.optional) *slots++ = slot_u8(true);
  switch (*at) {
    case '"': {
      bool escaped = false;
      const char* end = scan_json_string(at + 1, &escaped, *error_);
      if (end == nullptr) return nullptr;
      std::string_view text(at + 1, static_cast<size_t>(end - at - 2));
      if (escaped) {
        char* copy = arena_->allocate(text.size());
        text = {copy, unescape_json(text, copy)};
      }
      *fault = read_text(shape, text, slots, *arena_);
      return end;
    }
    case '{':
      if (depth == kMaxNesting) break;
      if (shape.kind == TypeKind::map) return read_map(target, shape, at, depth + 1, slots, fault);
      if (shape.kind != TypeKind::structure) break;
      return read_object(*target.structure, at, depth + 1, slots, fault);
    case '[':
      if (shape.kind != TypeKind::list || depth == kMaxNesting) break;
      return read_list(target, shape, at, depth + 1, slots, fault);
    case 't':
    case 'f':
      if (shape.kind != TypeKind::boolean) break;
      *slots = slot_u8(*at == 't');
      return skip_json_value(at, depth, *error_);
    default: {
      const char* end = scan_json_number(at);
      if (end == nullptr) break;  // skipping says what is wrong
      *fault = read_number(shape, {at, static_cast<size_t>(end - at)}, slots);
      return end;
    }
  }
  *fault = ConversionFault::wrong_type;
  return skip_json_value(at, depth, *error_);
}

const char* JsonReader::read_list(const JsonTarget& target, const Shape& shape, const char* at, int depth, Slot* slot,
                                  ConversionFault* fault) {
  const Shape& element = shape.children[0];
  Slot* items = nullptr;
  uint64_t count = 0, room = 0;
  at = skip_blanks(at + 1);
  while (*at != ']' || count > 0) {
    if (count == room) {
      // Twice the room each time: all pieces together are less than three times the list.
      room = room == 0 ? 8 : room * 2;
      Slot* larger = arena_->allocate_array<Slot>(room * element.leaves);
      if (count > 0) std::memcpy(static_cast<void*>(larger), items, count * element.leaves * sizeof(Slot));
      items = larger;
    }
    ConversionFault own = ConversionFault::none;
    at = read_value(target, element, at, depth, items + count * element.leaves, &own);
    if (at == nullptr) return nullptr;
    if (own != ConversionFault::none && *fault == ConversionFault::none) *fault = own;
    ++count;
    at = skip_blanks(at);
    if (*at == ']') break;
    if (*at != ',') {
      *error_ = {at, "neither `,` nor `]` behind a value"};
      return nullptr;
    }
    at = skip_blanks(at + 1);
  }
  *slot = slot_i128(0);
  slot->list = {items, count};
  return at + 1;
}

/// An object whose members are the entries: in the order of their keys, whatever order they came in.
const char* JsonReader::read_map(const JsonTarget& target, const Shape& shape, const char* at, int depth, Slot* slot,
                                 ConversionFault* fault) {
  const Shape &key = shape.children[0], &value = shape.children[1];
  const uint32_t width = key.leaves + value.leaves;
  Slot* entries = nullptr;
  uint64_t count = 0, room = 0;
  at = skip_blanks(at + 1);
  while (*at != '}' || count > 0) {
    if (*at != '"') {
      *error_ = {at, "no key where one must stand"};
      return nullptr;
    }
    bool escaped = false;
    const char* end = scan_json_string(at + 1, &escaped, *error_);
    if (end == nullptr) return nullptr;
    std::string_view name(at + 1, static_cast<size_t>(end - at - 2));
    if (escaped) {
      char* copy = arena_->allocate(name.size());
      name = {copy, unescape_json(name, copy)};
    }
    at = skip_blanks(end);
    if (*at != ':') {
      *error_ = {at, "no `:` behind a key"};
      return nullptr;
    }
    at = skip_blanks(at + 1);
    if (count == room) {
      room = room == 0 ? 8 : room * 2;
      Slot* larger = arena_->allocate_array<Slot>(room * width);
      if (count > 0) std::memcpy(static_cast<void*>(larger), entries, count * width * sizeof(Slot));
      entries = larger;
    }
    Slot* entry = entries + count * width;
    ConversionFault own = read_key(key, name, entry, *arena_);
    ConversionFault of_value = ConversionFault::none;
    at = read_value(target, value, at, depth, entry + key.leaves, &of_value);
    if (at == nullptr) return nullptr;
    if (own == ConversionFault::none) own = of_value;
    if (own != ConversionFault::none && *fault == ConversionFault::none) *fault = own;
    ++count;
    at = skip_blanks(at);
    if (*at == '}') break;
    if (*at != ',') {
      *error_ = {at, "neither `,` nor `}` behind a value"};
      return nullptr;
    }
    at = skip_blanks(at + 1);
  }
  if (*fault == ConversionFault::none && !order_entries(shape.type, entries, count, *arena_))
    *fault = ConversionFault::duplicate;
  *slot = slot_i128(0);
  slot->list = {entries, count};
  return at + 1;
}

}  // namespace braid
