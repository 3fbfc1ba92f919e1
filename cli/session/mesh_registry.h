// The registry of products that braid.toml names, and the key of the project.
#pragma once

#include <memory>
#include <optional>

#include "cli/project/project.h"
#include "mesh/registry/domain_key.h"
#include "mesh/registry/object_store.h"

namespace braid::cli {

enum class RegistryPatience {
  whole,  ///< a server that does not answer is asked again for half a minute
  brief   ///< it is asked once, for a few seconds: for those who can do without
};

/// Null, and reported, if braid.toml names none, or one that lacks a setting. Nothing is asked of it yet.
std::unique_ptr<mesh::ObjectStore> open_product_registry(const Project& project, Reporter& reporter,
                                                         RegistryPatience patience = RegistryPatience::whole);
/// Whether it is behind a network, and not a directory.
bool is_remote_registry(const std::string& place);

/// Nothing, and reported, if braid.toml names none or it cannot be used.
std::optional<mesh::DomainKey> read_domain_key(const Project& project, Reporter& reporter);

/// The error, which has a code, as a finding; a place is shown if it is not empty.
void report_error(const Error& error, Reporter& reporter, Span place = {});

}  // namespace braid::cli
