// A client of a schema registry that has Confluent's REST API: Confluent's, Apicurio's under /apis/ccompat/v7,
// Redpanda's, Karapace.
//
// `find` never blocks: it says whether the schema is there, and begins to fetch it if not; each further call goes on
// with that. All other requests wait, up to the total time-out. Schemas by id and GUID never change and are kept while
// the cache has room; whatever the registry does not know or refuses is asked again only after a while.
// Threads: one at a time; `writer_schemas.h` is for several.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "runtime/connect/registry/registry_answers.h"
#include "runtime/connect/registry/registry_call.h"
#include "runtime/connect/registry/schema_fetch.h"

namespace braid::registry {

/// How a record names its schema.
using SchemaKey = std::variant<int64_t, Guid>;
/// "schema id 41", "schema 89791762-2336-186f-9674-180f3d4a5c4e".
std::string to_text(const SchemaKey& key);

enum class CompareWith { latest, all };

class RegistryClient {
 public:
  /// What must live as long: clock. The client owns the rest.
  RegistryClient(RegistrySettings settings, std::unique_ptr<Http> http, Clock& clock, Rng rng);
  ~RegistryClient();

  /// Without blocking. `not_now` while it is being fetched: "asked, and no answer yet".
  Answer<SchemaPtr> find(const SchemaKey& key);
  /// Waits for it.
  Answer<SchemaPtr> schema(const SchemaKey& key);

  Answer<SubjectVersion> latest(const std::string& subject);
  Answer<std::vector<int>> versions(const std::string& subject);
  Answer<SubjectVersion> version(const std::string& subject, int version);
  /// The id; the same for a schema that the subject has already.
  Answer<int64_t> register_schema(const std::string& subject, const Schema& schema);
  /// Whether the subject would take the schema; a subject that does not exist takes any.
  Answer<CompatibilityAnswer> check(const std::string& subject, const Schema& schema, CompareWith with);
  /// Of the subject, or else of the registry: "BACKWARD".
  Answer<std::string> level(const std::string& subject);
  Answer<std::string> set_level(const std::string& subject, const std::string& level);
  /// With all versions, so that a new beginning is possible.
  Answer<std::vector<int>> remove_subject(const std::string& subject);

  /// Bytes of the schemas that are kept.
  size_t kept_bytes() const { return kept_bytes_; }
  Http& http() { return *http_; }

 private:
  struct Kept {
    SchemaPtr schema;
    std::list<SchemaKey>::iterator used;
  };
  struct Denied {
    RegistryError error;
    int64_t until_us;
  };
  template <class T>
  struct Recent {
    Answer<T> answer;
    int64_t until_us;
  };

  const SchemaPtr* kept(const SchemaKey& key);
  void keep(const SchemaKey& key, const SchemaPtr& schema);
  void deny(const SchemaKey& key, const RegistryError& error);
  Answer<SchemaPtr> finish(const SchemaKey& key, const Answer<SchemaPtr>& answer);
  int64_t deadline() const;
  Answer<std::string> ask(RegistryRequest request);
  template <class T, class Reader>
  Answer<T> ask(RegistryRequest request, Reader read);
  template <class T, class Reader>
  Answer<T> ask_recent(std::map<std::string, Recent<T>>& recent, const std::string& path, Reader read);
  void forget_subjects();

  std::unique_ptr<Http> http_;
  CallContext context_;
  std::map<SchemaKey, Kept> kept_;
  std::list<SchemaKey> used_;  ///< the one used last is in front
  size_t kept_bytes_ = 0;
  std::map<SchemaKey, Denied> denied_;
  std::map<SchemaKey, std::unique_ptr<SchemaFetch>> fetches_;
  std::map<std::string, Recent<SubjectVersion>> recent_versions_;
  std::map<std::string, Recent<std::vector<int>>> recent_lists_;
};

/// Checks the settings: at least one URL of http or https, one kind of credentials, and none of it with characters that
/// HTTP has no place for.
Status check_settings(const RegistrySettings& settings);
/// By libcurl.
struct TlsSettings;
Result<std::unique_ptr<RegistryClient>> make_registry_client(RegistrySettings settings, const TlsSettings& tls,
                                                             Clock& clock, Rng rng);

}  // namespace braid::registry
