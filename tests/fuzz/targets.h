// What is driven with inputs nobody wrote: one function for each of the places where Braid reads text from outside.
// libFuzzer (libfuzzer/main.cpp) and the smoke test call the same functions. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid::fuzz {

/// What is wrong with the way the input was treated; nothing if all is well. Crashes and sanitizers say the rest.
using Verdict = std::optional<std::string>;

struct Target {
  std::string_view name;
  Verdict (*run)(std::string_view input);
  std::vector<std::string_view> seed_folders;  ///< from the repository's root; all files of them, deeper ones too
  std::vector<std::string_view> seed_endings;
};

const std::vector<Target>& targets();
const Target& target(std::string_view name);
/// The files of the target's folders, in the order of their paths.
std::vector<std::string> read_seeds(const Target& target);

// ---- one file each --------------------------------------------------------------------------------------------------

/// Any bytes as a script: a tree, spans inside the text, findings that can be shown and whose fixes can be applied.
Verdict parse_anything(std::string_view input);
/// The same through the checker; and what it finds no error in compiles.
Verdict check_anything(std::string_view input);
/// The same for the scripts of a whole project.
struct CheckedScripts {
  std::vector<Diagnostic> findings;  ///< in the order of their places
  size_t errors = 0;                 ///< of the findings
  Verdict wrong;
};
CheckedScripts check_project(const SourceSet& sources);
/// Any bytes as a turn of NDJSON: records are accepted and rejected as a strict reader of RFC 8259 does.
Verdict decode_any_ndjson(std::string_view input);
/// Any bytes as a turn of CSV: records, cells and rejections as a reader character by character has them.
Verdict decode_any_csv(std::string_view input);
/// Any bytes as an Avro container file: native code and tables agree, every error can be described.
Verdict decode_any_avro(std::string_view input);
/// Any bytes as a Protobuf message: a second reading gives the same, every error can be described.
Verdict decode_any_protobuf(std::string_view input);
/// Any bytes as braid.toml.
Verdict configure_anything(std::string_view input);
/// Any bytes as the path and the query of a request over OData: what a plan takes of a filter, and what rows decide,
/// choose the same rows.
Verdict ask_anything_of_odata(std::string_view input);

}  // namespace braid::fuzz
