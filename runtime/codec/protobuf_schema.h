// A Protobuf schema as a graph of messages, parsed from the text of a `.proto` file and of those that it imports:
// syntax proto2 and proto3. Custom options are ignored. The files of google/protobuf, google/type and confluent that
// schemas import without naming a reference are known. Immutable once parsed; a message may contain itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/abi/protobuf_table.h"
#include "runtime/base/result.h"
#include "runtime/codec/writer_schemas.h"

namespace braid {

struct ProtobufField {
  using Kind = ProtobufKind;
  Kind kind = Kind::int32;
  std::string name;
  uint32_t number = 0;
  uint32_t type = 0;  ///< of ProtobufSchema::messages or enums
  bool repeated = false;
  bool required = false;  ///< proto2
  /// Whether a record says if it has the field: `optional`, proto2, a oneof, a message. Else it is 0, false or empty.
  bool has_presence = false;
  bool has_default = false;  ///< proto2: the schema names a default value
  int32_t oneof = -1;        ///< number of the oneof in its message, without those that stand for `optional`
  // What a field without a value is read as: of numbers and enums the integer, of floats the number, else the text.
  int64_t default_number = 0;  ///< unsigned ones as their bits
  double default_float = 0;
  std::string default_text = {};
};

struct ProtobufMessage {
  /// Messages with a meaning of their own.
  enum class Known : uint8_t {
    none,
    timestamp,          ///< google.protobuf.Timestamp
    duration,           ///< google.protobuf.Duration
    wrapper,            ///< google.protobuf.Int64Value and the like
    date,               ///< google.type.Date
    time_of_day,        ///< google.type.TimeOfDay
    decimal_text,       ///< google.type.Decimal
    confluent_decimal,  ///< confluent.type.Decimal
  } known = Known::none;
  std::string name;  ///< with package
  bool map_entry = false;
  std::vector<ProtobufField> fields;          ///< in the order of the file
  std::vector<std::pair<int, int>> reserved;  ///< numbers, the last included
  std::vector<std::string> reserved_names;
};

struct ProtobufEnum {
  std::string name;                                      ///< with package
  std::vector<std::pair<int32_t, std::string>> symbols;  ///< in the order of the file; with aliases numbers repeat
};

struct ProtobufSchema {
  std::vector<ProtobufMessage> messages;
  std::vector<ProtobufEnum> enums;
  uint32_t root = 0;

  const ProtobufMessage& message() const { return messages[root]; }
};

/// `message`: which message type of the file, from the outside in, as a framing has it; entries of maps do not count.
/// The error says what is wrong, in lower case.
Result<ProtobufSchema> parse_protobuf_schema(std::string_view text,
                                             const std::vector<WriterSchema::Reference>& references = {},
                                             const std::vector<int32_t>& message = {0});

/// The indexes of a message by its name, with or without the package.
Result<std::vector<int32_t>> find_protobuf_message(std::string_view text, std::string_view name);

/// As people say it: "int64", "repeated string", "message `shop.Order`".
std::string describe(const ProtobufSchema& schema, const ProtobufField& field);

}  // namespace braid
