#include "runtime/codec/avro_plan.h"

#include <fmt/format.h>

#include <map>

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

using Kind = AvroType::Kind;
using Logical = AvroType::Logical;
using Form = AvroValue::Form;
using Step = AvroStep::Kind;

constexpr size_t kNamedFields = 8;

/// A field that is looked for below a type: `depth` names of its path lead there.
struct Wanted {
  uint32_t field;
  size_t depth;
};

class PlanMaker {
 public:
  PlanMaker(const AvroSchema& schema, const DecodePlan& plan) : schema_(schema), plan_(plan) {
    for (const DecodeField& field : plan.fields)
      if (field.touched) fields_.push_back(&field);
    found_.resize(fields_.size());
  }

  Result<std::shared_ptr<const AvroPlan>> make(std::string_view text) {
    std::vector<Wanted> all;
    for (uint32_t i = 0; i < fields_.size(); ++i) all.push_back({i, 0});
    made_.root = walk(schema_.root, all);
    made_.schema = key_hash(text);
    for (uint32_t i = 0; i < fields_.size(); ++i) {
      const Found& found = found_[i];
      if (found.readable) continue;
      if (!found.mismatch.empty()) return Error{ErrorKind::input, found.mismatch};
      if (!may_be_absent(i)) return Error{ErrorKind::input, found.absent};
    }
    return std::make_shared<const AvroPlan>(std::move(made_));
  }

 private:
  /// What all branches of unions say of a field.
  struct Found {
    bool readable = false;
    std::string mismatch, absent;
  };

  bool may_be_absent(uint32_t field) const { return is_optional(fields_[field]->type) || fields_[field]->has_default; }

  uint32_t add(AvroStep step) {
    made_.steps.push_back(std::move(step));
    return static_cast<uint32_t>(made_.steps.size() - 1);
  }
  uint32_t add(AvroValue value) {
    made_.values.push_back(std::move(value));
    return static_cast<uint32_t>(made_.values.size() - 1);
  }
  /// One after the other.
  uint32_t in_order(std::vector<uint32_t> steps) {
    return steps.size() == 1 ? steps[0] : add(AvroStep{.kind = Step::record, .children = std::move(steps)});
  }
  uint32_t settle(uint32_t field, ConversionFault fault) {
    return add(AvroStep{.kind = Step::settle, .field = field, .fault = fault});
  }
  uint32_t settle_absent(uint32_t field) {
    return settle(field, is_optional(fields_[field]->type) ? ConversionFault::none : ConversionFault::missing);
  }

  /// The step that passes a value of the type; the same for all of them, as a type may contain itself.
  uint32_t pass(uint32_t index) {
    if (const auto known = passes_.find(index); known != passes_.end()) return known->second;
    const uint32_t step = add(AvroStep{});
    passes_[index] = step;
    const AvroType& type = schema_.type(index);
    AvroStep made;
    switch (type.kind) {
      case Kind::null:
        break;
      case Kind::boolean:
        made = {.kind = Step::fixed, .size = 1};
        break;
      case Kind::integer:
      case Kind::long_integer:
      case Kind::enumeration:
        made.kind = Step::varint;
        break;
      case Kind::float32:
        made = {.kind = Step::fixed, .size = 4};
        break;
      case Kind::float64:
        made = {.kind = Step::fixed, .size = 8};
        break;
      case Kind::fixed:
        made = {.kind = Step::fixed, .size = type.size};
        break;
      case Kind::bytes:
      case Kind::string:
        made.kind = Step::sized;
        break;
      case Kind::array:
        made = {.kind = Step::blocks, .children = {pass(type.elements[0])}};
        break;
      case Kind::map: {
        const uint32_t key = add(AvroStep{.kind = Step::sized});
        const uint32_t entry = add(AvroStep{.kind = Step::record, .children = {key, pass(type.elements[0])}});
        made = {.kind = Step::blocks, .children = {entry}};
        break;
      }
      case Kind::record:
        made.kind = Step::record;
        for (const AvroField& field : type.fields) made.children.push_back(pass(field.type));
        break;
      case Kind::choice:
        made.kind = Step::choice;
        for (const uint32_t branch : type.elements) made.children.push_back(pass(branch));
        break;
    }
    made_.steps[step] = std::move(made);
    return step;
  }

