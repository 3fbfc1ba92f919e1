// Rows of a product as Avro: the schema that follows from their type, and each row as a value of it.
//
// The schema is a record with the product's name in the namespace of its domain. int is `long`, float `double`, decimal
// `bytes` (decimal), uuid `string` (uuid), date `int` (date), time `long` (time-micros), timestamp `long`
// (timestamp-micros), duration a `string` in ISO 8601, an enum an `enum`, or a `string` if a symbol is no name in Avro;
// a list an `array`, a struct a `record`; `T?` is a union with null. Decoders read all of that back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/codec/encoder.h"

namespace braid {

/// The schema's JSON text; the error says which name Avro cannot have. `name`: "domain.product".
Result<std::string> avro_schema_of(const std::string& name, const std::vector<Field>& row);

/// Appends the values of a row as one value of avro_schema_of. `slots`: all leaves.
void append_avro(const std::vector<Field>& row, const Slot* slots, std::string& out);

/// The row type must have a schema. An encoded row is the length of its value and the value (Encoder::block_marker).
std::unique_ptr<Encoder> make_avro_encoder(std::vector<Field> row, const std::string& name);

}  // namespace braid
