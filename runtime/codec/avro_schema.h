// An Avro schema as a graph of types, parsed from its JSON text by the Avro specification 1.12: primitive types,
// records, enums, arrays, maps, unions, fixed, logical types, namespaces, aliases, defaults. A logical type that is
// unknown, or that its type cannot have, is ignored, as the specification asks. Beside it the converters of Kafka
// Connect write `connect.name`: what Debezium says there of times, for which Avro has no logical type or the converter
// writes none, counts as one. Immutable once parsed; a named type may contain itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/codec/writer_schemas.h"

namespace braid {

struct AvroField {
  std::string name;
  std::vector<std::string> aliases;
  uint32_t type = 0;
  std::optional<std::string> default_json;
};

struct AvroType {
  enum class Kind : uint8_t {
    null,
    boolean,
    integer,  ///< `int`
    long_integer,
    float32,
    float64,
    bytes,
    string,
    fixed,
    enumeration,
    array,
    map,
    record,
    choice  ///< a union
  } kind = Kind::null;
  enum class Logical : uint8_t {
    none,
    decimal,
    date,
    time_millis,
    time_micros,
    timestamp_millis,
    timestamp_micros,
    timestamp_nanos,
    local_timestamp_millis,
    local_timestamp_micros,
    local_timestamp_nanos,
    uuid,
    duration,
    // By `connect.name` alone:
    time_nanos,
    duration_micros,  ///< `long`
    duration_nanos    ///< `long`
  } logical = Logical::none;
  std::string name;                   ///< with namespace: record, enumeration, fixed
  uint32_t size = 0;                  ///< fixed: bytes
  int precision = 0, scale = 0;       ///< decimal
  std::vector<std::string> symbols;   ///< enumeration
  std::vector<AvroField> fields;      ///< record
  std::vector<uint32_t> elements;     ///< array, map: one; choice: the branches
  std::optional<std::string> symbol;  ///< enumeration: its default
};

struct AvroSchema {
  std::vector<AvroType> types;
  uint32_t root = 0;

  const AvroType& type(uint32_t index) const { return types[index]; }
  /// The branch of `T?` that is not null, where the type is a union of null and one other; else the type itself.
  uint32_t without_null(uint32_t index) const;
};

/// The error says what is wrong, in lower case. `references`: schemas whose named types the text may use.
Result<AvroSchema> parse_avro_schema(std::string_view text,
                                     const std::vector<WriterSchema::Reference>& references = {});

/// As people say it: "long (timestamp-millis)", "null or string", "record `shop.order`".
std::string describe(const AvroSchema& schema, uint32_t type);

}  // namespace braid