  /// The step for a value of the type in which the fields are looked for.
  uint32_t walk(uint32_t index, const std::vector<Wanted>& wanted) {
    if (wanted.empty()) return pass(index);
    const AvroType& type = schema_.type(index);
    if (type.kind == Kind::choice) {
      std::vector<uint32_t> branches;
      for (const uint32_t branch : type.elements) branches.push_back(walk(branch, wanted));
      return add(AvroStep{.kind = Step::choice, .children = std::move(branches)});
    }
    std::vector<uint32_t> settled, reads;
    std::vector<Wanted> below;
    for (const Wanted& each : wanted) {
      const DecodeField& field = *fields_[each.field];
      if (each.depth < field.path.size()) {
        below.push_back(each);
      } else if (type.kind == Kind::null) {
        found_[each.field].readable |= is_optional(field.type) || field.has_default;
        settled.push_back(settle(each.field, is_optional(field.type) ? ConversionFault::none : ConversionFault::null));
        if (!is_optional(field.type)) note_mismatch(each.field, index);
      } else {
        std::string reason;
        const uint32_t value = make_value(index, field.type, reason);
        if (made_.values[value].form == Form::other) {
          settled.push_back(settle(each.field, ConversionFault::wrong_type));
          note_mismatch(each.field, index, reason);
        } else {
          found_[each.field].readable = true;
          reads.push_back(add(AvroStep{.kind = Step::read, .field = each.field, .value = value}));
        }
      }
    }
    if (!below.empty() && type.kind == Kind::record) {
      reads.push_back(walk_fields(type, below, settled));
    } else {
      for (const Wanted& each : below) {
        settled.push_back(settle_absent(each.field));
        if (type.kind == Kind::null) continue;
        Found& found = found_[each.field];
        if (found.mismatch.empty())
          found.mismatch = fmt::format("{} is `{}`{}, and has no `{}`",
                                       each.depth == 0 ? "its schema" : "`" + path_text(each.field, each.depth) + "`",
                                       describe(schema_, index), each.depth == 0 ? "" : " in its schema",
                                       fields_[each.field]->path[each.depth]);
      }
    }
    if (reads.empty()) reads.push_back(pass(index));
    settled.push_back(reads.size() == 1 ? reads[0] : add(AvroStep{.kind = Step::again, .children = std::move(reads)}));
    return in_order(std::move(settled));
  }

  /// The fields of a record; what it does not have is settled before it.
  uint32_t walk_fields(const AvroType& record, const std::vector<Wanted>& wanted, std::vector<uint32_t>& settled) {
    std::vector<std::vector<Wanted>> by_field(record.fields.size());
    for (const Wanted& each : wanted) {
      const size_t at = find_named(record, fields_[each.field]->path[each.depth]);
      if (at < by_field.size()) {
        by_field[at].push_back({each.field, each.depth + 1});
        continue;
      }
      settled.push_back(settle_absent(each.field));
      if (found_[each.field].absent.empty()) found_[each.field].absent = absent_text(record, each.field, each.depth);
    }
    std::vector<uint32_t> steps;
    for (size_t i = 0; i < by_field.size(); ++i) steps.push_back(walk(record.fields[i].type, by_field[i]));
    return in_order(std::move(steps));
  }

  static size_t find_named(const AvroType& record, const std::string& name) {
    for (size_t i = 0; i < record.fields.size(); ++i)
      if (record.fields[i].name == name) return i;
    for (size_t i = 0; i < record.fields.size(); ++i)
      for (const std::string& alias : record.fields[i].aliases)
        if (alias == name) return i;
    return record.fields.size();
  }

  std::string path_text(uint32_t field, size_t depth) const {
    std::string text;
    for (size_t i = 0; i < depth; ++i) text += (i == 0 ? "" : ".") + fields_[field]->path[i];
    return text;
  }

  std::string absent_text(const AvroType& record, uint32_t field, size_t depth) const {
    std::string has;
    for (size_t i = 0; i < std::min(record.fields.size(), kNamedFields); ++i)
      has += (i == 0 ? "`" : ", `") + record.fields[i].name + "`";
    if (record.fields.size() > kNamedFields) has += fmt::format(" and {} more", record.fields.size() - kNamedFields);
    return fmt::format("its schema has no field `{}`: {} has {}", path_text(field, depth + 1),
                       depth == 0 ? std::string("it") : "`" + path_text(field, depth) + "`",
                       has.empty() ? "no fields" : has);
  }

  void note_mismatch(uint32_t field, uint32_t type, const std::string& reason = {}) {
    std::string& text = found_[field].mismatch;
    if (!text.empty()) return;
    text = fmt::format("`{}` is `{}` in its schema, and `{}` here", path_text(field, fields_[field]->path.size()),
                       describe(schema_, type), to_string(fields_[field]->type));
    if (!reason.empty()) text += ": " + reason;
  }

  /// How a value of the type is read as the declared one; Form::other and `reason`, which may be empty, if it is not.
  uint32_t make_value(uint32_t index, const Type& declared, std::string& reason) {
    AvroValue made;
    made.optional = is_optional(declared);
    made.type = without_optional(declared);
    made.leaves = static_cast<uint32_t>(leaf_count(declared));
    if (!choose_form(index, made, reason)) {
      made.form = Form::other;
      made.children.clear();
      made.parts.clear();
      made.pass = pass(index);
    }
    return add(std::move(made));
  }

