#include "serve/access/authenticate.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "runtime/base/sha256.h"

namespace braid::serve {
namespace {

bool is_bearer(std::string_view scheme) {
  constexpr std::string_view kBearer = "bearer ";
  if (scheme.size() <= kBearer.size()) return false;
  return std::ranges::equal(scheme.substr(0, kBearer.size()), kBearer, [](char given, char wanted) {
    return (given >= 'A' && given <= 'Z' ? static_cast<char>(given - 'A' + 'a') : given) == wanted;
  });
}

/// In a time that does not depend on where they differ.
bool same_digest(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

Authenticator::Authenticator(AccessOptions options, KeyRing* ring, Clock& clock)
    : options_(std::move(options)), ring_(ring), clock_(clock) {}

Authenticator::Answer Authenticator::known(Consumer consumer, const std::optional<Quotas>& quotas) const {
  consumer.is_owner = std::ranges::any_of(consumer.roles, [&](const std::string& role) {
    return std::ranges::find(options_.owners, role) != options_.owners.end();
  });
  return {.outcome = Outcome::known,
          .consumer = std::make_shared<const Consumer>(std::move(consumer)),
          .quotas = quotas.value_or(options_.quotas)};
}

Authenticator::Answer Authenticator::authenticate(const HttpRequest& request) const {
  const auto is_authorization = [](const auto& header) { return header.first == "authorization"; };
  const auto sent = std::ranges::count_if(request.headers, is_authorization);
  if (sent > 1) return {.outcome = Outcome::refused};
  if (sent == 0) return by_certificate(request.certificate_names);
  const std::string_view shown = request.header("authorization");
  if (!is_bearer(shown)) return {.outcome = Outcome::refused};
  std::string_view token = shown.substr(7);
  while (token.starts_with(' ')) token.remove_prefix(1);
  return by_token(std::string(token));
}

Authenticator::Answer Authenticator::by_certificate(const std::vector<std::string>& names) const {
  if (names.empty()) return {};
  for (const KnownConsumer& each : options_.consumers)
    if (!each.certificate.empty() && std::ranges::find(names, each.certificate) != names.end())
      return known(each.consumer, each.quotas);
  return {.outcome = Outcome::refused};
}

Authenticator::Answer Authenticator::by_token(const std::string& token) const {
  const std::string digest = sha256_hex(token);
  const KnownConsumer* found = nullptr;
  // All of them are looked at, whichever it is.
  for (const KnownConsumer& each : options_.consumers)
    if (!each.token_digest.empty() && same_digest(each.token_digest, digest)) found = &each;
  if (found != nullptr) return known(found->consumer, found->quotas);
  if (!options_.issuer || ring_ == nullptr || token.size() > mesh::kLongestToken) return {.outcome = Outcome::refused};
  if (std::ranges::count(token, '.') != 2) return {.outcome = Outcome::refused};
  const std::shared_ptr<const mesh::KeySet> keys = ring_->keys();
  if (keys == nullptr || !keys->has(mesh::key_id_of(token)))
    return {.outcome = ring_->want() ? Outcome::awaited : Outcome::refused};
  const Result<mesh::Identity> identity = mesh::verify_token(token, *keys, *options_.issuer, clock_.now_us());
  if (!identity.ok()) return {.outcome = Outcome::refused};
  return known({.name = identity->subject,
                .key = "token of " + identity->subject,
                .domain = {},
                .roles = identity->roles,
                .user = identity->subject,
                .purpose = {},
                .until_us = identity->until_us},
               std::nullopt);
}

}  // namespace braid::serve
