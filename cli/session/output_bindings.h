// Which files products are written to: by `[env.E.out]`, else by `to file` of the script, else in `out/` of the store.
#pragma once

#include <map>
#include <string>

#include "cli/project/project.h"
#include "compiler/typed/project.h"
#include "runtime/engine/output_files.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

/// By product; those absent have their place in the store. Reports fields in paths of braid.toml that rows do not have.
std::map<int, OutputBinding> bind_files(const Program& program, const typed::Project& project,
                                        const Environment& environment, const std::string& root, Reporter& reporter);

/// Whether all fields of the template are in the product's rows, so that they name a file, or a topic; else that is
/// reported.
bool names_outputs(const PathTemplate& path, const ProductSpec& product, Span place, Reporter& reporter);

/// The format of an output file by the ending of its name.
std::string format_of_ending(const std::string& path);

}  // namespace braid::cli
