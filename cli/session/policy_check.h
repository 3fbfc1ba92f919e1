// Whether what a project declares for others is as the policies of the organisation ask (mesh/access/policies.h).
#pragma once

#include <functional>

#include "cli/project/project.h"
#include "compiler/typed/project.h"
#include "mesh/access/policies.h"

namespace braid::cli {

/// Reports (E7235) each product and public source that does not meet a policy of the registry. `is_ours`: of a file of
/// the sources, whether what it declares is looked at. A project without a registry has no policies.
void check_policies(const Project& files, const typed::Project& project,
                    const std::function<bool(uint32_t file)>& is_ours, Reporter& reporter);

/// Reports (E7232) each pattern that is no regular expression. `path`: the file that has them.
void check_patterns(const std::vector<mesh::Policy>& policies, const std::string& path, Reporter& reporter);

}  // namespace braid::cli
