// A schema with all that it names, fetched request by request without blocking. Threads: those of the Http.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "runtime/connect/registry/registry_call.h"
#include "runtime/connect/registry/schema.h"

namespace braid::registry {

class SchemaFetch {
 public:
  /// `path` gives the schema: "/schemas/ids/41".
  SchemaFetch(CallContext& context, std::string path, int64_t deadline_us);
  /// Null until there is an outcome.
  const Answer<SchemaPtr>* step();
  int64_t next_us() const { return call_ ? call_->next_us() : deadline_us_; }

 private:
  /// A reference whose schema was fetched, and how far what it names in turn has been looked at.
  struct Open {
    std::string name;
    Schema schema;
    size_t next = 0;
  };
  void take(const std::string& body);
  void advance();
  void give_up(std::string message);

  CallContext& context_;
  const int64_t deadline_us_;
  std::optional<RegistryCall> call_;
  std::vector<Open> open_;      ///< from the schema itself to the reference that is being looked at
  std::string asked_name_;      ///< of the reference that `call_` fetches
  std::set<std::string> seen_;  ///< "subject/version" of references that were begun
  size_t bytes_ = 0;
  ResolvedSchema made_;
  std::optional<Answer<SchemaPtr>> outcome_;
};

}  // namespace braid::registry
