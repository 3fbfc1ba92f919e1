// The schemas that a program's Avro inputs have: read from files before the program is compiled, since native decoders
// are made for one schema.
#pragma once

#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/fs.h"

namespace braid::cli {

/// Fills SourceSpec::avro of Avro sources from the first file that each of them reads. What cannot be read stays as it
/// is: its records are decoded by tables, and whoever reads it reports what is wrong.
void expect_avro_schemas(std::vector<SourceSpec>& sources, Fs& fs);

}  // namespace braid::cli
