// How a record says which schema it was written with, as the serializers of Confluent's schema registry write it.
//
// In front of the value: a zero byte, four bytes of the schema's number (highest first), in Protobuf the indexes of the
// message type, then the value. Or in the record's header `__value_schema_id`: a one byte and the sixteen bytes of the
// schema's GUID (or a zero byte and the number), in Protobuf the indexes; the record is then the bare value. A record
// with that header is read by it. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/codec/writer_schemas.h"

namespace braid {

inline constexpr std::string_view kValueSchemaHeader = "__value_schema_id";
inline constexpr std::string_view kKeySchemaHeader = "__key_schema_id";

struct SchemaFraming {
  SchemaId id;
  /// Protobuf: which message type of the schema, from the outside in; {0} is the first one.
  std::vector<int32_t> message = {};
  auto operator<=>(const SchemaFraming&) const = default;
};

/// The framing of a record and its bare value.
struct FramedValue {
  SchemaFraming framing;
  std::string_view value;  ///< of the record
};

/// `header`: content of kValueSchemaHeader, of a key kKeySchemaHeader, if the record has it. Nothing and `reason` if
/// the record does not say which schema it has.
std::optional<FramedValue> read_framing(std::string_view record, std::optional<std::string_view> header,
                                        SchemaLanguage language, std::string& reason);

/// Of a GUID and what belongs to it, in front of a value; 0: there is none.
size_t guid_framing_bytes(std::string_view record, SchemaLanguage language);

/// Whether a key says which schema it has. Many keys are bare texts or numbers, so it must look like a framing: a
/// header, or a zero byte and an id that is not 0.
bool is_framed_key(std::string_view key, std::optional<std::string_view> header);

/// What stands in front of the value. The id is a number.
void append_framing(std::string& out, const SchemaFraming& framing, SchemaLanguage language);
/// The content of the header instead.
std::string header_framing(const SchemaFraming& framing, SchemaLanguage language);

}  // namespace braid
