// Rows of a table that changes, as the bytes of an output file: a row that comes, or takes the place of one, stands as
// it is; a row that goes stands once more, marked `__deleted`. In NDJSON only such a row has the mark; CSV and Avro
// have a column for it, which is true or false.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/codec/encoder.h"

namespace braid {

inline constexpr std::string_view kDeletedMark = "__deleted";

/// Of blocks and slots of `row` with a RowChange behind (runtime/data/row_change.h). Else as make_encoder.
std::unique_ptr<Encoder> make_change_encoder(Format format, std::vector<Field> row, CsvStyle style = {},
                                             const std::string& name = "product");

}  // namespace braid
