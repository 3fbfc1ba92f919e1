// braid.toml: [project], [labels], [env.NAME], [env.NAME.bind], [env.NAME.out], [env.NAME.param]. An unknown key is an
// error with a suggestion, never ignored.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/project/project.h"

namespace braid::cli {

/// Name, default environment and the names of all environments into `project`; false if the file can't be read.
bool read_header(Project& project, SourceSet& sources, Reporter& reporter);

/// Where [env.E.param] sets that name; an empty span: it does not.
Span param_place(const Project& project, const std::string& environment, const std::string& name,
                 const SourceSet& sources);

/// The least memory of a job.
inline constexpr int64_t kLeastMemory = int64_t{8} << 20;
/// `512MB`, `2GB`, or a number of bytes; none if it is not a size, or less than kLeastMemory.
std::optional<int64_t> memory_size(std::string_view written);

}  // namespace braid::cli
