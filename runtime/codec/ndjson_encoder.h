// Rows as JSON objects, one a line. Whole blocks are written column by column type into one buffer with room for the
// longest row; texts with escapes, lists, structs and rare types go through append_json (runtime/data/value.h).
// For users of encoder.h: make_encoder.
#pragma once

#include "runtime/codec/encoder.h"

namespace braid {

std::unique_ptr<Encoder> make_ndjson_encoder(std::vector<Field> row);

}  // namespace braid
