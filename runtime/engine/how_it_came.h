// Columns that say how a record came and not what is in it: when it arrived, and its headers.
#pragma once

#include "runtime/engine/decode_source.h"

namespace braid {

/// Behind the columns that were decoded, those that SourceSpec::has_arrival and has_headers ask for. Memory is the
/// arena's; names and values of headers stay where `came` has them.
void add_how_it_came(const SourceSpec& source, const RecordsCame& came, Block& block, Arena& arena);

}  // namespace braid
