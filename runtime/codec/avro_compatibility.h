// What an Avro schema reads of values that another one wrote: schema resolution of the specification, asked of the
// schemas alone. Logical types count too, though the specification lets readers ignore them: a decimal of another
// scale, or milliseconds for microseconds, would be read as other values. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/schema/compatibility.h"

namespace braid {

/// Both without references.
Result<std::vector<schema::Break>> find_avro_breaks(std::string_view reader, std::string_view writer);

}  // namespace braid
