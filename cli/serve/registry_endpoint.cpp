#include "cli/serve/registry_endpoint.h"

#include <algorithm>

#include "mesh/registry/content_hash.h"
#include "runtime/report/registry_findings.h"

namespace braid::cli {
namespace {

/// Shorter than others wait for theirs.
constexpr int64_t kTurnUs = 20'000'000;
constexpr std::string_view kFolders[] = {"objects", "domains", "grants", "policies", "audit"};

RegistryAnswer say(int status, std::string text) {
  return {.status = status, .body = std::move(text) + "\n"};
}

/// Of both, whatever the first difference is: how long it takes says nothing.
bool is_same(const std::string& given, const std::string& secret) {
  unsigned differs = given.size() == secret.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i)
    differs |= static_cast<unsigned char>(given[i]) ^
               static_cast<unsigned char>(secret[i % std::max<size_t>(secret.size(), 1)]);
  return differs == 0 && !secret.empty();
}

std::string etag_of(const std::string& content) {
  return "\"" + mesh::content_hash(content) + "\"";
}

}  // namespace

RegistryEndpoint::RegistryEndpoint(std::unique_ptr<mesh::ObjectStore> store, RegistryTokens tokens, Clock& clock,
                                   std::function<void(const Error&)> tell)
    : store_(std::move(store)),
      tokens_(std::move(tokens)),
      clock_(clock),
      tell_(std::move(tell)),
      guard_(*store_, clock) {}

/// A disk that fails, and what is damaged, is for the server's owner to read of: no answer says where it is.
RegistryAnswer RegistryEndpoint::failed(const Error& error) {
  if (tell_) tell_(error);
  return say(500, error.code == diag::RegistryDamaged::kCode ? "the registry is damaged; who serves it was told what is"
                                                             : "the registry cannot be used");
}

RegistryEndpoint::Rights RegistryEndpoint::rights_of(const RegistryRequest& request) const {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string given =
      request.authorization.starts_with(kBearer) ? request.authorization.substr(kBearer.size()) : std::string();
  Rights made{.may_read = false, .may_write = tokens_.write.empty() || is_same(given, tokens_.write)};
  made.may_read = made.may_write || is_same(given, tokens_.read);
  made.named = !given.empty();
  return made;
}

std::optional<RegistryAnswer> RegistryEndpoint::refusal(const RegistryRequest& request) const {
  const Rights rights = rights_of(request);
  if (!rights.may_read) return say(401, rights.named ? "the token is not one of this registry" : "a token is needed");
  if (!rights.may_write && request.method != "GET") return say(403, "the token is for reading");
  return std::nullopt;
}

RegistryAnswer RegistryEndpoint::answer(const RegistryRequest& request) {
  if (std::optional<RegistryAnswer> refused = refusal(request)) return *std::move(refused);
  end_old_turn();
  if (turn_ != nullptr && rights_of(request).may_write && request.turn == turn_id_) turn_used_us_ = clock_.steady_us();
  const std::string name = request.path.starts_with('/') ? request.path.substr(1) : request.path;
  if (request.method == "GET") return name.empty() ? list(request.query) : get(name);
  if (request.method == "PUT") return put(request, name);
  if (request.method == "POST" && name == "turn") return take_turn();
  if (request.method == "DELETE" && name.starts_with("turn/")) {
    if (turn_ != nullptr && name == "turn/" + turn_id_) turn_.reset();
    return say(200, "ended");
  }
  return say(405, "not this method");
}

RegistryAnswer RegistryEndpoint::get(const std::string& name) {
  if (!mesh::WriteGuard::is_name(name)) return say(404, "no such object: a registry has nothing of that name");
  const auto found = store_->read_head(name);
  if (!found.ok()) return failed(found.error());
  if (!*found) return say(404, "no such object");
  return {.status = 200,
          .content_type = "application/octet-stream",
          .body = (*found)->content,
          .etag = etag_of((*found)->content)};
}

RegistryAnswer RegistryEndpoint::list(const std::string& query) {
  constexpr std::string_view kList = "list=";
  const std::string folder = query.starts_with(kList) ? query.substr(kList.size()) : std::string();
  const std::string top = folder.substr(0, folder.find('/'));
  const std::string below = top.size() < folder.size() ? folder.substr(top.size() + 1) : std::string();
  const bool known = std::ranges::find(kFolders, top) != std::end(kFolders);
  if (!known || (top != folder && !mesh::is_domain_name(below))) return say(404, "no such folder");
  const auto names = store_->list(folder);
  if (!names.ok()) return failed(names.error());
  RegistryAnswer made;
  for (const std::string& name : *names)
    if (mesh::WriteGuard::is_name(name)) made.body += name + "\n";
  return made;
}

RegistryAnswer RegistryEndpoint::put(const RegistryRequest& request, const std::string& name) {
  if (!mesh::WriteGuard::is_name(name)) return say(422, "a registry has nothing of that name");
  if (mesh::WriteGuard::is_head(name)) return put_head(request, name);
  if (request.if_none_match != "*") return say(428, "an object is written with If-None-Match: *");
  return put_object(name, request.body);
}

RegistryAnswer RegistryEndpoint::put_object(const std::string& name, const std::string& content) {
  const Result<std::string> why_not = guard_.why_not(name, content);
  if (!why_not.ok()) return failed(why_not.error());
  if (!why_not->empty()) return say(422, *why_not);
  const Result<bool> put = store_->put_if_absent(name, content);
  if (!put.ok()) return failed(put.error());
  return *put ? say(201, "written") : say(412, "it is there already");
}

RegistryAnswer RegistryEndpoint::put_head(const RegistryRequest& request, const std::string& name) {
  const bool first = request.if_none_match == "*";
  if (!first && request.if_match.empty()) return say(428, "a head is written with If-Match or If-None-Match: *");
  const auto now = store_->read_head(name);
  if (!now.ok()) return failed(now.error());
  // What the writer has read is looked at before what it writes: who was not first hears that, and tries again.
  const bool is_read = first ? !*now : *now && etag_of((*now)->content) == request.if_match;
  if (!is_read) return say(412, "another writer was first");
  const Result<std::string> why_not = guard_.why_not(name, request.body);
  if (!why_not.ok()) return failed(why_not.error());
  if (!why_not->empty()) return say(422, *why_not);
  const Result<bool> swapped = store_->swap_head(name, *now ? std::optional((*now)->etag) : std::nullopt, request.body);
  if (!swapped.ok()) return failed(swapped.error());
  return *swapped ? say(201, "written") : say(412, "another writer was first");
}

RegistryAnswer RegistryEndpoint::take_turn() {
  if (turn_ != nullptr) return say(409, "somebody else has a turn");
  auto taken = store_->take_turn();
  if (!taken.ok()) return failed(taken.error());
  if (*taken == nullptr) return say(409, "somebody else has a turn");
  turn_ = std::move(*taken);
  turn_used_us_ = clock_.steady_us();
  // Whose turn it is, and no secret: it keeps nobody out who may write.
  turn_id_ = std::to_string(++turns_) + "-" + std::to_string(clock_.now_us());
  return say(201, turn_id_);
}

void RegistryEndpoint::end_old_turn() {
  if (turn_ != nullptr && clock_.steady_us() - turn_used_us_ > kTurnUs) turn_.reset();
}

}  // namespace braid::cli
