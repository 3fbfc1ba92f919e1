#include "runtime/connect/registry/registry_service.h"

#include <map>
#include <mutex>

#include "runtime/connect/registry/curl_http.h"
#include "runtime/connect/registry/registry_writer_schemas.h"

namespace braid::registry {
namespace {

/// How long a guess may take.
constexpr int64_t kSoon = 3'000'000;

class ClientService final : public RegistryService {
 public:
  /// Records do not wait for a request about products, so each has a client.
  ClientService(std::unique_ptr<RegistryClient> reading, std::unique_ptr<RegistryClient> writing,
                std::unique_ptr<RegistryClient> guessing, Clock& clock)
      : schemas_(std::move(reading)), writing_(std::move(writing)), guessing_(std::move(guessing)), clock_(clock) {}

  /// What was found once stays: a decoder may meet an id long after the source has.
  SchemaAnswer find(const SchemaId& id) override {
    const std::lock_guard lock(found_mutex_);
    if (const auto known = found_.find(id); known != found_.end()) return known->second;
    SchemaAnswer answer = schemas_.find(id);
    if (answer.state == SchemaAnswer::State::found) found_.emplace(id, answer);
    return answer;
  }

  Result<RegisteredProduct> add(const ProductSchema& product) override {
    const std::lock_guard lock(mutex_);
    return register_product(*writing_, product);
  }

  Result<std::shared_ptr<const WriterSchema>> latest(const std::string& topic) override {
    const std::lock_guard lock(mutex_);
    const std::string subject = subject_of(SubjectName::topic, topic, {});
    const auto found = writing_->latest(subject);
    if (found.ok()) {
      auto schema = std::make_shared<WriterSchema>();
      schema->language = language_of(found->schema.type);
      schema->text = found->schema.text;
      return std::shared_ptr<const WriterSchema>(std::move(schema));
    }
    if (found.error().fault == RegistryFault::unknown) return std::shared_ptr<const WriterSchema>();
    return error_of(found.error(), "the subject `" + subject + "`");
  }

  std::vector<std::shared_ptr<const WriterSchema>> newest(const std::string& topic, size_t most) override {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<const WriterSchema>> found;
    const std::string subject = subject_of(SubjectName::topic, topic, {});
    const auto versions = guessing_->versions(subject);
    if (!versions.ok()) return found;
    for (auto version = versions->rbegin(); version != versions->rend() && found.size() < most; ++version) {
      const auto each = guessing_->version(subject, *version);
      if (!each.ok()) break;
      const SchemaId id{.number = static_cast<uint32_t>(each->id)};
      const SchemaAnswer answer = schemas_.find_within(id, kSoon, clock_);
      if (answer.state != SchemaAnswer::State::found) break;
      found.push_back(answer.schema);
    }
    return found;
  }

 private:
  RegistryWriterSchemas schemas_;
  std::mutex found_mutex_;
  std::map<SchemaId, SchemaAnswer> found_;
  std::mutex mutex_;  ///< of the other two
  std::unique_ptr<RegistryClient> writing_, guessing_;
  Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<RegistryService>> make_registry_service(const ServiceOptions& options, Clock& clock) {
  const TlsSettings tls{.ca_file = options.ca_file, .certificate_file = {}, .key_file = {}, .key_password = {}};
  RegistrySettings soon = options.settings;
  soon.total_timeout_us = soon.request_timeout_us = kSoon;
  Rng rng(static_cast<uint64_t>(clock.now_us()));
  BRAID_ASSIGN(auto reading, make_registry_client(options.settings, tls, clock, Rng(rng.next())));
  BRAID_ASSIGN(auto writing, make_registry_client(options.settings, tls, clock, Rng(rng.next())));
  BRAID_ASSIGN(auto guessing, make_registry_client(soon, tls, clock, Rng(rng.next())));
  return std::unique_ptr<RegistryService>(
      std::make_unique<ClientService>(std::move(reading), std::move(writing), std::move(guessing), clock));
}

}  // namespace braid::registry
