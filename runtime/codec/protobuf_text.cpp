#include "runtime/codec/protobuf_text.h"

#include <bit>
#include <cstring>

#include "runtime/codec/protobuf_wire.h"
#include "runtime/data/text_forms.h"

namespace braid {
namespace {

using Kind = ProtobufField::Kind;

constexpr int kMostLevels = 32;
/// More is cut in messages.
constexpr size_t kMostBytes = 4096;

class TextWriter {
 public:
  explicit TextWriter(const ProtobufSchema& schema) : schema_(schema) {}

  std::string find(uint32_t message, std::string_view bytes, const std::vector<std::string>& path, size_t depth) {
    const ProtobufField* field = nullptr;
    for (const ProtobufField& each : schema_.messages[message].fields)
      if (each.name == path[depth]) field = &each;
    if (field == nullptr) return "";
    if (depth + 1 < path.size()) {
      if (field->kind != Kind::message || field->repeated) return "";
      const std::string whole = joined(*field, bytes);
      return find(field->type, whole, path, depth + 1);
    }
    std::string text;
    write_field(*field, bytes, text, 0);
    return text;
  }

 private:
  /// Calls `take` for each value of the field; packed ones one by one.
  template <class Take>
  void for_each(const ProtobufField& field, std::string_view bytes, Take take) {
    std::string_view reason;
    const char* broken = nullptr;
    WireValue value;
    const char* at = bytes.data();
    const char* end = at + bytes.size();
    while (at != nullptr && at < end) {
      at = read_wire_field(at, end, value, reason, broken);
      if (at == nullptr || value.number != field.number) continue;
      if (value.type == WireType::sized && field.repeated && field.kind < Kind::string)
        take_packed(field, value.bytes, take);
      else
        take(value);
    }
  }

  template <class Take>
  void take_packed(const ProtobufField& field, std::string_view bytes, Take take) {
    const char* at = bytes.data();
    const char* end = at + bytes.size();
    const bool wide = field.kind == Kind::fixed64 || field.kind == Kind::sfixed64 || field.kind == Kind::float64;
    const bool narrow = field.kind == Kind::fixed32 || field.kind == Kind::sfixed32 || field.kind == Kind::float32;
    while (at != nullptr && at < end) {
      WireValue value;
      if (!wide && !narrow) {
        at = read_wire_varint(at, end, &value.bits);
      } else {
        const ptrdiff_t size = wide ? 8 : 4;
        if (end - at < size) return;
        std::memcpy(&value.bits, at, static_cast<size_t>(size));
        at += size;
      }
      if (at != nullptr) take(value);
    }
  }

  /// Parts of a message that came in several pieces.
  std::string joined(const ProtobufField& field, std::string_view bytes) {
    std::string whole;
    for_each(field, bytes, [&](const WireValue& value) { whole += value.bytes; });
    return whole;
  }

  void write_field(const ProtobufField& field, std::string_view bytes, std::string& out, int level) {
    if (field.repeated) {
      out += '[';
      bool first = true;
      for_each(field, bytes, [&](const WireValue& value) {
        if (out.size() > kMostBytes) return;
        if (!std::exchange(first, false)) out += ',';
        write_value(field, value, value.bytes, out, level);
      });
      out += ']';
      return;
    }
    bool found = false;
    WireValue last;
    for_each(field, bytes, [&](const WireValue& value) {
      found = true;
      last = value;
    });
    if (field.kind == Kind::message) {
      out += found ? "" : "null";
      if (found) write_message(field.type, joined(field, bytes), out, level + 1);
    } else if (found) {
      write_value(field, last, last.bytes, out, level);
    } else if (field.has_presence && !field.has_default) {
      out += "null";
    } else {
      write_default(field, out);
    }
  }

  void write_message(uint32_t message, std::string_view bytes, std::string& out, int level) {
    out += '{';
    bool first = true;
    for (const ProtobufField& field : schema_.messages[message].fields) {
      if (level > kMostLevels || out.size() > kMostBytes) break;
      if (!std::exchange(first, false)) out += ',';
      out += '"' + field.name + "\":";
      write_field(field, bytes, out, level);
    }
    out += '}';
  }

  void write_symbol(const ProtobufField& field, int32_t number, std::string& out) {
    for (const auto& [own, name] : schema_.enums[field.type].symbols)
      if (own == number) return append_json_string(out, name);
    out += std::to_string(number);
  }

  void write_default(const ProtobufField& field, std::string& out) {
    switch (field.kind) {
      case Kind::float32:
      case Kind::float64:
        return append_float(out, field.default_float);
      case Kind::boolean:
        out += field.default_number != 0 ? "true" : "false";
        return;
      case Kind::enumeration:
        return write_symbol(field, static_cast<int32_t>(field.default_number), out);
      case Kind::string:
        return append_json_string(out, field.default_text);
      case Kind::bytes:
        return write_bytes(field.default_text, out);
      case Kind::uint64:
      case Kind::fixed64:
        out += std::to_string(static_cast<uint64_t>(field.default_number));
        return;
      default:
        out += std::to_string(field.default_number);
    }
  }

  static void write_bytes(std::string_view bytes, std::string& out) {
    out += '"';
    append_base64(out, bytes);
    out += '"';
  }

  void write_value(const ProtobufField& field, const WireValue& value, std::string_view bytes, std::string& out,
                   int level) {
    const auto low = static_cast<uint32_t>(value.bits);
    switch (field.kind) {
      case Kind::int32:
      case Kind::sfixed32:
        out += std::to_string(static_cast<int32_t>(low));
        return;
      case Kind::int64:
      case Kind::sfixed64:
        out += std::to_string(static_cast<int64_t>(value.bits));
        return;
      case Kind::uint32:
      case Kind::fixed32:
        out += std::to_string(low);
        return;
      case Kind::uint64:
      case Kind::fixed64:
        out += std::to_string(value.bits);
        return;
      case Kind::sint32:
        out += std::to_string(static_cast<int32_t>(from_zigzag(low)));
        return;
      case Kind::sint64:
        out += std::to_string(from_zigzag(value.bits));
        return;
      case Kind::boolean:
        out += value.bits != 0 ? "true" : "false";
        return;
      case Kind::enumeration:
        return write_symbol(field, static_cast<int32_t>(low), out);
      case Kind::float32:
        return append_float(out, static_cast<double>(std::bit_cast<float>(low)));
      case Kind::float64:
        return append_float(out, std::bit_cast<double>(value.bits));
      case Kind::string:
        return append_json_string(out, bytes);
      case Kind::bytes:
        return write_bytes(bytes, out);
      case Kind::message:
        return write_message(field.type, bytes, out, level + 1);
      case Kind::group:
        out += "null";
        return;
    }
  }

  const ProtobufSchema& schema_;
};

}  // namespace

std::string protobuf_value_text(const ProtobufSchema& schema, std::string_view record,
                                const std::vector<std::string>& path) {
  return TextWriter(schema).find(schema.root, record, path, 0);
}

}  // namespace braid
