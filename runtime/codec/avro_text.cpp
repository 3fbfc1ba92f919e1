#include "runtime/codec/avro_text.h"

#include <algorithm>
#include <cstring>

#include "runtime/abi/avro_functions.h"
#include "runtime/base/check.h"
#include "runtime/codec/avro_reader.h"
#include "runtime/data/decimal.h"
#include "runtime/data/text_forms.h"

namespace braid {
namespace {

using Kind = AvroType::Kind;

constexpr int kMostLevels = 64;

/// Goes through a record. Null results are broken values.
class TextWriter {
 public:
  TextWriter(const AvroSchema& schema, std::string_view record)
      : schema_(schema), end_(record.data() + record.size()) {}

  /// Appends the text of the value at `at`; `out` null: passes it. Returns the byte after it.
  const char* write(uint32_t index, const char* at, std::string* out, int level) {
    const AvroType& type = schema_.type(index);
    if (at == nullptr || level > kMostLevels) return nullptr;
    auto put = [out](std::string_view text) {
      if (out != nullptr) *out += text;
    };
    switch (type.kind) {
      case Kind::null:
        put("null");
        return at;
      case Kind::boolean:
        if (at == end_) return nullptr;
        put(static_cast<uint8_t>(*at) > 1 ? std::to_string(static_cast<uint8_t>(*at)) : *at == 1 ? "true" : "false");
        return at + 1;
      case Kind::integer:
      case Kind::long_integer: {
        int64_t number = 0;
        at = read_avro_long(at, end_, &number);
        put(std::to_string(number));
        return at;
      }
      case Kind::float32:
      case Kind::float64: {
        const size_t size = type.kind == Kind::float32 ? sizeof(float) : sizeof(double);
        if (static_cast<size_t>(end_ - at) < size) return nullptr;
        float single = 0;
        double number = 0;
        std::memcpy(&single, at, sizeof single);
        if (size == sizeof number) std::memcpy(&number, at, sizeof number);
        std::string text;
        append_float(text, size == sizeof number ? number : static_cast<double>(single));
        put(text);
        return at + size;
      }
      case Kind::bytes:
      case Kind::string:
      case Kind::fixed: {
        int64_t size = type.size;
        if (type.kind != Kind::fixed) at = read_avro_long(at, end_, &size);
        if (at == nullptr || size < 0 || size > end_ - at) return nullptr;
        if (out != nullptr) write_sized(type, {at, static_cast<size_t>(size)}, *out);
        return at + size;
      }
      case Kind::enumeration: {
        int64_t symbol = 0;
        at = read_avro_long(at, end_, &symbol);
        if (at == nullptr || symbol < 0 || static_cast<uint64_t>(symbol) >= type.symbols.size()) return nullptr;
        if (out != nullptr) append_json_string(*out, type.symbols[static_cast<size_t>(symbol)]);
        return at;
      }
      case Kind::array:
      case Kind::map:
        return write_items(type, at, out, level);
      case Kind::record: {
        const char* between = "{";
        for (const AvroField& field : type.fields) {
          put(between);
          put("\"" + field.name + "\":");
          between = ",";
          at = write(field.type, at, out, level + 1);
          if (at == nullptr) return nullptr;
        }
        put(type.fields.empty() ? "{}" : "}");
        return at;
      }
      case Kind::choice: {
        const std::optional<uint32_t> branch = read_branch(type, at);
        return branch ? write(*branch, at, out, level + 1) : nullptr;
      }
    }
    BRAID_UNREACHABLE("kind of an Avro type");
  }

  /// The value at the path from `depth` on, in a value of that type. Empty if there is none.
  std::string find(uint32_t index, const char* at, const std::vector<std::string>& path, size_t depth) {
    std::string text;
    if (depth == path.size()) return write(index, at, &text, 0) == nullptr ? "" : text;
    const AvroType& type = schema_.type(index);
    if (type.kind == Kind::choice) {
      const std::optional<uint32_t> branch = read_branch(type, at);
      return branch ? find(*branch, at, path, depth) : "";
    }
    if (type.kind != Kind::record) return "";
    auto is_named = [&](const AvroField& field) { return field.name == path[depth]; };
    auto is_alias = [&](const AvroField& field) {
      return std::find(field.aliases.begin(), field.aliases.end(), path[depth]) != field.aliases.end();
    };
    auto wanted = std::find_if(type.fields.begin(), type.fields.end(), is_named);
    if (wanted == type.fields.end()) wanted = std::find_if(type.fields.begin(), type.fields.end(), is_alias);
    if (wanted == type.fields.end()) return "";
    for (auto field = type.fields.begin(); field != wanted && at != nullptr; ++field)
      at = write(field->type, at, nullptr, 0);
    return at == nullptr ? "" : find(wanted->type, at, path, depth + 1);
  }

 private:
  std::optional<uint32_t> read_branch(const AvroType& type, const char*& at) const {
    int64_t branch = 0;
    at = read_avro_long(at, end_, &branch);
    if (at == nullptr || branch < 0 || static_cast<uint64_t>(branch) >= type.elements.size()) return std::nullopt;
    return type.elements[static_cast<size_t>(branch)];
  }

  static void write_sized(const AvroType& type, std::string_view bytes, std::string& out) {
    int128 number = 0;
    if (type.logical == AvroType::Logical::decimal && type.scale <= kDecimalDigits && read_big_endian(bytes, &number))
      return append_decimal(out, number, type.scale);
    if (type.kind == Kind::string) return append_json_string(out, bytes);
    out += '"';
    append_base64(out, bytes);
    out += '"';
  }

  const char* write_items(const AvroType& type, const char* at, std::string* out, int level) {
    const bool map = type.kind == Kind::map;
    auto put = [out](std::string_view text) {
      if (out != nullptr) *out += text;
    };
    put(map ? "{" : "[");
    bool first = true;
    while (true) {
      int64_t count = 0, size = 0;
      at = read_avro_long(at, end_, &count);
      if (at != nullptr && count < 0) at = read_avro_long(at, end_, &size);
      if (at == nullptr) return nullptr;
      if (count == 0) break;
      for (uint64_t left = count < 0 ? uint64_t{0} - static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
           left > 0; --left) {
        const char* before = at;
        if (!std::exchange(first, false)) put(",");
        if (map) {
          const AvroType key{.kind = Kind::string};
          int64_t length = 0;
          at = read_avro_long(at, end_, &length);
          if (at == nullptr || length < 0 || length > end_ - at) return nullptr;
          if (out != nullptr) write_sized(key, {at, static_cast<size_t>(length)}, *out);
          at += length;
          put(":");
        }
        at = write(type.elements[0], at, out, level + 1);
        if (at == nullptr) return nullptr;
        if (at == before) break;  // without bytes, however many they are
      }
    }
    put(map ? "}" : "]");
    return at;
  }

  const AvroSchema& schema_;
  const char* end_;
};

}  // namespace

std::string avro_value_text(const AvroSchema& schema, std::string_view record, const std::vector<std::string>& path) {
  return TextWriter(schema, record).find(schema.root, record.data(), path, 0);
}

}  // namespace braid
