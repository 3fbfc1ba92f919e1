// A value of an Avro record as JSON text, for messages: numbers as they are, decimals with their point, bytes in
// base64. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/codec/avro_schema.h"

namespace braid {

/// Of the value at that path of a record; empty if there is none, or it is broken.
std::string avro_value_text(const AvroSchema& schema, std::string_view record, const std::vector<std::string>& path);

}  // namespace braid
