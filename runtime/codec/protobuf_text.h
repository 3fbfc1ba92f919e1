// A value of a Protobuf record as JSON text, for messages: the last one that the record has; bytes in base64. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/codec/protobuf_schema.h"

namespace braid {

/// Of the value at that path of a record; the default value of a field that it does not have. Empty if there is none,
/// or it is broken.
std::string protobuf_value_text(const ProtobufSchema& schema, std::string_view record,
                                const std::vector<std::string>& path);

}  // namespace braid
