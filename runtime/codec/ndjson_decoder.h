// The decoder for NDJSON; see decoder.h.
#pragma once

#include <memory>

#include "runtime/codec/decoder.h"

namespace braid {

std::unique_ptr<Decoder> make_ndjson_decoder(const DecodePlan& plan, const RecordReaderSlot* native);

}  // namespace braid
