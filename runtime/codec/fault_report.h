// The diagnostic of a ConversionFault for the user: a code of the catalogue (6001 to 6026) with the field, its type and
// the text in the record. Slow: reads the record again. Pure.
#pragma once

#include <string_view>

#include "runtime/codec/decoder.h"
#include "runtime/report/diagnostic.h"

namespace braid {

/// `record` as in Record::bytes. `header`: Decoder::header of its partition.
Diagnostic describe_fault(const DecodePlan& plan, const DecodeField& field, ConversionFault fault,
                          std::string_view record, std::string_view header = {});

/// The same for the field of that name, whatever is wrong with it; nothing if it is right.
std::optional<Diagnostic> describe_field(const DecodePlan& plan, std::string_view field, std::string_view record,
                                         std::string_view header);

}  // namespace braid
