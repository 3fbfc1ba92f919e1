// What a Protobuf schema reads of messages that another one wrote, by the numbers of their fields. A field that only
// one of them has breaks nothing. Numbers of fields that both have must be read as the same values: int32, int64,
// uint32, uint64, bool and enums are alike on the wire, as are string and bytes, sint32 and sint64, fixed and sfixed of
// one size. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/schema/compatibility.h"

namespace braid {

/// Both without references; of their first messages.
Result<std::vector<schema::Break>> find_protobuf_breaks(std::string_view reader, std::string_view writer);

}  // namespace braid
