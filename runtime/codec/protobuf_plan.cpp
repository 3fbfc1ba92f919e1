#include "runtime/codec/protobuf_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "runtime/codec/protobuf_forms.h"

namespace braid {
namespace {

using Kind = ProtobufField::Kind;
using Known = ProtobufMessage::Known;
using Form = ProtobufTarget::Form;
using Change = ProtobufTable::Change;

constexpr size_t kNamedFields = 8;
/// Of a table by number.
constexpr uint32_t kSmallNumbers = 512;

WireType wire_type(Kind kind) {
  switch (kind) {
    case Kind::fixed64:
    case Kind::sfixed64:
    case Kind::float64:
      return WireType::fixed64;
    case Kind::fixed32:
    case Kind::sfixed32:
    case Kind::float32:
      return WireType::fixed32;
    case Kind::string:
    case Kind::bytes:
    case Kind::message:
      return WireType::sized;
    case Kind::group:
      return WireType::group;
    default:
      return WireType::varint;
  }
}

/// Faults of a value of the type: its own, and those of its parts.
uint32_t cell_count(const Type& type) {
  const Type& plain = without_optional(type);
  uint32_t count = 1;
  if (is(plain, TypeKind::structure))
    for (const Field& part : plain->fields) count += cell_count(part.type);
  return count;
}

/// What is read of a message: a value whose declared type is `type`, at the end of a path of names.
struct Want {
  uint32_t field;  ///< of the source, for messages
  const std::vector<std::string>* path;
  size_t depth;
  Type type;
  uint32_t leaf, cell;
  bool has_default;
  bool is_part = false;  ///< of a struct, without which it is not missing
};

class TableMaker {
 public:
  TableMaker(const ProtobufSchema& schema, const DecodePlan& plan) : schema_(schema), plan_(plan) {
    for (const DecodeField& field : plan.fields)
      if (field.touched) fields_.push_back(&field);
  }

  Result<std::shared_ptr<const ProtobufTable>> make(uint64_t hash) {
    auto table = std::make_shared<ProtobufTable>();
    table->schema = hash;
    std::vector<Want> wants;
    std::vector<Type> types;
    for (const DecodeField* field : fields_) types.push_back(field->type);
    // Of a row of checked<T>, whose status leaf comes first.
    set_layout(*table, types, 1);
    for (uint32_t i = 0; i < fields_.size(); ++i)
      wants.push_back({i, &fields_[i]->path, 0, fields_[i]->type, table->first_leaf[i] + 1, table->first_cell[i],
                       fields_[i]->has_default});
    std::vector<Change> absent;
    make_node(*table, schema_.root, wants, {}, absent);
    if (!wrong_.empty()) return Error{ErrorKind::input, wrong_};
    return std::shared_ptr<const ProtobufTable>(std::move(table));
  }

 private:
  static void set_layout(ProtobufTable& table, const std::vector<Type>& types, uint32_t status_leaves) {
    for (const Type& type : types) {
      table.first_leaf.push_back(table.leaves);
      table.first_cell.push_back(table.cells);
      table.leaves += status_leaves + static_cast<uint32_t>(leaf_count(type));
      table.cells += cell_count(type);
    }
    table.first_leaf.push_back(table.leaves);
    table.first_cell.push_back(table.cells);
  }

  void refuse(std::string reason) {
    if (wrong_.empty()) wrong_ = std::move(reason);
  }

  // ---- texts
  // ---------------------------------------------------------------------------------------------------------
  static std::string path_text(const std::vector<std::string>& path, size_t depth) {
    return fmt::format("{}", fmt::join(path.begin(), path.begin() + static_cast<ptrdiff_t>(depth), "."));
  }
  /// A part of a struct stands in the place of the field that has it.
  std::string place_of(const Want& want, size_t depth) const {
    const std::vector<std::string>& of_field = fields_[want.field]->path;
    if (want.path == &of_field) return path_text(of_field, depth);
    return path_text(of_field, of_field.size()) + "." + path_text(*want.path, depth);
  }

  std::string absent_text(const ProtobufMessage& message, const Want& want) const {
    std::string has;
    for (size_t i = 0; i < std::min(message.fields.size(), kNamedFields); ++i)
      has += (i == 0 ? "`" : ", `") + message.fields[i].name + "`";
    if (message.fields.size() > kNamedFields) has += fmt::format(" and {} more", message.fields.size() - kNamedFields);
    const std::string type = to_string(want.type);
    return fmt::format("its schema has no field `{}`: `{}` has {}; if records may lack it, declare it as `{}?`",
                       place_of(want, want.depth + 1), message.name, has.empty() ? "no fields" : has, type);
  }

