// Rows of a table that changes, as the bytes of an output file. As upserts, a row that comes, or takes the place of
// one, stands as it is; a row that goes stands once more, marked `__deleted`. In NDJSON only such a row has the mark;
// CSV and Avro have a column for it, which is true or false. In the other forms each change is a row of change_row.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/codec/change_row.h"
#include "runtime/codec/encoder.h"

namespace braid {

inline constexpr std::string_view kDeletedMark = "__deleted";

/// Of blocks and slots of `row` with its marks behind (change_marks). Else as make_encoder, under the name of `origin`.
std::unique_ptr<Encoder> make_change_encoder(Format format, std::vector<Field> row, ChangeForm form,
                                             const ChangeOrigin& origin, CsvStyle style = {});

}  // namespace braid
