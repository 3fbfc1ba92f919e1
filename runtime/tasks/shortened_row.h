// A row of a standing port (`rejected`, `late`, `unmatched`, `alerts`) that is too long for a record of the broker. It
// has copies of an input record, which may itself be as long as a record can be, and longer in JSON. The copies are
// shortened, so that a record that cannot be used does not end the job.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/slot.h"
#include "runtime/data/type.h"

namespace braid {

/// Whether rows of the port are the engine's, and not of a form that the script gives.
bool is_standing_port(std::string_view port);

/// The row as JSON, in at most `most` bytes if shortening its copies is enough for that. `bytes` becomes its beginning,
/// and `bytes_length` behind it says how many bytes it has in full; what is base64 stays base64. If the row is still
/// too long, `row` is left out, and `row_length` in its place says how long it is as JSON.
std::string shortened_row(const std::vector<Field>& fields, const Slot* slots, size_t most);

}  // namespace braid
