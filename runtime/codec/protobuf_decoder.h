// Records of a topic in Protobuf's binary encoding, each with the id of its schema and the indexes of its message type
// (schema_framing.h); or bare messages of one type, whose schema the declaration names.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "runtime/abi/protobuf_table.h"
#include "runtime/base/result.h"
#include "runtime/codec/decoder.h"
#include "runtime/codec/protobuf_schema.h"

namespace braid {

/// `native`: as make_decoder; code for records of the schemas for which it has a reader.
std::unique_ptr<Decoder> make_protobuf_decoder(const DecodePlan& plan, const RecordReaderSlot* native = nullptr);

/// How records of the plan's bare schema, or of a message type of a schema, are read: for SourceSpec::protobuf.
/// `message`: indexes as in a framing. The error says which field does not fit.
Result<std::shared_ptr<const ProtobufTable>> table_of_bare_schema(const DecodePlan& plan);
Result<std::shared_ptr<const ProtobufTable>> table_of_writer_schema(const DecodePlan& plan, const WriterSchema& written,
                                                                    const std::vector<int32_t>& message);
/// The same for the first message type of the schema that fits.
Result<std::shared_ptr<const ProtobufTable>> table_of_writer_schema(const DecodePlan& plan,
                                                                    const WriterSchema& written);

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
