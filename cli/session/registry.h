// The schema registry of a job: schemas of the records of its Avro and Protobuf topics, ids for the schemas of its
// products, and what native code expects to read.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "cli/project/project.h"
#include "cli/session/expected_schemas.h"
#include "compiler/typed/project.h"
#include "runtime/abi/program.h"
#include "runtime/connect/registry/registry_service.h"
#include "runtime/connect/topic_binding.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

/// Whether rows of a product in that format name their schema.
bool has_framing(const std::string& format);
/// Whether records of the source name their schemas.
bool has_framing(const Binding& binding);
/// Whether the job reads or writes such records.
bool needs_registry(const Program& program, const std::map<int, TopicBinding>& outputs);

/// The settings of an environment with a registry, with all references read; reports what cannot be read.
std::optional<registry::ServiceOptions> registry_options(const Environment& environment, const std::string& root,
                                                         Reporter& reporter);
/// Asks nothing yet. Errors 7067 (the library is not installed), 7076 (a setting).
Result<std::unique_ptr<registry::RegistryService>> open_registry(const registry::ServiceOptions& options);

/// The sources ask it for the schemas of their records from then on; it outlives their runs.
void read_by_registry(registry::RegistryService& service, Program& program);
/// Registers the schemas of products that write Avro or Protobuf, and notes their ids. Errors 7075, 7076, 7079.
Status register_products(registry::RegistryService& service, const Program& program, const typed::Project& project,
                         std::map<int, TopicBinding>& outputs);
/// What the records of each Avro and Protobuf topic will probably have: the schemas that native code is made for. Those
/// that the program cannot read are left out. Of a Protobuf schema, its first message type that fits.
ExpectedSchemas expected_schemas(registry::RegistryService& service, const Program& program);

}  // namespace braid::cli