  void refuse_value(const Want& want, const ProtobufField& field, const std::string& reason) {
    std::string text = fmt::format("`{}` is `{}` in its schema, and `{}` here", place_of(want, want.path->size()),
                                   describe(schema_, field), to_string(want.type));
    if (!reason.empty()) text += ": " + reason;
    const std::string fits = fitting_declaration(schema_, field);
    if (reason.empty() && !fits.empty()) text += "; declare it as `" + fits + "`";
    refuse(std::move(text));
  }

  // ---- messages
  // ------------------------------------------------------------------------------------------------------
  static const ProtobufField* find_named(const ProtobufMessage& message, const std::string& name) {
    for (const ProtobufField& field : message.fields)
      if (field.name == name) return &field;
    return nullptr;
  }

  static uint32_t leaves_of(const Type& type) { return static_cast<uint32_t>(leaf_count(type)); }

  /// The value is not there, as far as it is looked for from here.
  static void set_absent(const Want& want, std::vector<Change>& changes, bool not_missed = false) {
    changes.push_back({.kind = Change::Kind::zero, .at = want.leaf, .count = leaves_of(want.type)});
    changes.push_back(
        {.kind = Change::Kind::fault,
         .at = want.cell,
         .fault = is_optional(want.type) || not_missed ? ConversionFault::none : ConversionFault::missing});
    for (uint32_t i = 1; i < cell_count(want.type); ++i)
      changes.push_back({.kind = Change::Kind::fault, .at = want.cell + i});
  }

  /// A field of a message of which something is read.
  struct Read {
    const ProtobufField* field;
    ProtobufTable::Entry entry;
    std::vector<Change> initial;  ///< by which it has not come, though its message has
  };

  /// A node for a message of that type. `marks`: changes when it comes. `absent`: adds those by which it has not come.
  uint32_t make_node(ProtobufTable& table, uint32_t message_index, const std::vector<Want>& wants,
                     std::vector<Change> marks, std::vector<Change>& absent) {
    const auto index = static_cast<uint32_t>(table.nodes.size());
    table.nodes.emplace_back();
    absent.push_back({.kind = Change::Kind::leave, .at = index});
    const ProtobufMessage& message = schema_.messages[message_index];
    std::vector<Change> on_entry = std::move(marks);
    for (const Want& want : wants) {
      set_absent(want, absent, want.is_part);
      if (find_named(message, (*want.path)[want.depth]) != nullptr) continue;
      set_absent(want, on_entry);
      if (!is_optional(want.type) && !want.has_default) refuse(absent_text(message, want));
    }
    std::vector<Read> reads;
    for (const ProtobufField& field : message.fields) {
      std::vector<Want> values, below;
      for (const Want& want : wants) {
        if ((*want.path)[want.depth] != field.name) continue;
        Want next = want;
        (++next.depth == want.path->size() ? values : below).push_back(next);
      }
      if (values.empty() && below.empty()) continue;
      Read& read = reads.emplace_back(&field, new_entry(field), std::vector<Change>());
      add_values(table, field, message.map_entry, values, below, read.entry, read.initial);
      on_entry.insert(on_entry.end(), read.initial.begin(), read.initial.end());
      // What stands below is gone with this message.
      for (const Change& change : read.initial)
        if (change.kind == Change::Kind::leave || change.kind == Change::Kind::empty) absent.push_back(change);
    }
    add_oneofs(message, reads);
    std::vector<ProtobufTable::Entry> entries;
    for (Read& read : reads) entries.push_back(std::move(read.entry));
    std::ranges::sort(entries, {}, &ProtobufTable::Entry::number);
    ProtobufTable::Node& node = table.nodes[index];
    node.on_entry = std::move(on_entry);
    node.entries = std::move(entries);
    for (const ProtobufField& field : message.fields)
      node.fields.push_back({field.number, wire_type(field.kind), field.repeated});
    std::ranges::sort(node.fields, {}, &ProtobufTable::Known::number);
    if (!node.entries.empty()) node.largest = node.entries.back().number;
    for (size_t i = 0; i < node.entries.size(); ++i) {
      const uint32_t number = node.entries[i].number;
      if (number >= kSmallNumbers) break;
      node.by_number.resize(number + 1, -1);
      node.by_number[number] = static_cast<int16_t>(i);
    }
    return index;
  }

