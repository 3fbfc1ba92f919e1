#include "serve/flight/flight_wire.h"

#include <cstring>

#include "serve/grpc/message_reader.h"

namespace braid::serve::flight {
namespace {

constexpr std::string_view kTypes = "type.googleapis.com/arrow.flight.protocol.sql.";
constexpr uint32_t kBody = 1000;  // FlightData.data_body
constexpr size_t kFrame = 8;      // of an IPC message: 0xFFFFFFFF, and the size of its metadata

template <class T>
std::optional<T> number_at(std::string_view bytes, size_t at) {
  if (at > bytes.size() || bytes.size() - at < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

/// A field of the table at the root of a flatbuffer; `otherwise` if it is left out.
template <class T>
std::optional<T> root_field(std::string_view bytes, size_t field, T otherwise) {
  const auto root = number_at<uint32_t>(bytes, 0);
  const auto back = root ? number_at<int32_t>(bytes, *root) : std::nullopt;
  if (!back) return std::nullopt;
  const size_t table = static_cast<size_t>(int64_t{*root} - *back);
  const auto size = number_at<uint16_t>(bytes, table);
  if (!size) return std::nullopt;
  const size_t place = 4 + 2 * field;
  if (place + 2 > *size) return otherwise;
  const auto offset = number_at<uint16_t>(bytes, table + place);
  if (!offset) return std::nullopt;
  return *offset == 0 ? std::optional(otherwise) : number_at<T>(bytes, *root + *offset);
}

}  // namespace

std::vector<ArrowMessage> messages_of(std::string_view stream) {
  std::vector<ArrowMessage> made;
  while (const auto size = number_at<int32_t>(stream, 4)) {
    if (*size <= 0 || static_cast<size_t>(*size) > stream.size() - kFrame) break;
    ArrowMessage message{.header = stream.substr(kFrame, static_cast<size_t>(*size)), .body = {}};
    stream.remove_prefix(kFrame + message.header.size());
    // Fields of Message: version, type, header, body length.
    const auto type = root_field<uint8_t>(message.header, 1, 0);
    const auto body = root_field<int64_t>(message.header, 3, 0);
    if (!type || !body || *body < 0 || static_cast<uint64_t>(*body) > stream.size()) break;
    message.is_schema = *type == 1;
    message.body = stream.substr(0, static_cast<size_t>(*body));
    stream.remove_prefix(message.body.size());
    made.push_back(message);
  }
  return made;
}

std::string_view schema_of(std::string_view stream) {
  const std::vector<ArrowMessage> messages = messages_of(stream);
  return messages.empty() ? std::string_view() : stream.substr(0, kFrame + messages.front().header.size());
}

std::string flight_data(const ArrowMessage& message, std::string_view note) {
  std::string made;
  made.reserve(message.header.size() + message.body.size() + note.size() + 32);
  append_sized(made, 2, message.header);
  if (!note.empty()) append_sized(made, 3, note);
  append_sized(made, kBody, message.body);
  return made;
}

bool append_message(std::string_view flight_data, std::string& stream) {
  std::string_view header, body;
  const bool whole = read_message(flight_data, [&](const WireValue& value) {
    if (value.type != WireType::sized) return;
    if (value.number == 2) header = value.bytes;
    if (value.number == kBody) body = value.bytes;
  });
  if (!whole || header.size() > INT32_MAX - 8) return false;
  if (header.empty()) return body.empty();
  const auto padded = static_cast<int32_t>((header.size() + 7) / 8 * 8);
  stream.append(4, '\xFF');
  stream.append(reinterpret_cast<const char*>(&padded), sizeof(padded));
  stream.append(header).append(static_cast<size_t>(padded) - header.size(), '\0').append(body);
  return true;
}

std::string_view descriptor_of(std::string_view flight_data) {
  std::string_view found;
  (void)read_message(flight_data, [&](const WireValue& value) {
    if (value.type == WireType::sized && value.number == 1) found = value.bytes;
  });
  return found;
}

std::optional<Descriptor> read_descriptor(std::string_view bytes) {
  Descriptor made;
  uint64_t type = 0;
  const bool whole = read_message(bytes, [&](const WireValue& value) {
    if (value.number == 1 && value.type == WireType::varint) type = value.bits;
    if (value.number == 2 && value.type == WireType::sized) made.command = value.bytes;
    if (value.number == 3 && value.type == WireType::sized) made.path.emplace_back(value.bytes);
  });
  if (!whole || (type != 1 && type != 2)) return std::nullopt;
  made.is_command = type == 2;
  return made;
}

std::optional<SqlMessage> read_sql_message(std::string_view bytes) {
  SqlMessage made;
  const bool whole = read_message(bytes, [&](const WireValue& value) {
    if (value.type != WireType::sized) return;
    if (value.number == 1) made.name = value.bytes;
    if (value.number == 2) made.value = value.bytes;
  });
  if (!whole || !made.name.starts_with(kTypes)) return std::nullopt;
  made.name.remove_prefix(kTypes.size());
  return made;
}

std::string sql_message(std::string_view name, std::string_view value) {
  std::string made;
  append_sized(made, 1, std::string(kTypes).append(name));
  append_sized(made, 2, value);
  return made;
}

std::string flight_info(std::string_view schema, std::string_view descriptor, std::string_view ticket) {
  std::string of_ticket, endpoint, made;
  append_sized(of_ticket, 1, ticket);
  append_sized(endpoint, 1, of_ticket);
  if (!schema.empty()) append_sized(made, 1, schema);
  append_sized(made, 2, descriptor);
  append_sized(made, 3, endpoint);
  // Nobody knows how many rows and bytes there will be.
  append_number(made, 4, static_cast<uint64_t>(-1));
  append_number(made, 5, static_cast<uint64_t>(-1));
  append_number(made, 6, 1);
  return made;
}

}  // namespace braid::serve::flight
