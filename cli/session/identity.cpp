#include "cli/session/identity.h"

#include <fmt/format.h>

#include <charconv>

#include "cli/session/foreign_products.h"
#include "mesh/registry/content_hash.h"
#include "runtime/connect/service_load/load.h"
#include "runtime/report/identity_findings.h"

namespace braid::cli {
namespace {

constexpr int64_t kFreshUs = 300'000'000, kAwayUs = 3'600'000'000, kAskAgainUs = 10'000'000;

/// Documents of a server, kept for a while: a line with the instant at which it was read, then the document.
class KeptDocument {
 public:
  KeptDocument(const Project& project, std::string url, Fs& fs, Clock& clock)
      : url_(std::move(url)),
        path_(join_path(cache_path(project), "jwks-" + mesh::content_hash(url_).substr(0, 16))),
        fs_(fs),
        clock_(clock) {}

  /// At most `oldest_us` old, from the server if there is none here.
  Result<std::string> read(int64_t oldest_us) {
    if (const auto kept = here(oldest_us)) return *kept;
    Result<std::string> got = ask();
    if (got.ok()) {
      // Who cannot write here asks each time.
      if (fs_.make_directories(parent_directory(path_)).ok())
        (void)fs_.write_file(path_, fmt::format("{}\n{}", clock_.now_us(), *got));
      return got;
    }
    if (const auto kept = here(kAwayUs)) return *kept;
    return got;
  }

 private:
  std::optional<std::string> here(int64_t oldest_us) {
    const Result<std::string> text = fs_.read_file(path_);
    if (!text.ok()) return std::nullopt;
    int64_t at = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), at);
    if (error != std::errc() || end == text->data() + text->size() || *end != '\n') return std::nullopt;
    const int64_t age = clock_.now_us() - at;
    if (age < 0 || age > oldest_us) return std::nullopt;
    return std::string(end + 1, text->data() + text->size());
  }

  Result<std::string> ask() {
    BRAID_ASSIGN(const GetDocument get, load_get_document());
    return get(url_);
  }

  std::string url_, path_;
  Fs& fs_;
  Clock& clock_;
};

/// With the key that the token names, if the issuer has it.
Result<mesh::KeySet> keys_of(const Project& project, const std::string& key_id, Fs& fs, Clock& clock) {
  const std::string& place = project.mesh.identity.jwks;
  if (place.find("://") == std::string::npos) {
    BRAID_ASSIGN(const std::string text, fs.read_file(place));
    return mesh::KeySet::read(text);
  }
  KeptDocument document(project, place, fs, clock);
  BRAID_ASSIGN(std::string text, document.read(kFreshUs));
  Result<mesh::KeySet> keys = mesh::KeySet::read(text);
  if (keys.ok() && keys->has(key_id)) return keys;
  // A key that is new, unless we have just asked.
  BRAID_ASSIGN(text, document.read(kAskAgainUs));
  return mesh::KeySet::read(text);
}

}  // namespace

std::optional<mesh::Identity> identity_of_token(const Project& project, const std::string& token_path,
                                                Reporter& reporter, Fs& fs, Clock& clock) {
  const IdentityConfig& config = project.mesh.identity;
  if (config.issuer.empty()) {
    reporter.report(diag::NoIssuer{})
        .note("name it in braid.toml: [mesh.identity] issuer = \"https://…\", jwks = \"https://…\", audience = \"…\"");
    return std::nullopt;
  }
  const auto refuse = [&](const std::string& reason) {
    reporter.report(diag::TokenRefused{.path = token_path, .reason = reason});
    return std::nullopt;
  };
  Result<std::string> token = fs.read_file(token_path);
  if (!token.ok()) return refuse(token.error().message);
  while (!token->empty() && (token->back() == '\n' || token->back() == '\r' || token->back() == ' ')) token->pop_back();
  const Result<mesh::KeySet> keys = keys_of(project, mesh::key_id_of(*token), fs, clock);
  if (!keys.ok()) {
    reporter.report(
        diag::IssuerKeysUnreadable{.issuer = config.issuer, .place = config.jwks, .reason = keys.error().message});
    return std::nullopt;
  }
  const mesh::IdentityRules rules{
      .issuer = config.issuer, .audience = config.audience, .roles = config.roles, .skew_us = config.skew_us};
  Result<mesh::Identity> identity = mesh::verify_token(*token, *keys, rules, clock.now_us());
  if (!identity.ok()) return refuse(identity.error().message);
  return *std::move(identity);
}

}  // namespace braid::cli
