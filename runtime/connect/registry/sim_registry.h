// A schema registry in memory, for tests: subjects, versions, ids, levels of compatibility, deletion. It answers the
// requests that the client makes as Confluent's REST API does; `tests/registry` runs the same checks against it and
// against a real one. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/connect/registry/http.h"
#include "runtime/connect/registry/schema.h"
#include "runtime/schema/compatibility.h"

namespace braid::registry {

struct SimRegistrySettings {
  std::string authorization = {};                             ///< the header that requests need; empty: none
  bool knows_guids = true;                                    ///< Apicurio Registry has no look-up by GUID
  bool verbose = true;                                        ///< answers of compatibility say what differs
  schema::Compatibility level = schema::Compatibility::none;  ///< of subjects without one
  schema::FindBreaks avro = nullptr, json = nullptr;          ///< null: everything is compatible
};

class SimRegistry {
 public:
  explicit SimRegistry(SimRegistrySettings settings = {}) : settings_(std::move(settings)) {}
  /// `path`: of the URL behind the base, with the query.
  HttpAnswer answer(HttpMethod method, const std::string& path, const std::string& body,
                    const std::vector<std::string>& headers);
  /// Of the schema with that id.
  static Guid guid_of(int64_t id);
  size_t requests() const { return requests_; }

 private:
  struct Version {
    int64_t id;
    bool deleted = false;
  };
  struct Subject {
    std::vector<Version> versions;  ///< the first is 1
    std::optional<std::string> level;
    bool deleted() const;
  };

  HttpAnswer subjects(HttpMethod method, const std::vector<std::string>& parts, const std::string& query,
                      const std::string& body);
  HttpAnswer version(const std::string& name, const std::string& number, bool deleted_too);
  HttpAnswer add(const std::string& name, const std::string& body);
  HttpAnswer remove(const std::string& name, bool for_good);
  HttpAnswer compatibility(const std::vector<std::string>& parts, const std::string& body);
  HttpAnswer config(HttpMethod method, const std::string& name, const std::string& body);
  std::string level_of(const std::string& name) const;
  /// What of the schema the subject does not take; `latest`: compared with that one only.
  std::vector<std::string> differences(const std::string& name, const Schema& schema, bool latest) const;
  std::string schema_text(int64_t id) const;

  const SimRegistrySettings settings_;
  std::map<std::string, Subject> subjects_;
  std::vector<Schema> schemas_;  ///< the first has id 1
  size_t requests_ = 0;
};

}  // namespace braid::registry
