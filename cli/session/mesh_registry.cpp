#include "cli/session/mesh_registry.h"

#include "cli/session/references.h"
#include "mesh/registry/directory_store.h"
#include "mesh/registry/http_store.h"
#include "mesh/registry/s3_store.h"
#include "runtime/connect/service_load/load.h"
#include "runtime/report/registry_findings.h"

namespace braid::cli {

namespace {

/// Where braid.toml names it; nowhere, if an option of the command does.
template <class Finding>
Finding& at_setting(Finding&& finding, const Project& project) {
  if (!project.mesh.registry_span.empty()) finding.at(project.mesh.registry_span);
  return finding;
}

constexpr std::string_view kS3 = "s3://";

bool is_http(const std::string& place) {
  return place.starts_with("http://") || place.starts_with("https://");
}

/// Null, and reported, if the library is missing or a file of the settings cannot be read.
std::unique_ptr<Web> open_web(const std::string& ca, RegistryPatience patience, Reporter& reporter) {
  WebOptions options{.ca_file = ca};
  if (patience == RegistryPatience::brief) options.timeout_us = 3'000'000;
  const Result<MakeWeb> make = load_web();
  if (make.ok()) {
    Result<std::unique_ptr<Web>> web = (*make)(options);
    if (web.ok()) return std::move(*web);
    reporter.report(diag::FileNotReadable{.path = ca, .reason = web.error().message});
    return nullptr;
  }
  report_error(make.error(), reporter);
  return nullptr;
}

int attempts_of(RegistryPatience patience) {
  return patience == RegistryPatience::brief ? 1 : 6;
}

std::unique_ptr<mesh::ObjectStore> open_s3(const Project& project, RegistryPatience patience, Reporter& reporter) {
  const std::string& place = project.mesh.registry;
  const MeshStoreConfig& config = project.mesh.s3;
  const std::string below = place.substr(kS3.size());
  const size_t slash = std::min(below.find('/'), below.size());
  mesh::S3Place made{.endpoint = {},
                     .region = {},
                     .bucket = below.substr(0, slash),
                     .prefix = below.substr(std::min(slash + 1, below.size())),
                     .key = {}};
  while (made.prefix.ends_with('/')) made.prefix.pop_back();
  const bool plain = (made.bucket + made.prefix)
                         .find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789-_./") == std::string::npos;
  if (made.bucket.empty() || !plain) {
    at_setting(reporter.report(diag::RegistryKindUnknown{.address = place}), project)
        .note("it is written as `s3://bucket/prefix`, of letters, digits, `-`, `_` and `.`");
    return nullptr;
  }
  for (const auto& [setting, value] : {std::pair("region", &config.region), std::pair("access_key", &config.access_key),
                                       std::pair("secret_key", &config.secret_key)})
    if (value->empty()) {
      at_setting(
          reporter.report(diag::RegistrySettingMissing{.place = place, .setting = setting, .section = "[mesh.s3]"}),
          project)
          .note(
              "`region = \"eu-central-1\"`, `access_key = \"env:AWS_ACCESS_KEY_ID\"`, `secret_key = "
              "\"env:AWS_SECRET_ACCESS_KEY\"`");
      return nullptr;
    }
  const size_t before = reporter.size();
  References references(config.places, project.root, reporter);
  made.region = references.read("region", config.region);
  made.endpoint = references.read("endpoint", config.endpoint);
  if (config.endpoint.empty()) made.endpoint = "https://s3." + made.region + ".amazonaws.com";
  while (made.endpoint.ends_with('/')) made.endpoint.pop_back();
  made.key = {.id = references.read("access_key", config.access_key),
              .secret = references.read("secret_key", config.secret_key),
              .session = references.read("session_token", config.session_token)};
  const std::string ca = config.ca.empty() ? "" : references.path(references.read("ca", config.ca));
  if (reporter.size() != before) return nullptr;
  std::unique_ptr<Web> web = open_web(ca, patience, reporter);
  if (web == nullptr) return nullptr;
  return std::make_unique<mesh::S3Store>(std::move(made), std::move(web), system_clock(), attempts_of(patience));
}

std::unique_ptr<mesh::ObjectStore> open_http(const Project& project, RegistryPatience patience, Reporter& reporter) {
  const std::string& place = project.mesh.registry;
  const MeshStoreConfig& config = project.mesh.http;
  if (place.find_first_of("@?# ") != std::string::npos) {
    // A login may be in it.
    reporter.report(diag::RegistryKindUnknown{.address = place.substr(0, place.find("://")) + "://…"})
        .note("an address has no login; `token = \"env:NAME\"` in [mesh.http] says who asks");
    return nullptr;
  }
  const size_t before = reporter.size();
  References references(config.places, project.root, reporter);
  const std::string token = references.read("token", config.token);
  const std::string ca = config.ca.empty() ? "" : references.path(references.read("ca", config.ca));
  if (reporter.size() != before) return nullptr;
  std::unique_ptr<Web> web = open_web(ca, patience, reporter);
  if (web == nullptr) return nullptr;
  return std::make_unique<mesh::HttpStore>(place, token, std::move(web), system_clock(), attempts_of(patience));
}

}  // namespace

bool is_remote_registry(const std::string& place) {
  return place.starts_with(kS3) || is_http(place);
}

std::unique_ptr<mesh::ObjectStore> open_product_registry(const Project& project, Reporter& reporter,
                                                         RegistryPatience patience) {
  const std::string& place = project.mesh.registry;
  if (place.empty()) {
    reporter.report(diag::NoRegistryOfProducts{}).note("name one in braid.toml: [mesh] registry = \"/srv/registry\"");
    return nullptr;
  }
  if (place.starts_with(kS3)) return open_s3(project, patience, reporter);
  if (is_http(place)) return open_http(project, patience, reporter);
  if (place.find("://") != std::string::npos) {
    at_setting(reporter.report(diag::RegistryKindUnknown{.address = place}), project)
        .note("a registry is a directory, `s3://bucket/prefix`, or the address of a Braid that serves one");
    return nullptr;
  }
  return std::make_unique<mesh::DirectoryStore>(real_fs(), place);
}

std::optional<mesh::DomainKey> read_domain_key(const Project& project, Reporter& reporter) {
  const std::string& path = project.mesh.key;
  if (path.empty()) {
    reporter.report(diag::NoDomainKey{})
        .note(
            "`braid mesh key new keys/domain.pem` makes one; then name it in braid.toml: [mesh] key = "
            "\"keys/domain.pem\"");
    return std::nullopt;
  }
  std::string reason;
  if (const auto pem = read_file(path, reason)) {
    Result<mesh::DomainKey> key = mesh::DomainKey::of_pem(*pem);
    if (key.ok()) return std::move(*key);
    reason = key.error().message;
  }
  reporter.report(diag::DomainKeyUnreadable{.path = path, .reason = reason}).at(project.mesh.key_span);
  return std::nullopt;
}

void report_error(const Error& error, Reporter& reporter, Span place) {
  Diagnostic finding{.code = error.code, .message = error.message};
  if (error.code == 0) finding = diag::RegistryNotReadable{.place = "", .reason = error.message}.make();
  if (!place.empty()) finding.labels.push_back({place, ""});
  reporter.add(std::move(finding));
}

}  // namespace braid::cli
