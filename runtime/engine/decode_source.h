// What a source's declaration and binding say about decoding, as the codec wants to hear it.
#pragma once

#include "runtime/abi/program.h"
#include "runtime/codec/decoder.h"

namespace braid {

Format format_of(const std::string& name);
DecodePlan decode_plan(const SourceSpec& source);

}  // namespace braid