  bool choose_form(uint32_t index, AvroValue& made, std::string& reason) {
    const AvroType& type = schema_.type(index);
    const TypeKind to = made.type->kind;
    auto is_one_of = [to](std::initializer_list<TypeKind> kinds) {
      return std::find(kinds.begin(), kinds.end(), to) != kinds.end();
    };
    switch (type.kind) {
      case Kind::null:
        made.form = Form::null;
        return made.optional;
      case Kind::boolean:
        made.form = Form::boolean;
        return to == TypeKind::boolean;
      case Kind::float32:
      case Kind::float64:
        made.form = type.kind == Kind::float32 ? Form::float32 : Form::float64;
        return to == TypeKind::floating;
      case Kind::integer:
      case Kind::long_integer:
        return choose_number(type, made, reason);
      case Kind::bytes:
      case Kind::fixed:
        made.size = type.size;
        if (type.logical == Logical::decimal && is_one_of({TypeKind::decimal, TypeKind::integer, TypeKind::floating})) {
          made.form = type.kind == Kind::bytes ? Form::sized_decimal : Form::fixed_decimal;
          made.scale = type.scale;
          return true;
        }
        made.form = type.kind == Kind::bytes ? Form::sized : Form::fixed;
        if (type.kind == Kind::bytes) return is_one_of({TypeKind::bytes, TypeKind::string});
        if (to == TypeKind::uuid) return type.size == 16;
        if (to == TypeKind::duration) return type.logical == Logical::duration;
        return to == TypeKind::bytes;
      case Kind::string:
        made.form = Form::sized;
        made.is_text = true;
        return is_one_of({TypeKind::string, TypeKind::bytes, TypeKind::uuid, TypeKind::date, TypeKind::time,
                          TypeKind::timestamp, TypeKind::duration, TypeKind::decimal, TypeKind::enumeration,
                          TypeKind::json});
      case Kind::enumeration:
        made.form = Form::symbol;
        made.symbols = type.symbols;
        for (const std::string& symbol : type.symbols) {
          const auto at = std::find(made.type->symbols.begin(), made.type->symbols.end(), symbol);
          made.to_symbol.push_back(
              at == made.type->symbols.end() ? -1 : static_cast<int32_t>(at - made.type->symbols.begin()));
        }
        return is_one_of({TypeKind::enumeration, TypeKind::string});
      case Kind::array:
        made.form = Form::array;
        if (to != TypeKind::list) return false;
        made.children.push_back(make_value(type.elements[0], made.type->element, reason));
        return made_.values[made.children[0]].form != Form::other;
      case Kind::map:
        made.form = Form::array;
        if (to != TypeKind::map) {
          reason = "a map is declared as `map<string, …>`";
          return false;
        }
        made.children.push_back(make_entry(type.elements[0], made.type, reason));
        return !made.children.empty() && made_.values[made.children[0]].form != Form::other;
      case Kind::record:
        made.form = Form::record;
        return to == TypeKind::structure && choose_parts(type, made, reason);
      case Kind::choice: {
        made.form = Form::choice;
        bool readable = false;
        for (const uint32_t branch : type.elements) {
          const bool null = schema_.type(branch).kind == Kind::null;
          // A null that the declared type does not take is a fault of the record that has it.
          if (null && !made.optional) {
            made.children.push_back(add(AvroValue{.form = Form::null, .type = made.type, .leaves = made.leaves}));
            continue;
          }
          const Type declared = made.optional ? optional_type(made.type) : made.type;
          made.children.push_back(make_value(branch, declared, reason));
          readable |= made_.values[made.children.back()].form != Form::other;
        }
        return readable;
      }
    }
    BRAID_UNREACHABLE("kind of an Avro type");
  }

  /// An entry of a map: a text, which is read as a key, and its value.
  uint32_t make_entry(uint32_t value_type, const Type& map, std::string& reason) {
    const Type& key = key_of(map);
    const uint32_t key_value = add(
        AvroValue{.form = Form::sized, .type = key, .leaves = static_cast<uint32_t>(leaf_count(key)), .is_text = true});
    const uint32_t value = make_value(value_type, value_of(map), reason);
    AvroValue entry;
    entry.form = made_.values[value].form == Form::other ? Form::other : Form::record;
    entry.type = map->element;
    entry.leaves = static_cast<uint32_t>(leaf_count(map->element));
    entry.parts = {{true, key_value, 0}, {true, value, static_cast<uint32_t>(leaf_count(key))}};
    if (entry.form == Form::other && reason.empty())
      reason =
          fmt::format("its values are `{}`, and `{}` here", describe(schema_, value_type), to_string(value_of(map)));
    return add(std::move(entry));
  }

