// Records of a topic whose whole value is one field, a string or bytes.
#pragma once

#include <memory>

#include "runtime/codec/decoder.h"

namespace braid {

/// The plan has one field at most, of type string or bytes, optional or not.
std::unique_ptr<Decoder> make_raw_decoder(const DecodePlan& plan);

}  // namespace braid
