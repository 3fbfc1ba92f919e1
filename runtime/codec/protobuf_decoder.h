// Records of a topic in Protobuf's binary encoding, each with the id of its schema and the indexes of its message type
// (schema_framing.h); or bare messages of one type, whose schema the declaration names.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/codec/decoder.h"
#include "runtime/codec/protobuf_schema.h"

namespace braid {

std::unique_ptr<Decoder> make_protobuf_decoder(const DecodePlan& plan);

/// Whether records of that schema can be read as the plan says; the error says which field does not fit. `message`: as
/// DecodePlan::message, empty: the first one.
Status check_protobuf_schema(const DecodePlan& plan, std::string_view text, std::string_view message);

/// The schema of a record of the plan and its bare value; nothing if it is not known.
struct ProtobufRecord {
  ProtobufSchema schema;
  std::string_view value;
};
std::optional<ProtobufRecord> schema_of_record(const DecodePlan& plan, std::string_view record);

}  // namespace braid
