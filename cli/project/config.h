// braid.toml: [project], [env.NAME], [env.NAME.bind], [env.NAME.out], [env.NAME.param]. An unknown key is an error with
// a suggestion, never ignored.
#pragma once

#include "cli/project/project.h"

namespace braid::cli {

/// Name, default environment and the names of all environments into `project`; false if the file can't be read.
bool read_header(Project& project, SourceSet& sources, Reporter& reporter);

}  // namespace braid::cli
