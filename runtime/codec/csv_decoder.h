// The decoder for CSV; see decoder.h and the rules at the head of csv_decoder.cpp.
#pragma once

#include <memory>

#include "runtime/codec/decoder.h"

namespace braid {

std::unique_ptr<Decoder> make_csv_decoder(const DecodePlan& plan, const RecordReaderSlot* native);

}  // namespace braid
