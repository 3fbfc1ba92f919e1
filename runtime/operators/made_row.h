// Record::bytes of a row that a window made (Record::line is kMadeByWindow). They identify the row where it leaves the
// flow, since it is not an input record: its group, window and key, in a form that state stores like the bytes of any
// record.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/abi/program.h"
#include "runtime/data/arena.h"

namespace braid {

/// `key`: as KeyFormat encodes it.
Bytes made_row_bytes(uint64_t group_identity, int64_t start, int64_t end, std::string_view key, Arena& arena);

/// `{"k":"a","window":{"start":…,"end":…}}`; empty if the program has no such group any more.
std::string made_row_text(const Program& program, std::string_view bytes);

}  // namespace braid
