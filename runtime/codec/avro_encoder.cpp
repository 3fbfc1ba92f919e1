#include "runtime/codec/avro_encoder.h"

#include <fmt/format.h>

#include <cstring>
#include <set>

#include "runtime/abi/avro_functions.h"
#include "runtime/base/check.h"
#include "runtime/codec/avro_bytes.h"
#include "runtime/codec/avro_container.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/map_entries.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

bool is_avro_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return false;
  return true;
}

/// Whether the enum is one in Avro, too.
bool has_avro_symbols(const Type& type) {
  for (const std::string& symbol : type->symbols)
    if (!is_avro_name(symbol)) return false;
  return !type->symbols.empty();
}

class SchemaWriter {
 public:
  Result<std::string> write(const std::string& name, const std::vector<Field>& row) {
    const size_t dot = name.rfind('.');
    const std::string space = dot == std::string::npos ? "" : name.substr(0, dot);
    const std::string plain = name.substr(dot == std::string::npos ? 0 : dot + 1);
    for (size_t begin = 0; begin <= space.size() && !space.empty();) {
      const size_t end = std::min(space.find('.', begin), space.size());
      check(space.substr(begin, end - begin));
      begin = end + 1;
    }
    std::string text = R"({"type":"record","name":")" + claim(plain) + '"';
    if (!space.empty()) text += R"(,"namespace":")" + space + '"';
    text += ",\"fields\":" + fields(plain, row) + "}";
    if (!wrong_.empty()) return Error{ErrorKind::output, fmt::format("`{}` is not a name in Avro", wrong_)};
    return text;
  }

 private:
  void check(const std::string& name) {
    if (wrong_.empty() && !is_avro_name(name)) wrong_ = name;
  }
  /// A name of a type, which no other has.
  std::string claim(const std::string& name) {
    check(name);
    std::string free = name;
    for (int n = 2; !names_.insert(free).second; ++n) free = name + "_" + std::to_string(n);
    return free;
  }

  std::string fields(const std::string& owner, const std::vector<Field>& row) {
    std::string text = "[";
    for (const Field& field : row) {
      check(field.name);
      text += (text.size() > 1 ? ",{\"name\":\"" : "{\"name\":\"") + field.name +
              "\",\"type\":" + type_text(owner + "_" + field.name, field.type);
      if (is_optional(field.type)) text += ",\"default\":null";
      text += '}';
    }
    return text + "]";
  }

  std::string type_text(const std::string& name, const Type& type) {
    switch (type->kind) {
      case TypeKind::boolean:
        return "\"boolean\"";
      case TypeKind::integer:
        return "\"long\"";
      case TypeKind::floating:
        return "\"double\"";
      case TypeKind::decimal:
        return fmt::format(R"({{"type":"bytes","logicalType":"decimal","precision":{},"scale":{}}})", type->precision,
                           type->scale);
      case TypeKind::string:
      case TypeKind::duration:
      case TypeKind::json:
        return "\"string\"";
      case TypeKind::bytes:
        return "\"bytes\"";
      case TypeKind::uuid:
        return R"({"type":"string","logicalType":"uuid"})";
      case TypeKind::date:
        return R"({"type":"int","logicalType":"date"})";
      case TypeKind::time:
        return R"({"type":"long","logicalType":"time-micros"})";
      case TypeKind::timestamp:
        return R"({"type":"long","logicalType":"timestamp-micros"})";
      case TypeKind::enumeration: {
        if (!has_avro_symbols(type)) return "\"string\"";
        std::string text = R"({"type":"enum","name":")" + claim(name) + R"(","symbols":[)";
        for (size_t i = 0; i < type->symbols.size(); ++i) text += (i > 0 ? ",\"" : "\"") + type->symbols[i] + "\"";
        return text + "]}";
      }
      case TypeKind::list:
        return R"({"type":"array","items":)" + type_text(name, type->element) + "}";
      case TypeKind::map:
        return R"({"type":"map","values":)" + type_text(name, value_of(type)) + "}";
      case TypeKind::structure: {
        const std::string own = claim(name);
        return R"({"type":"record","name":")" + own + R"(","fields":)" + fields(own, type->fields) + "}";
      }
      case TypeKind::optional:
        return "[\"null\"," + type_text(name, type->element) + "]";
      case TypeKind::checked:
      case TypeKind::null:
      case TypeKind::error:
        break;
    }
    BRAID_UNREACHABLE("a type that no product has");
  }

  std::set<std::string> names_;
  std::string wrong_;
};

