// The registry of products that braid.toml names, and the key of the project.
#pragma once

#include <memory>
#include <optional>

#include "cli/project/project.h"
#include "mesh/registry/domain_key.h"
#include "mesh/registry/object_store.h"

namespace braid::cli {

/// Null, and reported, if braid.toml names none, or one of a kind that is not supported.
std::unique_ptr<mesh::ObjectStore> open_product_registry(const Project& project, Reporter& reporter);

/// Nothing, and reported, if braid.toml names none or it cannot be used.
std::optional<mesh::DomainKey> read_domain_key(const Project& project, Reporter& reporter);

/// The error, which has a code, as a finding; a place is shown if it is not empty.
void report_error(const Error& error, Reporter& reporter, Span place = {});

}  // namespace braid::cli
