#include "mesh/access/domain_keys.h"

#include "runtime/report/registry_findings.h"

namespace braid::mesh {

Result<std::set<std::string>> keys_of(Registry& registry, const std::string& domain, const std::string& known_key) {
  std::set<std::string> keys;
  BRAID_ASSIGN(const std::vector<StoredPublication> chain, registry.chain(domain, known_key));
  if (!known_key.empty() && (chain.empty() || chain.back().publication.signer != known_key)) {
    const Diagnostic finding =
        diag::RegistryDamaged{.object = "domains/" + domain + "/head",
                              .place = registry.place(),
                              .reason = "its publications do not lead back to the key that braid.lock pins"}
            .make();
    return Error{ErrorKind::input, finding.message, finding.code};
  }
  for (const StoredPublication& link : chain) keys.insert(link.publication.keys.begin(), link.publication.keys.end());
  return keys;
}

}  // namespace braid::mesh
