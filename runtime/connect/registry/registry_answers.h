// The bodies of Confluent's REST API: requests to text, answers to values. An answer of another form gives the reason.
#pragma once

#include <string>
#include <vector>

#include "runtime/connect/registry/schema.h"

namespace braid::registry {

/// What an answer is not: "it has no `schema`".
struct WrongForm {
  std::string message;
};
template <class T>
using Read = Result<T, WrongForm>;

std::string schema_body(const Schema& schema);
Read<Schema> read_schema(const std::string& body);
Read<SubjectVersion> read_subject_version(const std::string& body);
Read<std::vector<int>> read_versions(const std::string& body);
Read<int64_t> read_id(const std::string& body);

std::string level_body(const std::string& level);
/// Of a question for the level.
Read<std::string> read_level(const std::string& body);

struct CompatibilityAnswer {
  bool compatible = false;
  std::vector<std::string> messages;  ///< what differs; some registries say nothing
};
Read<CompatibilityAnswer> read_compatibility(const std::string& body);

}  // namespace braid::registry
