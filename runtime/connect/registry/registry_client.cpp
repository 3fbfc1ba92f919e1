#include "runtime/connect/registry/registry_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/overloaded.h"
#include "runtime/connect/registry/curl_http.h"

namespace braid::registry {
namespace {

std::string path_of(const SchemaKey& key) {
  return std::visit(Overloaded{[](int64_t id) { return fmt::format("/schemas/ids/{}", id); },
                               [](const Guid& guid) { return "/schemas/guids/" + to_text(guid); }},
                    key);
}

std::string versions_path(const std::string& subject) {
  return "/subjects/" + escaped(subject) + "/versions";
}

constexpr size_t kMostRecent = 1024;

}  // namespace

std::string to_text(const SchemaKey& key) {
  return std::visit(Overloaded{[](int64_t id) { return fmt::format("schema id {}", id); },
                               [](const Guid& guid) { return "schema " + to_text(guid); }},
                    key);
}

RegistryClient::RegistryClient(RegistrySettings settings, std::unique_ptr<Http> http, Clock& clock, Rng rng)
    : http_(std::move(http)), context_{*http_, clock, rng, std::move(settings)} {}

RegistryClient::~RegistryClient() = default;

int64_t RegistryClient::deadline() const {
  return context_.clock.steady_us() + context_.settings.total_timeout_us;
}

// ---- schemas by id -----------------------------------------------------------------------------------------------

const SchemaPtr* RegistryClient::kept(const SchemaKey& key) {
  const auto found = kept_.find(key);
  if (found == kept_.end()) return nullptr;
  used_.splice(used_.begin(), used_, found->second.used);
  return &found->second.schema;
}

void RegistryClient::keep(const SchemaKey& key, const SchemaPtr& schema) {
  used_.push_front(key);
  kept_.emplace(key, Kept{schema, used_.begin()});
  kept_bytes_ += schema->bytes();
  while (kept_bytes_ > context_.settings.cache_bytes && used_.size() > 1) {
    const auto oldest = kept_.find(used_.back());
    kept_bytes_ -= oldest->second.schema->bytes();
    kept_.erase(oldest);
    used_.pop_back();
  }
}

void RegistryClient::deny(const SchemaKey& key, const RegistryError& error) {
  const int64_t now = context_.clock.steady_us();
  if (denied_.size() >= context_.settings.most_negative)
    std::erase_if(denied_, [&](const auto& each) { return each.second.until_us <= now; });
  if (denied_.size() >= context_.settings.most_negative) denied_.erase(denied_.begin());
  const int64_t pause = error.fault == RegistryFault::not_now ? context_.settings.longest_pause_us
                                                              : context_.settings.negative_lifetime_us;
  denied_.insert_or_assign(key, Denied{error, now + pause});
}

Answer<SchemaPtr> RegistryClient::finish(const SchemaKey& key, const Answer<SchemaPtr>& answer) {
  if (answer.ok())
    keep(key, *answer);
  else
    deny(key, answer.error());
  return answer;
}

Answer<SchemaPtr> RegistryClient::find(const SchemaKey& key) {
  if (const SchemaPtr* there = kept(key)) return *there;
  if (const auto denied = denied_.find(key); denied != denied_.end()) {
    if (context_.clock.steady_us() < denied->second.until_us) return denied->second.error;
    denied_.erase(denied);
  }
  // All of them go on: one that nobody asks for any more must not keep its place.
  std::optional<Answer<SchemaPtr>> mine;
  if (!fetches_.contains(key) && fetches_.size() < context_.settings.most_fetches)
    fetches_.emplace(key, std::make_unique<SchemaFetch>(context_, path_of(key), deadline()));
  for (auto each = fetches_.begin(); each != fetches_.end();) {
    const Answer<SchemaPtr>* answer = each->second->step();
    if (answer == nullptr) {
      ++each;
      continue;
    }
    Answer<SchemaPtr> done = finish(each->first, *answer);
    if (each->first == key) mine = std::move(done);
    each = fetches_.erase(each);
  }
  if (mine) return *mine;
  return RegistryError{.message = "asked, and no answer yet", .url = context_.settings.urls[context_.favourite]};
}

Answer<SchemaPtr> RegistryClient::schema(const SchemaKey& key) {
  if (const SchemaPtr* there = kept(key)) return *there;
  if (const auto denied = denied_.find(key); denied != denied_.end()) {
    if (denied->second.error.fault != RegistryFault::not_now && context_.clock.steady_us() < denied->second.until_us)
      return denied->second.error;
    denied_.erase(denied);
  }
  fetches_.erase(key);
  SchemaFetch fetch(context_, path_of(key), deadline());
  while (true) {
    if (const Answer<SchemaPtr>* answer = fetch.step()) return finish(key, *answer);
    http_->wait(std::max<int64_t>(fetch.next_us() - context_.clock.steady_us(), 0));
  }
}

// ---- requests that wait ------------------------------------------------------------------------------------------

Answer<std::string> RegistryClient::ask(RegistryRequest request) {
  RegistryCall call(context_, std::move(request), deadline());
  while (true) {
    if (const Answer<std::string>* answer = call.step()) return *answer;
    http_->wait(std::max<int64_t>(call.next_us() - context_.clock.steady_us(), 0));
  }
}

template <class T, class Reader>
Answer<T> RegistryClient::ask(RegistryRequest request, Reader read) {
  const Answer<std::string> body = ask(std::move(request));
  if (!body.ok()) return body.error();
  auto made = read(*body);
  if (made.ok()) return std::move(*made);
  return RegistryError{.fault = RegistryFault::refused,
                       .message = made.error().message,
                       .url = context_.settings.urls[context_.favourite]};
}

template <class T, class Reader>
Answer<T> RegistryClient::ask_recent(std::map<std::string, Recent<T>>& recent, const std::string& path, Reader read) {
  if (const auto found = recent.find(path);
      found != recent.end() && context_.clock.steady_us() < found->second.until_us)
    return found->second.answer;
  Answer<T> answer = ask<T>({.path = path}, read);
  recent.erase(path);
  if (recent.size() >= kMostRecent) recent.clear();
  const RegistrySettings& settings = context_.settings;
  const int64_t now = context_.clock.steady_us();
  if (answer.ok())
    recent.emplace(path, Recent<T>{answer, now + settings.subject_lifetime_us});
  else if (answer.error().fault != RegistryFault::not_now)
    recent.emplace(path, Recent<T>{answer, now + settings.negative_lifetime_us});
  return answer;
}

void RegistryClient::forget_subjects() {
  recent_versions_.clear();
  recent_lists_.clear();
}

Answer<SubjectVersion> RegistryClient::latest(const std::string& subject) {
  return ask_recent(recent_versions_, versions_path(subject) + "/latest", read_subject_version);
}

Answer<SubjectVersion> RegistryClient::version(const std::string& subject, int version) {
  return ask_recent(recent_versions_, fmt::format("{}/{}", versions_path(subject), version), read_subject_version);
}

Answer<std::vector<int>> RegistryClient::versions(const std::string& subject) {
  return ask_recent(recent_lists_, versions_path(subject), read_versions);
}

Answer<int64_t> RegistryClient::register_schema(const std::string& subject, const Schema& schema) {
  forget_subjects();
  return ask<int64_t>({.method = HttpMethod::post, .path = versions_path(subject), .body = schema_body(schema)},
                      read_id);
}

Answer<CompatibilityAnswer> RegistryClient::check(const std::string& subject, const Schema& schema, CompareWith with) {
  std::string path = "/compatibility" + versions_path(subject);
  if (with == CompareWith::latest) path += "/latest";
  Answer<CompatibilityAnswer> answer = ask<CompatibilityAnswer>(
      {.method = HttpMethod::post, .path = path + "?verbose=true", .body = schema_body(schema)}, read_compatibility);
  if (!answer.ok() && answer.error().fault == RegistryFault::unknown) return CompatibilityAnswer{true, {}};
  return answer;
}

Answer<std::string> RegistryClient::level(const std::string& subject) {
  return ask<std::string>({.path = "/config/" + escaped(subject) + "?defaultToGlobal=true"}, read_level);
}

Answer<std::string> RegistryClient::set_level(const std::string& subject, const std::string& level) {
  return ask<std::string>({.method = HttpMethod::put, .path = "/config/" + escaped(subject), .body = level_body(level)},
                          read_level);
}

Answer<std::vector<int>> RegistryClient::remove_subject(const std::string& subject) {
  forget_subjects();
  const std::string path = "/subjects/" + escaped(subject);
  const auto marked = ask<std::vector<int>>({.method = HttpMethod::remove, .path = path}, read_versions);
  if (!marked.ok() && marked.error().fault != RegistryFault::unknown) return marked.error();
  // One that is marked as deleted keeps its versions until it is deleted for good.
  const auto gone =
      ask<std::vector<int>>({.method = HttpMethod::remove, .path = path + "?permanent=true"}, read_versions);
  if (gone.ok()) return *gone;
  if (gone.error().fault == RegistryFault::unknown && marked.ok()) return *marked;
  return gone.error();
}

// ---- settings ----------------------------------------------------------------------------------------------------

Status check_settings(const RegistrySettings& settings) {
  const auto wrong = [](std::string message) { return Error{ErrorKind::usage, std::move(message)}; };
  if (settings.urls.empty()) return wrong("a schema registry needs at least one address");
  const auto plain = [](const std::string& text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  };
  for (const std::string& url : settings.urls) {
    if (!url.starts_with("http://") && !url.starts_with("https://"))
      return wrong("the address of a schema registry begins with http:// or https://, found `" + url + "`");
    if (!plain(url) || url.find(' ') != std::string::npos || url.find_first_of("?#") != std::string::npos)
      return wrong("`" + url + "` is not the base address of a schema registry");
    const size_t host = url.find("//") + 2;
    if (url.substr(host, url.find('/', host) - host).find('@') != std::string::npos)
      return wrong("the address of a schema registry has no user and password in it: they are settings of their own");
  }
  if (!settings.token.empty() && !settings.user.empty())
    return wrong("a schema registry is asked with a user and password or with a token, not with both");
  if (settings.user.find(':') != std::string::npos)
    return wrong("the user name for a schema registry cannot have a colon");
  // Without the secret itself.
  if (!plain(settings.token) || !plain(settings.user) || !plain(settings.password))
    return wrong("the credentials for the schema registry have a line end or another control character");
  return {};
}

Result<std::unique_ptr<RegistryClient>> make_registry_client(RegistrySettings settings, const TlsSettings& tls,
                                                             Clock& clock, Rng rng) {
  BRAID_TRY(check_settings(settings));
  BRAID_ASSIGN(auto http, make_curl_http(tls));
  return std::make_unique<RegistryClient>(std::move(settings), std::move(http), clock, rng);
}

}  // namespace braid::registry
