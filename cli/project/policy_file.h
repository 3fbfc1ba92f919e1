// policies.toml: what a domain of the council asks of all products of the organisation.
//
//   council = ["governance", "privacy"]
//
//   [policy.personal]
//   says = "Who somebody is stays with those who need it."
//   require = "mask"
//   label = "pii"
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mesh/access/policies.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

struct PolicyFile {
  std::optional<std::vector<std::string>> council;  ///< nothing: it stays as it is
  std::vector<mesh::Policy> policies;
};

/// Nothing, and reported (E7232), if the file cannot be read or says what no policy can say.
std::optional<PolicyFile> read_policy_file(const std::string& path, Reporter& reporter);

}  // namespace braid::cli
