// Records in Avro's binary encoding: of a container file (avro_container.h), whose header is what Decoder::set_header
// takes, or of a topic, each with the id of its schema (schema_framing.h).
//
// The number of a record in its file is its line and, from 0 on, its position. Where a record is broken, those behind
// it in its block cannot be found: all of that is one rejected record.
#pragma once

#include <memory>
#include <string>

#include "runtime/abi/avro_plan.h"
#include "runtime/base/result.h"
#include "runtime/codec/decoder.h"
#include "runtime/codec/writer_schemas.h"

namespace braid {

std::unique_ptr<Decoder> make_avro_decoder(const DecodePlan& plan, const RecordReaderSlot* native);

/// Whether files with that container header can be read as the plan says; the error says which field does not fit.
Status check_avro_header(const DecodePlan& plan, std::string_view header);

/// How the records of such files are read.
Result<std::shared_ptr<const AvroPlan>> plan_of_avro_header(const DecodePlan& plan, std::string_view header);

/// How the records of that schema are read; the error says which field does not fit.
Result<std::shared_ptr<const AvroPlan>> plan_of_writer_schema(const DecodePlan& plan, const WriterSchema& written);

/// A record alone as the block of a container file that a decoder with `header` reads.
std::string as_container_block(std::string_view header, std::string_view record);

}  // namespace braid