/// The fewest bytes in two's complement, the highest first.
void append_big_endian(std::string& out, int128 value) {
  char bytes[16];
  size_t first = 15;
  for (size_t i = 16; i-- > 0; value >>= 8) bytes[i] = static_cast<char>(value);
  const char filler = bytes[0] < 0 ? '\xFF' : '\0';
  for (first = 0; first < 15 && bytes[first] == filler && (bytes[first + 1] < 0) == (filler < 0);) ++first;
  append_avro_text(out, {bytes + first, 16 - first});
}

const Slot* append_value(const Type& type, const Slot* slots, std::string& out) {
  switch (type->kind) {
    case TypeKind::boolean:
      out.push_back(slots->u8 != 0 ? 1 : 0);
      break;
    case TypeKind::integer:
    case TypeKind::time:
    case TypeKind::timestamp:
      append_avro_long(out, slots->i64);
      break;
    case TypeKind::floating:
      out.append(reinterpret_cast<const char*>(&slots->f64), sizeof(double));
      break;
    case TypeKind::decimal:
      append_big_endian(out, leaf_kind(type) == LeafKind::i64 ? int128{slots->i64} : slots->i128);
      break;
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::json:
      append_avro_text(out, slots->bytes.view());
      break;
    case TypeKind::uuid: {
      std::string text;
      append_uuid(text, slots->i128);
      append_avro_text(out, text);
      break;
    }
    case TypeKind::date:
      append_avro_long(out, slots->i32);
      break;
    case TypeKind::duration: {
      std::string text;
      append_duration_iso(text, slots->i64);
      append_avro_text(out, text);
      break;
    }
    case TypeKind::enumeration:
      if (has_avro_symbols(type))
        append_avro_long(out, slots->i32);
      else
        append_avro_text(out, type->symbols[static_cast<size_t>(slots->i32)]);
      break;
    case TypeKind::list: {
      const List list = slots->list;
      if (list.count > 0) append_avro_long(out, static_cast<int64_t>(list.count));
      const Slot* item = list.items;
      for (uint64_t i = 0; i < list.count; ++i) item = append_value(type->element, item, out);
      append_avro_long(out, 0);
      break;
    }
    case TypeKind::map: {
      const List list = slots->list;
      if (list.count > 0) append_avro_long(out, static_cast<int64_t>(list.count));
      const Slot* item = list.items;
      std::string key;
      for (uint64_t i = 0; i < list.count; ++i) {
        key.clear();
        append_key_text(key_of(type), *item, key);
        append_avro_text(out, key);
        item = append_value(value_of(type), item + 1, out);
      }
      append_avro_long(out, 0);
      break;
    }
    case TypeKind::structure:
      for (const Field& field : type->fields) slots = append_value(field.type, slots, out);
      return slots;
    case TypeKind::optional:
      append_avro_long(out, slots->u8 != 0 ? 1 : 0);
      if (slots->u8 != 0) append_value(type->element, slots + 1, out);
      return slots + leaf_count(type);
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      BRAID_UNREACHABLE("a type that no product has");
  }
  return slots + 1;
}

class AvroEncoder : public Encoder {
 public:
  AvroEncoder(std::vector<Field> row, const std::string& name) : row_(std::move(row)) {
    auto schema = avro_schema_of(name, row_);
    BRAID_CHECK(schema.ok(), "a product whose schema has not been checked");
    schema_ = std::move(schema).value();
    // Of the schema, so that every run makes the same file of the same rows.
    const uint64_t halves[] = {key_hash(schema_), key_hash("marker of " + schema_)};
    marker_.assign(reinterpret_cast<const char*>(halves), sizeof halves);
    static_assert(sizeof halves == kMarkerBytes);
  }

  void append_header(std::string& out) const override { append_container_header(out, schema_, marker_); }
  std::string_view block_marker() const override { return marker_; }

  void append_row(const Slot* slots, std::string& out) const override {
    value_.clear();
    append_avro(row_, slots, value_);
    append_avro_text(out, value_);
  }

 private:
  std::vector<Field> row_;
  std::string schema_, marker_;
  mutable std::string value_;  // of one thread, as the encoder
};

}  // namespace

Result<std::string> avro_schema_of(const std::string& name, const std::vector<Field>& row) {
  return SchemaWriter().write(name, row);
}

void append_avro(const std::vector<Field>& row, const Slot* slots, std::string& out) {
  for (const Field& field : row) slots = append_value(field.type, slots, out);
}

std::unique_ptr<Encoder> make_avro_encoder(std::vector<Field> row, const std::string& name) {
  return std::make_unique<AvroEncoder>(std::move(row), name);
}

}  // namespace braid
