#include "runtime/codec/protobuf_forms.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

using Kind = ProtobufField::Kind;
using Known = ProtobufMessage::Known;
using Form = ProtobufTarget::Form;

/// What the declaration should say.
std::string fitting_type(const ProtobufSchema& schema, const ProtobufField& field, bool element = false) {
  if (field.repeated && !element) {
    if (field.kind == Kind::message && schema.messages[field.type].map_entry) {
      const std::vector<ProtobufField>& entry = schema.messages[field.type].fields;
      const std::string value = fitting_type(schema, entry.back());
      return value.empty() ? "" : "map<" + fitting_type(schema, entry.front()) + ", " + value + ">";
    }
    const std::string inner = fitting_type(schema, field, true);
    return inner.empty() ? "" : "list<" + inner + ">";
  }
  switch (field.kind) {
    case Kind::boolean:
      return "bool";
    case Kind::float32:
    case Kind::float64:
      return "float";
    case Kind::string:
    case Kind::enumeration:
      return "string";
    case Kind::bytes:
      return "bytes";
    case Kind::group:
      return "";
    case Kind::message:
      break;
    default:
      return "int";
  }
  const ProtobufMessage& message = schema.messages[field.type];
  switch (message.known) {
    case Known::timestamp:
      return "timestamp?";
    case Known::duration:
      return "duration?";
    case Known::date:
      return "date?";
    case Known::time_of_day:
      return "time?";
    case Known::decimal_text:
    case Known::confluent_decimal:
      return "decimal(38,9)?";
    case Known::wrapper: {
      const std::string inner = fitting_type(schema, message.fields.front());
      return inner + "?";
    }
    case Known::none:
      break;
  }
  std::string parts;
  for (const ProtobufField& part : message.fields) {
    if (part.kind == Kind::message && schema.messages[part.type].known == Known::none) continue;
    const std::string type = fitting_type(schema, part);
    if (type.empty()) continue;
    if (!parts.empty()) return "{ " + parts + ", … }";
    parts += part.name + ": " + type;
  }
  return parts.empty() ? "" : "{ " + parts + " }";
}

bool choose_symbols(const ProtobufEnum& type, ProtobufTarget& target) {
  if (is(target.type, TypeKind::integer)) {
    target.form = Form::integer;
    return true;
  }
  target.form = Form::symbol;
  const std::vector<std::string>& declared = target.type->symbols;
  for (const auto& [number, name] : type.symbols) {
    const auto at = std::find(declared.begin(), declared.end(), name);
    const int32_t own = at == declared.end() ? -1 : static_cast<int32_t>(at - declared.begin());
    const auto same = std::ranges::find(target.symbols, number, &ProtobufTarget::Symbol::number);
    if (same == target.symbols.end())
      target.symbols.push_back({number, own, name});
    else if (same->declared < 0)  // another name of the same number
      same->declared = own;
  }
  std::ranges::sort(target.symbols, {}, &ProtobufTarget::Symbol::number);
  return is(target.type, TypeKind::enumeration) || is(target.type, TypeKind::string);
}

bool choose_known(Known known, ProtobufTarget& target) {
  const TypeKind to = target.type->kind;
  const bool number = to == TypeKind::decimal || to == TypeKind::integer || to == TypeKind::floating;
  switch (known) {
    case Known::timestamp:
      target.form = Form::timestamp;
      return to == TypeKind::timestamp;
    case Known::duration:
      target.form = Form::duration;
      return to == TypeKind::duration;
    case Known::date:
      target.form = Form::date;
      return to == TypeKind::date;
    case Known::time_of_day:
      target.form = Form::time_of_day;
      return to == TypeKind::time;
    case Known::decimal_text:
      target.form = Form::decimal_text;
      return number;
    case Known::confluent_decimal:
      target.form = Form::confluent_decimal;
      return number;
    case Known::wrapper:
    case Known::none:
      return false;
  }
  BRAID_UNREACHABLE("a message with a meaning of its own");
}

bool choose_number(TimestampUnit unit, ProtobufTarget& target, std::string& reason) {
  const TypeKind to = target.type->kind;
  target.form = to == TypeKind::integer ? Form::integer : Form::number;
  if (to == TypeKind::integer || to == TypeKind::floating || to == TypeKind::decimal) return true;
  if (to != TypeKind::date && to != TypeKind::time && to != TypeKind::timestamp && to != TypeKind::duration)
    return false;
  if (unit == TimestampUnit::none) {
    reason = "`unit` says what its numbers are";
    return false;
  }
  if (to == TypeKind::date) return true;
  target.form = Form::scaled_number;
  target.factor = unit == TimestampUnit::seconds        ? kMicrosPerSecond
                  : unit == TimestampUnit::milliseconds ? 1000
                  : unit == TimestampUnit::microseconds ? 1
                                                        : -1000;
  return true;
}

}  // namespace

bool choose_protobuf_form(const ProtobufSchema& schema, const ProtobufField& field, TimestampUnit unit,
                          ProtobufTarget& target, std::string& reason) {
  const TypeKind to = target.type->kind;
  auto is_one_of = [to](std::initializer_list<TypeKind> kinds) {
    return std::find(kinds.begin(), kinds.end(), to) != kinds.end();
  };
  switch (field.kind) {
    case Kind::boolean:
      target.form = Form::boolean;
      return to == TypeKind::boolean;
    case Kind::float32:
    case Kind::float64:
      target.form = Form::real;
      return to == TypeKind::floating;
    case Kind::string:
      target.form = to == TypeKind::bytes ? Form::bytes : Form::text;
      return is_one_of({TypeKind::string, TypeKind::bytes, TypeKind::uuid, TypeKind::date, TypeKind::time,
                        TypeKind::timestamp, TypeKind::duration, TypeKind::decimal, TypeKind::enumeration,
                        TypeKind::json});
    case Kind::bytes:
      target.form = to == TypeKind::bytes ? Form::bytes : Form::text;
      return is_one_of({TypeKind::bytes, TypeKind::string});
    case Kind::enumeration:
      return choose_symbols(schema.enums[field.type], target);
    case Kind::message:
      return choose_known(schema.messages[field.type].known, target);
    case Kind::group:
      reason = "groups are not read";
      return false;
    default:
      return choose_number(unit, target, reason);
  }
}

std::string fitting_declaration(const ProtobufSchema& schema, const ProtobufField& field) {
  return fitting_type(schema, field);
}

}  // namespace braid
