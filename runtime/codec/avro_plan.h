// From the schema of a writer and the declared fields of a source to the steps that read its records: Avro's schema
// resolution, with the declaration as the reader's schema.
//
// A declared field is found by its path, name by name, in nested records; an alias in the writer's schema is a name
// too. One that is not there is null or has its default value, if it may. Numbers are promoted as the specification
// says, and also to decimals; a text is read as a JSON text would be. A branch of a union that the declared type cannot
// take rejects the records that have it. The schema does not fit only if no record could be read. Pure.
#pragma once

#include <memory>

#include "runtime/abi/avro_plan.h"
#include "runtime/base/result.h"
#include "runtime/codec/avro_schema.h"
#include "runtime/codec/decoder.h"

namespace braid {

/// The error says which field does not fit, and why. `text`: of the schema, for AvroPlan::schema.
Result<std::shared_ptr<const AvroPlan>> make_avro_plan(const AvroSchema& schema, const DecodePlan& plan,
                                                       std::string_view text);

}  // namespace braid
