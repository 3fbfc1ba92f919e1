// From the schema of a writer and the declared fields of a source to the tables that read its records
// (runtime/abi/protobuf_table.h), which protobuf_reader.h follows.
//
// A declared field is found by its path, name by name, in nested messages. What the schema does not have is null or has
// its default value, if it may. The schema does not fit only if no record could be read. Pure.
#pragma once

#include <memory>

#include "runtime/abi/protobuf_table.h"
#include "runtime/base/result.h"
#include "runtime/codec/decoder.h"
#include "runtime/codec/protobuf_schema.h"

namespace braid {

/// The table of a record: its fields are the touched ones of the plan. The error says which one does not fit, and why.
/// `hash`: for ProtobufTable::schema.
Result<std::shared_ptr<const ProtobufTable>> make_protobuf_table(const ProtobufSchema& schema, const DecodePlan& plan,
                                                                 uint64_t hash);

}  // namespace braid
