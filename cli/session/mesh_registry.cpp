#include "cli/session/mesh_registry.h"

#include "mesh/registry/directory_store.h"
#include "runtime/report/registry_findings.h"

namespace braid::cli {

std::unique_ptr<mesh::ObjectStore> open_product_registry(const Project& project, Reporter& reporter) {
  const std::string& place = project.mesh.registry;
  if (place.empty()) {
    reporter.report(diag::NoRegistryOfProducts{}).note("name one in braid.toml: [mesh] registry = \"/srv/registry\"");
    return nullptr;
  }
  if (place.find("://") != std::string::npos) {
    reporter.report(diag::RegistryKindUnknown{.address = place})
        .at(project.mesh.registry_span)
        .note("registries on S3 and behind HTTP are not supported yet");
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
