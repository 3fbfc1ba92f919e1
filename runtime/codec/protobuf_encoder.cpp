#include "runtime/codec/protobuf_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <optional>
#include <set>

#include "runtime/base/check.h"
#include "runtime/codec/protobuf_schema.h"
#include "runtime/codec/protobuf_wire.h"
#include "runtime/data/decimal.h"
#include "runtime/data/map_entries.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

using Kind = ProtobufField::Kind;

constexpr uint32_t kMostNumber = (1u << 29) - 1;
/// Numbers that belong to Protobuf itself.
constexpr uint32_t kReservedFirst = 19'000, kReservedLast = 19'999;

bool is_name(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// "unit_price" → "UnitPrice".
std::string type_name_of(std::string_view column) {
  std::string made;
  bool upper = true;
  for (const char c : column) {
    if (c == '_') {
      upper = true;
      continue;
    }
    made += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = false;
  }
  return made.empty() || !is_name(made) ? "T" + made : made;
}

/// Type without `?` and list around it.
const Type& innermost(const Type& type) {
  const Type& plain = without_optional(type);
  return is(plain, TypeKind::list) ? plain->element : plain;
}

const ProtobufField* find_named(const ProtobufMessage& message, std::string_view name) {
  for (const ProtobufField& field : message.fields)
    if (field.name == name) return &field;
  return nullptr;
}

class SchemaWriter {
 public:
  explicit SchemaWriter(const ProtobufSchema* earlier) : earlier_(earlier) {}

  Result<std::string> write(const std::string& name, const std::vector<Field>& row) {
    const size_t dot = name.rfind('.');
    const std::string package = dot == std::string::npos ? "" : name.substr(0, dot);
    const std::string plain = name.substr(dot == std::string::npos ? 0 : dot + 1);
    for (size_t begin = 0; begin <= package.size() && !package.empty();) {
      const size_t end = std::min(package.find('.', begin), package.size());
      check_name(package.substr(begin, end - begin));
      begin = end + 1;
    }
    check_name(plain);
    const std::string body = message(plain, row, earlier_ == nullptr ? nullptr : &earlier_->message(), "");
    if (!wrong_.empty()) return Error{ErrorKind::output, wrong_};
    std::string text = "syntax = \"proto3\";\n";
    if (!package.empty()) text += "package " + package + ";\n";
    if (!imports_.empty()) text += '\n';
    for (const std::string& import : imports_) text += "import \"" + import + "\";\n";
    return text + '\n' + body;
  }

 private:
  void refuse(std::string reason) {
    if (wrong_.empty()) wrong_ = std::move(reason);
  }
  void check_name(const std::string& name) {
    if (!is_name(name)) refuse(fmt::format("`{}` is not a name in Protobuf", name));
  }

  /// Numbers of fields, or of symbols, by name.
  class Numbers {
   public:
    explicit Numbers(uint32_t first) : next_(first) {}
    void take(uint32_t number) { next_ = std::max(next_, number + 1); }
    uint32_t next() {
      if (next_ >= kReservedFirst && next_ <= kReservedLast) next_ = kReservedLast + 1;
      return next_++;
    }

   private:
    uint32_t next_;
  };

  std::string message(const std::string& name, const std::vector<Field>& row, const ProtobufMessage* earlier,
                      const std::string& indent) {
    const std::string inner = indent + "  ";
    Numbers numbers(1);
    std::vector<std::pair<int, int>> reserved;
    std::set<std::string> gone, scope;
    for (const Field& field : row) {
      check_name(field.name);
      scope.insert(field.name);
    }
    if (earlier != nullptr) {
      reserved = earlier->reserved;
      gone.insert(earlier->reserved_names.begin(), earlier->reserved_names.end());
      for (const auto& [first, last] : reserved)
        if (static_cast<uint32_t>(last) < kReservedFirst) numbers.take(static_cast<uint32_t>(last));
      for (const ProtobufField& field : earlier->fields) {
        numbers.take(field.number);
        if (scope.contains(field.name)) continue;
        reserved.emplace_back(field.number, field.number);
        gone.insert(field.name);
      }
    }
    // What types and symbols are called stays, whatever is new.
    for (const Field& field : row) {
      const ProtobufField* was = value_of_map(earlier == nullptr ? nullptr : find_named(*earlier, field.name));
      if (const std::string kept = type_name_in(earlier, was); !kept.empty()) scope.insert(kept);
      if (was == nullptr || was->kind != Kind::enumeration) continue;
      for (const auto& [number, symbol] : earlier_->enums[was->type].symbols) scope.insert(symbol);
    }
    std::string types, fields;
    for (const Field& field : row) {
      gone.erase(field.name);
      const ProtobufField* was = earlier == nullptr ? nullptr : find_named(*earlier, field.name);
      const uint32_t number = was != nullptr ? was->number : numbers.next();
      if (number > kMostNumber) refuse("it has too many columns");
      fields +=
          fmt::format("{}{} {} = {};\n", inner, type_of(field, earlier, was, scope, types, inner), field.name, number);
    }
    return fmt::format("{}message {} {{\n{}{}{}{}}}\n", indent, name, reserved_text(std::move(reserved), gone, inner),
                       types, fields, indent);
  }

  /// What a map's values were; any other field itself.
  const ProtobufField* value_of_map(const ProtobufField* field) const {
    if (field == nullptr || field->kind != Kind::message || !earlier_->messages[field->type].map_entry) return field;
    return &earlier_->messages[field->type].fields.back();
  }

  static std::string reserved_text(std::vector<std::pair<int, int>> numbers, const std::set<std::string>& names,
                                   const std::string& indent) {
    std::ranges::sort(numbers);
    std::vector<std::string> ranges;
    for (size_t i = 0; i < numbers.size();) {
      const int first = numbers[i].first;
      int last = numbers[i].second;
      for (++i; i < numbers.size() && numbers[i].first <= last + 1; ++i) last = std::max(last, numbers[i].second);
      ranges.push_back(first == last ? std::to_string(first) : fmt::format("{} to {}", first, last));
    }
    std::string text;
    if (!ranges.empty()) text += fmt::format("{}reserved {};\n", indent, fmt::join(ranges, ", "));
    if (!names.empty()) text += fmt::format("{}reserved \"{}\";\n", indent, fmt::join(names, "\", \""));
    return text;
  }

  /// The name of a field's type, if it stands in the message; empty: it does not, or is none.
  std::string type_name_in(const ProtobufMessage* message, const ProtobufField* field) const {
    if (field == nullptr || (field->kind != Kind::message && field->kind != Kind::enumeration)) return "";
    const std::string& name =
        field->kind == Kind::message ? earlier_->messages[field->type].name : earlier_->enums[field->type].name;
    const size_t dot = name.rfind('.');
    return dot != std::string::npos && name.substr(0, dot) == message->name ? name.substr(dot + 1) : "";
  }

  std::string type_of(const Field& field, const ProtobufMessage* earlier, const ProtobufField* was,
                      std::set<std::string>& scope, std::string& types, const std::string& indent) {
    if (is(without_optional(field.type), TypeKind::map)) {
      was = value_of_map(was);
      return map_of(field, type_name_in(earlier, was), was, scope, types, indent);
    }
    const bool list = is(without_optional(field.type), TypeKind::list);
    if (list && is_optional(field.type))
      refuse(fmt::format("`{0}` is `{1}`, and a list in Protobuf cannot be null; give it a value: `{0} ?? []`",
                         field.name, to_string(field.type)));
    const Type& type = innermost(field.type);
    if (list && (is_optional(type) || is(type, TypeKind::list) || is(type, TypeKind::map)))
      refuse(fmt::format("`{}` is `{}`, and elements of a list in Protobuf cannot be null, lists or maps", field.name,
                         to_string(field.type)));
    const std::string word = plain_type(field.name, type_name_in(earlier, was), type, was, scope, types, indent);
    const bool is_message =
        is(type, TypeKind::structure) || is(type, TypeKind::timestamp) || is(type, TypeKind::duration);
    return (list ? "repeated " : is_optional(field.type) && !is_message ? "optional " : "") + word;
  }

  std::string map_of(const Field& field, const std::string& kept, const ProtobufField* was,
                     std::set<std::string>& scope, std::string& types, const std::string& indent) {
    if (is_optional(field.type)) {
      refuse(fmt::format("`{0}` is `{1}`, and a map in Protobuf cannot be null; give it a value: `{0} ?? {{}}`",
                         field.name, to_string(field.type)));
      return "string";
    }
    const Type& value = value_of(field.type);
    if (is_optional(value) || is(value, TypeKind::list) || is(value, TypeKind::map))
      refuse(fmt::format("`{}` is `{}`, and values of a map in Protobuf cannot be null, lists or maps", field.name,
                         to_string(field.type)));
    const Type& key = key_of(field.type);
    const char* key_word = is(key, TypeKind::integer) ? "int64" : is(key, TypeKind::boolean) ? "bool" : "string";
    return fmt::format("map<{}, {}>", key_word,
                       plain_type(field.name, kept, without_optional(value), was, scope, types, indent));
  }

  /// `kept`: what its type was called, if it had one.
  std::string plain_type(const std::string& column, const std::string& kept, const Type& type, const ProtobufField* was,
                         std::set<std::string>& scope, std::string& types, const std::string& indent) {
    switch (type->kind) {
      case TypeKind::boolean:
        return "bool";
      case TypeKind::integer:
        return "int64";
      case TypeKind::floating:
        return "double";
      case TypeKind::bytes:
        return "bytes";
      case TypeKind::timestamp:
        imports_.insert("google/protobuf/timestamp.proto");
        return "google.protobuf.Timestamp";
      case TypeKind::duration:
        imports_.insert("google/protobuf/duration.proto");
        return "google.protobuf.Duration";
      case TypeKind::structure: {
        const bool known = was != nullptr && was->kind == Kind::message;
        const std::string name = kept.empty() ? claim(column, scope) : kept;
        types += message(name, type->fields, known ? &earlier_->messages[was->type] : nullptr, indent);
        return name;
      }
      case TypeKind::enumeration:
        return enum_type(column, kept, type->symbols, was, scope, types, indent);
      default:
        return "string";
    }
  }

  static std::string claim(const std::string& column, std::set<std::string>& scope) {
    std::string name = type_name_of(column);
    while (!scope.insert(name).second) name += '_';
    return name;
  }

  /// An enum's symbols are names in the message around it, and differ in more than case and the enum's name.
  static bool can_be_enum(const std::string& name, const std::vector<std::string>& symbols,
                          const std::set<std::string>& scope) {
    auto plain = [](std::string_view text) {
      std::string made;
      for (const char c : text)
        if (c != '_') made += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      return made;
    };
    std::set<std::string> seen;
    const std::string prefix = plain(name);
    for (const std::string& symbol : symbols) {
      std::string bare = plain(symbol);
      if (bare.starts_with(prefix) && bare.size() > prefix.size()) bare.erase(0, prefix.size());
      if (!is_name(symbol) || scope.contains(symbol) || !seen.insert(bare).second) return false;
    }
    return !symbols.empty();
  }

  std::string enum_type(const std::string& column, const std::string& kept, const std::vector<std::string>& symbols,
                        const ProtobufField* was, std::set<std::string>& scope, std::string& types,
                        const std::string& indent) {
    // What a column was it stays: texts of an enum are no numbers.
    if (was != nullptr && was->kind == Kind::string) return "string";
    std::vector<std::pair<int32_t, std::string>> numbered;
    if (was != nullptr && was->kind == Kind::enumeration) numbered = earlier_->enums[was->type].symbols;
    Numbers numbers(0);
    for (const auto& [number, symbol] : numbered) numbers.take(static_cast<uint32_t>(number));
    std::vector<std::string> all;
    for (const auto& [number, symbol] : numbered) all.push_back(symbol);
    for (const std::string& symbol : symbols) {
      if (std::ranges::find(all, symbol) != all.end()) continue;
      all.push_back(symbol);
      numbered.emplace_back(static_cast<int32_t>(numbers.next()), symbol);
    }
    std::string name = kept;
    if (kept.empty()) {
      std::set<std::string> others = scope;
      name = claim(column, others);
      if (!can_be_enum(name, all, others)) return "string";
      scope.insert(name);
    }
    scope.insert(all.begin(), all.end());
    types += fmt::format("{}enum {} {{\n", indent, name);
    for (const auto& [number, symbol] : numbered) types += fmt::format("{}  {} = {};\n", indent, symbol, number);
    types += indent + "}\n";
    return name;
  }

  const ProtobufSchema* earlier_;
  std::set<std::string> imports_;
  std::string wrong_;
};

// ---- rows
// -------------------------------------------------------------------------------------------------------------

Result<std::vector<ProtobufColumn>> columns_of(const std::vector<Field>& row, const ProtobufSchema& schema,
                                               const ProtobufMessage& message) {
  std::vector<ProtobufColumn> made;
  for (const Field& column : row) {
    const ProtobufField* field = find_named(message, column.name);
    if (field == nullptr) return Error{ErrorKind::internal, fmt::format("its schema has no `{}`", column.name)};
    ProtobufColumn& each = made.emplace_back(column.type, field->number);
    const Type& type = innermost(column.type);
    if (is(type, TypeKind::map)) {
      BRAID_ASSIGN(each.fields, columns_of(type->element->fields, schema, schema.messages[field->type]));
      continue;
    }
    if (is(type, TypeKind::structure)) {
      BRAID_ASSIGN(each.fields, columns_of(type->fields, schema, schema.messages[field->type]));
    }
    if (!is(type, TypeKind::enumeration) || field->kind != Kind::enumeration) continue;
    for (const std::string& symbol : type->symbols) {
      const auto& symbols = schema.enums[field->type].symbols;
      const auto found = std::ranges::find(symbols, symbol, [](const auto& known) { return known.second; });
      if (found == symbols.end()) return Error{ErrorKind::internal, fmt::format("its schema has no `{}`", symbol)};
      each.symbols.push_back(found->first);
    }
  }
  return made;
}

class RowWriter {
 public:
  explicit RowWriter(std::string& out) : out_(out) {}

  const Slot* columns(std::span<const ProtobufColumn> columns, const Slot* slots) {
    for (const ProtobufColumn& column : columns) slots = this->column(column, slots);
    return slots;
  }

 private:
  const Slot* column(const ProtobufColumn& column, const Slot* slots) {
    const Slot* behind = slots + leaf_count(column.type);
    if (is_optional(column.type)) {
      if (slots->u8 != 0) value(column, column.type->element, slots + 1, true);
    } else if (is(column.type, TypeKind::list)) {
      list(column, slots->list);
    } else if (is(column.type, TypeKind::map)) {
      map(column, slots->list);
    } else {
      value(column, column.type, slots, false);
    }
    return behind;
  }

  /// `always`: also if it is what a reader takes where there is nothing.
  void value(const ProtobufColumn& column, const Type& type, const Slot* slots, bool always) {
    if (const auto number = number_of(column, type, slots)) {
      if (*number == 0 && !always) return;
      append_wire_tag(out_, column.number, WireType::varint);
      append_wire_varint(out_, *number);
      return;
    }
    switch (type->kind) {
      case TypeKind::floating:
        if (std::bit_cast<uint64_t>(slots->f64) == 0 && !always) return;
        append_wire_tag(out_, column.number, WireType::fixed64);
        out_.append(reinterpret_cast<const char*>(&slots->f64), sizeof(double));
        return;
      case TypeKind::string:
      case TypeKind::bytes:
      case TypeKind::json:
        if (slots->bytes.size == 0 && !always) return;
        return sized(column.number, slots->bytes.view());
      default:
        break;
    }
    std::string text;
    if (is(type, TypeKind::structure)) {
      RowWriter(text).columns(column.fields, slots);
    } else if (is(type, TypeKind::timestamp) || is(type, TypeKind::duration)) {
      append_known(type, slots->i64, text);
    } else {
      append_text(type, slots, text);
    }
    sized(column.number, text);
  }

  /// Of what is a varint.
  static std::optional<uint64_t> number_of(const ProtobufColumn& column, const Type& type, const Slot* slots) {
    if (is(type, TypeKind::boolean)) return slots->u8 != 0 ? 1 : 0;
    if (is(type, TypeKind::integer)) return static_cast<uint64_t>(slots->i64);
    if (!is(type, TypeKind::enumeration) || column.symbols.empty()) return std::nullopt;
    return static_cast<uint64_t>(int64_t{column.symbols[static_cast<size_t>(slots->i32)]});
  }

  void list(const ProtobufColumn& column, const List& list) {
    if (list.count == 0) return;
    const Type& type = column.type->element;
    const size_t width = leaf_count(type);
    std::string packed;
    for (uint64_t i = 0; i < list.count; ++i) {
      const Slot* item = list.items + i * width;
      if (const auto number = number_of(column, type, item))
        append_wire_varint(packed, *number);
      else if (is(type, TypeKind::floating))
        packed.append(reinterpret_cast<const char*>(&item->f64), sizeof(double));
      else
        value(column, type, item, true);
    }
    if (!packed.empty()) sized(column.number, packed);
  }

  void map(const ProtobufColumn& column, const List& entries) {
    const Type &key = key_of(column.type), &value = value_of(column.type);
    const size_t width = leaf_count(column.type->element);
    std::string entry, text;
    for (uint64_t i = 0; i < entries.count; ++i) {
      const Slot* item = entries.items + i * width;
      entry.clear();
      RowWriter writer(entry);
      if (is(key, TypeKind::integer) || is(key, TypeKind::boolean)) {
        writer.value(column.fields[0], key, item, true);
      } else {
        text.clear();
        append_key_text(key, *item, text);
        writer.sized(column.fields[0].number, text);
      }
      writer.value(column.fields[1], value, item + 1, true);
      sized(column.number, entry);
    }
  }

  void sized(uint32_t number, std::string_view bytes) {
    append_wire_tag(out_, number, WireType::sized);
    append_wire_varint(out_, bytes.size());
    out_ += bytes;
  }

  static void append_known(const Type& type, int64_t micros, std::string& out) {
    // Nanoseconds of a timestamp count forward; those of a duration have its sign.
    int64_t seconds =
        is(type, TypeKind::timestamp) ? floor_divide(micros, kMicrosPerSecond) : micros / kMicrosPerSecond;
    const int64_t nanos = (micros - seconds * kMicrosPerSecond) * 1000;
    if (seconds != 0) {
      append_wire_tag(out, 1, WireType::varint);
      append_wire_varint(out, static_cast<uint64_t>(seconds));
    }
    if (nanos == 0) return;
    append_wire_tag(out, 2, WireType::varint);
    append_wire_varint(out, static_cast<uint64_t>(nanos));
  }

  static void append_text(const Type& type, const Slot* slots, std::string& out) {
    switch (type->kind) {
      case TypeKind::decimal:
        return append_decimal(out, leaf_kind(type) == LeafKind::i64 ? int128{slots->i64} : slots->i128, type->scale);
      case TypeKind::uuid:
        return append_uuid(out, slots->i128);
      case TypeKind::date:
        return append_date(out, slots->i32);
      case TypeKind::time:
        return braid::append_time(out, slots->i64);
      case TypeKind::enumeration:
        out += type->symbols[static_cast<size_t>(slots->i32)];
        return;
      default:
        BRAID_UNREACHABLE("a type that no product has");
    }
  }

  std::string& out_;
};

}  // namespace

Result<std::string> protobuf_schema_of(const std::string& name, const std::vector<Field>& row,
                                       std::string_view earlier) {
  std::optional<ProtobufSchema> before;
  if (!earlier.empty()) {
    auto parsed = parse_protobuf_schema(earlier);
    if (!parsed.ok()) return Error{ErrorKind::output, "its earlier schema cannot be read: " + parsed.error().message};
    before = std::move(*parsed);
  }
  BRAID_ASSIGN(std::string text, SchemaWriter(before ? &*before : nullptr).write(name, row));
  if (const auto parsed = parse_protobuf_schema(text); !parsed.ok())
    return Error{ErrorKind::output, parsed.error().message};
  return text;
}

Result<std::vector<ProtobufColumn>> protobuf_columns_of(const std::vector<Field>& row, std::string_view schema) {
  BRAID_ASSIGN(const ProtobufSchema parsed, parse_protobuf_schema(schema));
  return columns_of(row, parsed, parsed.message());
}

void append_protobuf(std::span<const ProtobufColumn> columns, const Slot* slots, std::string& out) {
  RowWriter(out).columns(columns, slots);
}

}  // namespace braid