  static ProtobufTable::Entry new_entry(const ProtobufField& field) {
    return {.number = field.number, .wire = wire_type(field.kind), .repeated = field.repeated};
  }

  /// A member of a oneof that comes takes away the others, whether it is read or not.
  static void add_oneofs(const ProtobufMessage& message, std::vector<Read>& reads) {
    const size_t read = reads.size();
    for (const ProtobufField& field : message.fields) {
      if (field.oneof < 0) continue;
      std::vector<Change> gone;
      size_t own = read;
      for (size_t i = 0; i < read; ++i) {
        if (reads[i].field == &field)
          own = i;
        else if (reads[i].field->oneof == field.oneof)
          gone.insert(gone.end(), reads[i].initial.begin(), reads[i].initial.end());
      }
      if (gone.empty()) continue;
      if (own == read) reads.push_back({&field, new_entry(field), {}});
      reads[own == read ? reads.size() - 1 : own].entry.before = std::move(gone);
    }
  }

  // ---- values
  // --------------------------------------------------------------------------------------------------------
  /// What is read of a field: `values` end there, `below` go on in it. `initial`: adds the changes by which it has not
  /// come.
  void add_values(ProtobufTable& table, const ProtobufField& field, bool of_map, const std::vector<Want>& values,
                  const std::vector<Want>& below, ProtobufTable::Entry& entry, std::vector<Change>& initial) {
    std::vector<Want> inside;
    std::vector<Change> marks;
    const bool is_message = field.kind == Kind::message && !field.repeated;
    for (const Want& want : below) {
      if (is_message) {
        inside.push_back(want);
        continue;
      }
      set_absent(want, initial);
      refuse(fmt::format("`{}` is `{}` in its schema, which has no field `{}`", place_of(want, want.depth),
                         describe(schema_, field), (*want.path)[want.depth]));
    }
    for (const Want& want : values) {
      const Type& type = without_optional(want.type);
      if (field.repeated) {
        add_list(table, field, want, entry, initial);
      } else if (is_message && add_parts(schema_.messages[field.type], want, type, inside, marks)) {
        set_absent(want, initial);
      } else {
        add_target(table, field, of_map, want, entry, initial);
      }
    }
    if (inside.empty()) return;
    const uint32_t node = make_node(table, field.type, inside, std::move(marks), initial);
    entry.node = static_cast<int32_t>(node);
    // In an entry of a map the value is always there.
    if (of_map) initial.push_back({.kind = Change::Kind::enter, .at = node});
  }

  /// Whether the value is read of the fields of the message.
  bool add_parts(const ProtobufMessage& message, const Want& want, const Type& type, std::vector<Want>& inside,
                 std::vector<Change>& marks) {
    if (!is(type, TypeKind::structure)) {
      if (message.known != Known::wrapper) return false;
      static const std::vector<std::string> kValue{"value"};
      Want value = want;
      value.path = &kValue;
      value.depth = 0;
      inside.push_back(std::move(value));
      return true;
    }
    uint32_t leaf = want.leaf, cell = want.cell + 1;
    if (is_optional(want.type)) marks.push_back({.kind = Change::Kind::mark, .at = leaf++});
    marks.push_back({.kind = Change::Kind::fault, .at = want.cell});
    for (const Field& part : type->fields) {
      paths_.push_back({part.name});
      inside.push_back({want.field, &paths_.back(), 0, part.type, leaf, cell, false, true});
      leaf += leaves_of(part.type);
      cell += cell_count(part.type);
    }
    return true;
  }