  bool choose_number(const AvroType& type, AvroValue& made, std::string& reason) {
    const TypeKind to = made.type->kind;
    made.form = Form::number;
    if (to == TypeKind::integer || to == TypeKind::floating || to == TypeKind::decimal) return true;
    if (to == TypeKind::date && type.logical == Logical::none)
      return plan_.unit != TimestampUnit::none || needs_unit(reason);
    if (to == TypeKind::date) return type.logical == Logical::date;
    made.form = Form::scaled_number;
    const bool is_time = to == TypeKind::time, is_duration = to == TypeKind::duration;
    if (type.logical == Logical::none && (is_time || is_duration)) return choose_unit(made, reason);
    if (is_duration) {
      made.factor = type.logical == Logical::duration_nanos ? -1000 : 1;
      return type.logical == Logical::duration_micros || type.logical == Logical::duration_nanos;
    }
    if (is_time) {
      made.factor = type.logical == Logical::time_millis ? 1000 : type.logical == Logical::time_nanos ? -1000 : 1;
      return type.logical == Logical::time_millis || type.logical == Logical::time_micros ||
             type.logical == Logical::time_nanos;
    }
    if (to != TypeKind::timestamp) return false;
    switch (type.logical) {
      case Logical::timestamp_millis:
      case Logical::local_timestamp_millis:
        made.factor = 1000;
        break;
      case Logical::timestamp_micros:
      case Logical::local_timestamp_micros:
        break;
      case Logical::timestamp_nanos:
      case Logical::local_timestamp_nanos:
        made.factor = -1000;
        break;
      case Logical::none:
        return choose_unit(made, reason);
      default:
        return false;
    }
    made.local = type.logical >= Logical::local_timestamp_millis && type.logical <= Logical::local_timestamp_nanos;
    if (made.local && plan_.zone.empty()) reason = "it is local time, and `zone` says where";
    return !made.local || !plan_.zone.empty();
  }

  static bool needs_unit(std::string& reason) {
    reason = "`unit` says what its numbers are";
    return false;
  }

  bool choose_unit(AvroValue& made, std::string& reason) {
    if (plan_.unit == TimestampUnit::none) return needs_unit(reason);
    made.factor = plan_.unit == TimestampUnit::seconds        ? kMicrosPerSecond
                  : plan_.unit == TimestampUnit::milliseconds ? 1000
                  : plan_.unit == TimestampUnit::microseconds ? 1
                                                              : -1000;
    return true;
  }

  bool choose_parts(const AvroType& record, AvroValue& made, std::string& reason) {
    std::vector<size_t> part_of(record.fields.size(), made.type->fields.size());
    uint32_t leaf = made.optional ? 1 : 0;
    std::vector<uint32_t> leaf_of;
    for (size_t i = 0; i < made.type->fields.size(); ++i) {
      const Field& part = made.type->fields[i];
      leaf_of.push_back(leaf);
      const auto leaves = static_cast<uint32_t>(leaf_count(part.type));
      const size_t at = find_named(record, part.name);
      if (at < record.fields.size() && part_of[at] == made.type->fields.size()) {
        part_of[at] = i;
      } else if (is_optional(part.type)) {
        made.absent.push_back({leaf, leaves, ConversionFault::none});
      } else {
        reason = fmt::format("it has no `{}`", part.name);
        return false;
      }
      leaf += leaves;
    }
    for (size_t i = 0; i < record.fields.size(); ++i) {
      if (part_of[i] == made.type->fields.size()) {
        made.parts.push_back({false, pass(record.fields[i].type), 0});
        continue;
      }
      const Field& part = made.type->fields[part_of[i]];
      const uint32_t value = make_value(record.fields[i].type, part.type, reason);
      if (made_.values[value].form == Form::other) {
        if (reason.empty())
          reason = fmt::format("its `{}` is `{}`, and `{}` here", part.name, describe(schema_, record.fields[i].type),
                               to_string(part.type));
        return false;
      }
      made.parts.push_back({true, value, leaf_of[part_of[i]]});
    }
    return true;
  }

  const AvroSchema& schema_;
  const DecodePlan& plan_;
  std::vector<const DecodeField*> fields_;
  std::vector<Found> found_;
  std::map<uint32_t, uint32_t> passes_;
  AvroPlan made_;
};

}  // namespace

Result<std::shared_ptr<const AvroPlan>> make_avro_plan(const AvroSchema& schema, const DecodePlan& plan,
                                                       std::string_view text) {
  return PlanMaker(schema, plan).make(text);
}

}  // namespace braid
