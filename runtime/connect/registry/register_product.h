// The schema of a product's rows as a version of a subject of the registry, at the start of a job that writes them.
// Repeating it changes nothing. Threads: those of the client.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/connect/registry/registry_client.h"
#include "runtime/schema/compatibility.h"

namespace braid::registry {

/// How a subject is named, in the words of the registry's clients.
enum class SubjectName {
  topic,        ///< `TOPIC-value`
  record,       ///< the name of the record: one schema for all topics
  topic_record  ///< `TOPIC-RECORD`
};
std::string subject_of(SubjectName by, const std::string& topic, const std::string& record);

struct ProductSchema {
  std::string product;  ///< "payments.captured", for messages
  std::string topic;
  std::string record;  ///< full name of the record in its schema
  SubjectName named_by = SubjectName::topic;
  Schema schema;
  /// As the contract of the product says; empty: as the registry has it.
  std::optional<schema::Compatibility> level;
};

struct RegisteredProduct {
  std::string subject;
  int64_t id = 0;  ///< stands in front of each row
};

/// Sets the level of the subject, unless it has one that promises as much or more, and registers the schema. Errors
/// have a code of the catalogue: E7075 to try again later, E7076, and E7079 if the schema does not fit its subject.
Result<RegisteredProduct> register_product(RegistryClient& client, const ProductSchema& product);

/// As an error of a job: E7075, E7076, or E7077, where `what` names what is unknown.
Error error_of(const RegistryError& error, const std::string& what);

}  // namespace braid::registry
