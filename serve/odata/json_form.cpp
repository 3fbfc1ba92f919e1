#include "serve/odata/json_form.h"

#include <cmath>

#include "runtime/data/decimal.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "runtime/data/value.h"
#include "serve/http/query.h"
#include "serve/odata/names.h"

namespace braid::serve::odata {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& byte : made)
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte + 32);
  return made;
}

/// Each of the parts between the separators.
template <class Each>
void for_parts(std::string_view text, char separator, Each each) {
  while (true) {
    const size_t end = text.find(separator);
    each(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

/// One media range with its parameters; none: it is not what this gives. `q`: of it, in thousandths.
std::optional<Form> form_of_range(std::string_view range, int& q) {
  Form made;
  bool is_first = true, fits = true;
  q = 1000;
  for_parts(range, ';', [&](std::string_view part) {
    const std::string word = lower(part);
    if (std::exchange(is_first, false)) {
      fits = word == "application/json" || word == "application/*" || word == "*/*" || word == "json";
      return;
    }
    const size_t equals = std::min(word.find('='), word.size());
    std::string_view name = trimmed(std::string_view(word).substr(0, equals));
    const std::string_view value = trimmed(std::string_view(word).substr(std::min(equals + 1, word.size())));
    if (name.starts_with("odata.")) name.remove_prefix(6);
    if (name == "metadata") {
      fits = fits && (value == "none" || value == "minimal" || value == "full");
      made.metadata = value == "none"   ? Form::Metadata::none
                      : value == "full" ? Form::Metadata::full
                                        : Form::Metadata::minimal;
    } else if (name == "ieee754compatible") {
      made.numbers_as_text = value == "true";
    } else if (name == "q") {
      q = value.starts_with('0') ? 0 : 1000;
      for (size_t i = 2, unit = 100; i < value.size() && unit > 0; ++i, unit /= 10)
        if (value[i] >= '0' && value[i] <= '9') q = std::min(1000, q + (value[i] - '0') * static_cast<int>(unit));
    } else if (name == "odata" || name == "type") {
      fits = false;  // of earlier versions, and of Atom
    }
  });
  return fits && q > 0 ? std::optional(made) : std::nullopt;
}

}  // namespace

std::string Form::content_type() const {
  const char* level = metadata == Metadata::none ? "none" : metadata == Metadata::full ? "full" : "minimal";
  return fmt::format("application/json;odata.metadata={}{};charset=utf-8", level,
                     numbers_as_text ? ";IEEE754Compatible=true" : "");
}

Parsed<Form> form_of(std::string_view accept, std::string_view format) {
  int q = 0;
  if (!format.empty()) {
    const std::optional<Form> made = form_of_range(format, q);
    if (!made) return Wrong{406, fmt::format("`$format` is json, and `{}` cannot be given", format)};
    return *made;
  }
  if (trimmed(accept).empty()) return Form();
  std::optional<Form> best;
  int best_q = 0;
  for_parts(accept, ',', [&](std::string_view range) {
    const std::optional<Form> made = form_of_range(range, q);
    if (!made || q <= best_q) return;
    best = made;
    best_q = q;
  });
  if (!best) return Wrong{406, "rows are given as application/json, which the client does not accept"};
  return *best;
}

std::string json_string(std::string_view text) {
  std::string made;
  append_json_string(made, text);
  return made;
}

std::string raw_text(const Datum& value) {
  std::string made;
  const auto number = static_cast<int64_t>(value.number);
  switch (value.kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return value.number != 0 ? "true" : "false";
    case Kind::integer:
      return std::to_string(number);
    case Kind::decimal:
      append_decimal(made, value.number, value.scale);
      return made;
    case Kind::floating:
      if (std::isnan(value.real)) return "NaN";
      if (std::isinf(value.real)) return value.real > 0 ? "INF" : "-INF";
      append_float(made, value.real);
      return made;
    case Kind::text:
      return std::string(value.text);
    case Kind::bytes:
      return base64_url(value.text);
    case Kind::guid:
      append_uuid(made, value.number);
      return made;
    case Kind::date:
      append_date(made, number);
      return made;
    case Kind::time:
      append_time(made, number);
      return made;
    case Kind::instant:
      append_timestamp(made, number);
      return made;
    case Kind::duration:
      append_duration_iso(made, number);
      return made;
    case Kind::enumeration:
      return value.type->symbols.at(static_cast<size_t>(number));
    case Kind::structure:
    case Kind::list:
      break;
  }
  return {};
}

void append_scalar(const Datum& value, const Form& form, std::string& out) {
  const bool is_plain = value.kind == Kind::null || value.kind == Kind::boolean ||
                        ((value.kind == Kind::integer || value.kind == Kind::decimal) && !form.numbers_as_text) ||
                        (value.kind == Kind::floating && std::isfinite(value.real));
  if (is_plain)
    out += raw_text(value);
  else
    append_json_string(out, raw_text(value));
}

std::string address_literal(const Datum& value, const std::string& enum_name) {
  std::string text = raw_text(value);
  if (value.kind == Kind::text) {
    std::string quoted = "'";
    for (const char byte : text) quoted.append(byte == '\'' ? 2 : 1, byte);
    text = quoted + '\'';
  }
  if (value.kind == Kind::enumeration) text = fmt::format("{}'{}'", enum_name, text);
  if (value.kind == Kind::duration) text = fmt::format("duration'{}'", text);
  std::string made = percent_encoded(text);
  // Signs that may stand in an address as they are.
  for (const auto& [code, sign] : {std::pair("%27", "'"), std::pair("%3A", ":")})
    for (size_t at = 0; (at = made.find(code, at)) != std::string::npos;) made.replace(at, 3, sign);
  return made;
}

void append_value(const Type& type, const Slot* slots, const Form& form, const std::string& owner,
                  const std::string& path, std::string& out) {
  const Datum value = datum_of(type, slots);
  if (value.kind == Kind::structure) {
    out += '{';
    const Type& plain = without_optional(type);
    bool first = true;
    if (form.is_full()) {
      out += fmt::format("\"@odata.type\":\"#{}\"", type_name(plain, owner, path).name);
      first = false;
    }
    const Slot* at = value.slots;
    for (const Field& field : plain->fields) {
      const std::string name = odata_name(field.name);
      if (!std::exchange(first, false)) out += ',';
      out += '"';
      out += name;
      out += "\":";
      append_value(field.type, at, form, owner, form.is_full() ? path + "__" + name : path, out);
      at += leaf_count(field.type);
    }
    out += '}';
    return;
  }
  if (value.kind != Kind::list) return append_scalar(value, form, out);
  const Type& element = without_optional(type)->element;
  const size_t width = leaf_count(element);
  const List& list = value.slots->list;
  out += '[';
  for (uint64_t i = 0; i < list.count; ++i) {
    if (i > 0) out += ',';
    const Slot* item = list.items + i * width;
    if (!is_json_element(element)) {
      append_value(element, item, form, owner, path, out);
    } else if (is_optional(element) && item->u8 == 0) {
      out += "null";
    } else {
      std::string text;
      append_json(element, item, text);
      append_json_string(out, text);
    }
  }
  out += ']';
}

RowWriter::RowWriter(const Shape& shape, const EntitySet* set, std::vector<size_t> selected, const Form& form)
    : shape_(shape), set_(set), selected_(std::move(selected)), form_(form) {
  if (selected_.empty())
    for (size_t i = 0; i < shape.properties.size(); ++i) selected_.push_back(i);
}

void RowWriter::append(const RowOf& row, std::string& out) const {
  out += '{';
  append_members(row, true, out);
  out += '}';
}

void RowWriter::append_members(const RowOf& row, bool first, std::string& out) const {
  const std::string owner = set_ == nullptr ? std::string() : set_->name;
  const auto comma = [&] {
    if (!std::exchange(first, false)) out += ',';
  };
  if (form_.is_full()) {
    comma();
    if (set_ != nullptr)
      out += fmt::format("\"@odata.type\":\"#{}.{}\",\"@odata.id\":{}", kNamespace, set_->name,
                         json_string(address_of_row(*set_, row)));
    else
      out += "\"@odata.id\":null";
  }
  for (const size_t place : selected_) {
    const Property& property = shape_.properties[place];
    comma();
    if (property.is_row_id()) {
      out += fmt::format("\"{}\":{}", property.name, json_string(row.row_id));
      continue;
    }
    const bool is_absent = std::any_of(property.place.presences.begin(), property.place.presences.end(),
                                       [&](size_t presence) { return row.slots[presence].u8 == 0; });
    const Slot* slots = row.slots + property.place.leaf;
    const Kind kind = kind_of(property.place.own);
    // A reader knows texts, truth values and doubles without being told.
    const bool is_told = kind == Kind::text || kind == Kind::boolean || kind == Kind::floating ||
                         kind == Kind::structure || property.as_json;
    if (form_.is_full() && !is_told && (set_ != nullptr || kind != Kind::enumeration)) {
      const TypeName type = type_name(property.type(), owner, property.name);
      const std::string name = type.name.starts_with("Edm.") ? type.name.substr(4) : type.name;
      out += type.collection ? fmt::format("\"{}@odata.type\":\"#Collection({})\",", property.name, name)
                             : fmt::format("\"{}@odata.type\":\"#{}\",", property.name, name);
    }
    out += '"';
    out += property.name;
    out += "\":";
    if (is_absent) {
      out += kind == Kind::list && !property.as_json ? "[]" : "null";
    } else if (property.as_json) {
      std::string text;
      append_json(property.place.own, slots, text);
      if (text == "null")
        out += text;
      else
        append_json_string(out, text);
    } else if (kind == Kind::list && is_optional(property.place.own) && slots->u8 == 0) {
      out += "[]";  // a collection is never null
    } else {
      append_value(property.place.own, slots, form_, owner, property.name, out);
    }
  }
}

std::string address_of_row(const EntitySet& set, const RowOf& row) {
  if (set.has_row_id()) return fmt::format("{}({})", set.name, address_literal(text_datum(row.row_id), {}));
  std::string made = set.name + "(";
  for (size_t i = 0; i < set.key.size(); ++i) {
    const EntitySet::KeyPart& part = set.key[i];
    if (i > 0) made += ',';
    if (set.key.size() > 1) made += part.alias + "=";
    std::string path = part.path;
    for (size_t at = 0; (at = path.find('/', at)) != std::string::npos; at += 2) path.replace(at, 1, "__");
    made += address_literal(datum_at(part.field.place, row.slots), fmt::format("{}.{}_{}", kNamespace, set.name, path));
  }
  return made + ")";
}

}  // namespace braid::serve::odata
