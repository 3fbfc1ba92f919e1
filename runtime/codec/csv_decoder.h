// The decoder for CSV; see decoder.h and the rules at the head of csv_decoder.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/codec/decoder.h"

namespace braid {

/// The names of the columns, from the plan or else the header line of the file.
std::vector<std::string> csv_columns(const DecodePlan& plan, std::string_view header);

std::unique_ptr<Decoder> make_csv_decoder(const DecodePlan& plan, const RecordReaderSlot* native);

}  // namespace braid
