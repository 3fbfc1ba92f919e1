// Schemas of a project's products and sources as text, and the files that keep those that were published: `braid check`
// compares a product with them, without a registry.
//
// The folder `schemas` of a project has a file for each published schema: `DOMAIN.NAME.vVERSION-N.ENDING`, where N
// counts from 1. A version of a product is a line of its own: what breaks readers is a new version.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/session/session.h"

namespace braid::cli {

/// Names of the formats that a schema can be written in: "json-schema", "avro", "protobuf".
std::vector<std::string> schema_formats();

/// "payments.captured" or, if only one domain has it, "captured"; of several versions the newest. Reports and gives
/// nothing if there is none.
const typed::Relation* find_relation(Session& session, const std::string& name);
/// All products, streams and tables with the number of their fields, a line each.
std::string list_relations(const Session& session);
/// The schema of a product's rows, or of a source's records. Reports and gives nothing if a field has no form there.
std::optional<std::string> schema_text(Session& session, const typed::Relation& relation, const std::string& format);

/// Reports what the products break towards the schemas that are kept, and which of them are not kept yet.
void check_kept_schemas(Session& session);
/// Keeps the schema of a product, if it differs from the last one: the path of its file. Reports and gives nothing if
/// it breaks the product's promise.
std::optional<std::string> keep_schema(Session& session, const typed::Relation& product, const std::string& format);

}  // namespace braid::cli