  void add_list(ProtobufTable& table, const ProtobufField& field, const Want& want, ProtobufTable::Entry& entry,
                std::vector<Change>& initial) {
    const Type& type = without_optional(want.type);
    const bool has_entries = field.kind == Kind::message && schema_.messages[field.type].map_entry;
    if (!is(type, TypeKind::list) && !(has_entries && is(type, TypeKind::map))) {
      set_absent(want, initial);
      return refuse_value(want, field, "");
    }
    auto element = std::make_shared<ProtobufTable>();
    set_layout(*element, {type->element}, 0);
    ProtobufField one = field;
    one.repeated = one.has_presence = one.has_default = false;
    Want value = want;
    value.type = type->element;
    value.leaf = value.cell = 0;
    element->nodes.emplace_back();
    ProtobufTable::Entry only = new_entry(one);
    std::vector<Change> before;
    add_values(*element, one, false, {value}, {}, only, before);
    element->nodes[0].entries.push_back(std::move(only));
    element->nodes[0].on_entry = std::move(before);

    ProtobufTable::List list{.element = std::move(element)};
    if (has_entries) set_map_key(type->element, field, list);
    const auto index = static_cast<uint32_t>(table.lists.size());
    table.lists.push_back(std::move(list));
    ProtobufTarget target = new_target(field, want);
    target.form = Form::list;
    target.list = index;
    entry.targets.push_back(static_cast<uint32_t>(table.targets.size()));
    table.targets.push_back(std::move(target));
    initial.push_back({.kind = Change::Kind::zero, .at = want.leaf, .count = leaves_of(want.type)});
    if (is_optional(want.type)) initial.push_back({.kind = Change::Kind::mark, .at = want.leaf});
    initial.push_back({.kind = Change::Kind::fault, .at = want.cell});
    initial.push_back({.kind = Change::Kind::empty, .at = index});
  }

  /// Where the key of an entry is, if the declaration reads it.
  void set_map_key(const Type& element, const ProtobufField& field, ProtobufTable::List& list) const {
    list.is_map = true;
    const Type& entry = without_optional(element);
    if (!is(entry, TypeKind::structure)) return;
    for (size_t i = 0; i < entry->fields.size(); ++i) {
      const Field& part = entry->fields[i];
      if (part.name != "key" || is_optional(part.type)) continue;
      list.key_leaf = static_cast<int32_t>(leaf_offset(entry->fields, i) + (is_optional(element) ? 1 : 0));
      list.text_key = schema_.messages[field.type].fields.front().kind == Kind::string &&
                      (is(part.type, TypeKind::string) || is(part.type, TypeKind::bytes));
    }
  }

  static ProtobufTarget new_target(const ProtobufField& field, const Want& want) {
    return {.kind = field.kind,
            .type = without_optional(want.type),
            .optional = is_optional(want.type),
            .leaf = want.leaf,
            .cell = want.cell};
  }

  void add_target(ProtobufTable& table, const ProtobufField& field, bool of_map, const Want& want,
                  ProtobufTable::Entry& entry, std::vector<Change>& initial) {
    ProtobufTarget target = new_target(field, want);
    std::string reason;
    if (!choose_protobuf_form(schema_, field, plan_.unit, target, reason)) {
      set_absent(want, initial);
      return refuse_value(want, field, reason);
    }
    const auto index = static_cast<uint32_t>(table.targets.size());
    if (field.kind == Kind::message) {
      target.hidden = table.leaves + table.hidden;
      table.hidden += kHiddenSlots;
      initial.push_back({.kind = Change::Kind::zero, .at = target.hidden, .count = kHiddenSlots});
    }
    entry.targets.push_back(index);
    table.targets.push_back(std::move(target));
    const bool has_value = field.has_default || (field.kind == Kind::message ? of_map : of_map || !field.has_presence);
    if (!has_value) return set_absent(want, initial);
    initial.push_back(
        {.kind = Change::Kind::preset, .at = index, .count = static_cast<uint32_t>(table.presets.size())});
    table.presets.push_back({field.default_number, field.default_float, field.default_text});
  }

  const ProtobufSchema& schema_;
  const DecodePlan& plan_;
  std::vector<const DecodeField*> fields_;
  std::deque<std::vector<std::string>> paths_;  ///< of parts of structs, one name each
  std::string wrong_;
};

}  // namespace

const ProtobufTable::Entry* ProtobufTable::find_large(const Node& node, uint32_t number) {
  const auto at = std::ranges::lower_bound(node.entries, number, {}, &Entry::number);
  return at == node.entries.end() || at->number != number ? nullptr : &*at;
}

Result<std::shared_ptr<const ProtobufTable>> make_protobuf_table(const ProtobufSchema& schema, const DecodePlan& plan,
                                                                 uint64_t hash) {
  return TableMaker(schema, plan).make(hash);
}

}  // namespace braid
