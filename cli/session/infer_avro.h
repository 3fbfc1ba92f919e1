// A stream declaration from the schema of an Avro container file. Types are exact, unlike those guessed from a sample
// of text: a comment says what no type of the language takes.
#pragma once

#include <string>
#include <string_view>

#include "cli/project/infer.h"

namespace braid::cli {

/// `head`: the file's first bytes, its header at least. Fails (E7020) if that is not there, or has no field to declare.
Result<std::string> infer_avro_stream(std::string_view head, const InferOptions& options);

}  // namespace braid::cli
