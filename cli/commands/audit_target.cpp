#include "cli/commands/audit_target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "cli/session/mesh_registry.h"
#include "cli/session/publication_drafts.h"
#include "mesh/contract/interface.h"
#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/report/audit_findings.h"

namespace braid::cli {
namespace {

/// What scripts of the domain say that they read it for.
std::set<std::string> stated(const typed::Project& project, const std::string& domain, const std::string& product,
                             int64_t version) {
  std::set<std::string> purposes;
  for (const typed::StatedPurpose& one : project.purposes) {
    const typed::Relation& relation = project.relations[static_cast<size_t>(one.relation)];
    if (one.domain == domain && relation.qualified() == product && relation.version == version)
      purposes.insert(one.purpose);
  }
  return purposes;
}

/// What products of the job read of products of other projects, and under which grant.
std::vector<ProductUse> uses_of(const Session& session, const std::vector<typed::RelationId>& products) {
  std::vector<ProductUse> made;
  const std::vector<GrantedRead>& granted = session.foreign_products().granted();
  for (const auto& [reader, reads] : products_read(session, products))
    for (const auto& [name, read] : reads) {
      const auto by = mesh::parse_version_name(reader), of = mesh::parse_version_name(name);
      if (!by || !of) continue;
      const ForeignProduct* product = session.foreign_products().find(of->first, of->second);
      if (product == nullptr) continue;
      const std::string domain = by->first.substr(0, by->first.rfind('.'));
      std::set<std::string> purposes = stated(session.project(), domain, of->first, of->second);
      const auto grants_it = [&](const GrantedRead& one) {
        return one.grant.product == of->first && one.grant.version == of->second && one.grant.reader == domain;
      };
      // Of several that of a purpose that is stated.
      auto grant = std::ranges::find_if(
          granted, [&](const GrantedRead& one) { return grants_it(one) && purposes.contains(one.grant.purpose); });
      if (grant == granted.end()) grant = std::ranges::find_if(granted, grants_it);
      if (purposes.empty() && grant != granted.end()) purposes.insert(grant->grant.purpose);
      made.push_back({.domain = domain,
                      .reader = by->first,
                      .version = by->second,
                      .input = of->first,
                      .input_version = of->second,
                      .columns = {read.fields.begin(), read.fields.end()},
                      .subject = mesh::urn_of(session.files().mesh.tenant, product->interface.domain,
                                              product->interface.name, product->interface.version),
                      .grant = grant == granted.end() ? "allow" : mesh::short_id(grant->grant.id),
                      .purpose = fmt::format("{}", fmt::join(purposes, ", "))});
    }
  return made;
}

bool watches(const typed::Relation& relation) {
  typed::Promises unwatched;
  unwatched.keep_us = relation.promises.keep_us;
  return relation.promises != unwatched;
}

/// Why the key cannot sign for the domain; empty: it can.
std::string no_signer(mesh::Registry& registry, const std::string& domain, const mesh::DomainKey& key) {
  const Result<std::optional<mesh::StoredPublication>> head = registry.head(domain);
  if (!head.ok()) return head.error().message;
  if (!*head || std::ranges::count((*head)->publication.keys, key.public_name()) > 0) return "";
  return "the key of this project does not sign for the domain";
}

}  // namespace

std::vector<Diagnostic> begin_audit(const Session& session, const std::vector<typed::RelationId>& products,
                                    const std::string& store, bool promises,
                                    const std::vector<serve::ApiProduct>& served, JobWatch& watch) {
  const MeshConfig& mesh = session.files().mesh;
  if (mesh.registry.empty() || mesh.key.empty()) return {};
  TrailOptions options{.uses = {},
                       .store = store,
                       .tenant = mesh.tenant,
                       .environment = session.environment().name,
                       .every_us = mesh.record_use_every_us};
  if (options.every_us > 0) options.uses = uses_of(session, products);
  std::set<std::string> domains;
  for (const ProductUse& use : options.uses) domains.insert(use.domain);
  if (options.every_us > 0)
    for (const serve::ApiProduct& product : served) domains.insert(product.domain);
  if (promises)
    for (size_t id = 0; id < session.project().relations.size(); ++id) {
      const typed::Relation& relation = session.project().relations[id];
      const bool runs = relation.source || std::ranges::count(products, static_cast<typed::RelationId>(id)) > 0;
      const bool ours = !session.foreign_products().is_foreign(relation.span.file);
      if (runs && ours && watches(relation)) domains.insert(relation.domain);
    }
  if (domains.empty()) return {};

  Reporter reporter;
  std::unique_ptr<mesh::ObjectStore> registry_store = open_product_registry(session.files(), reporter);
  const std::optional<mesh::DomainKey> key = read_domain_key(session.files(), reporter);
  std::vector<Diagnostic> warnings;
  const auto warn = [&](const std::string& domain, const std::string& reason) {
    warnings.push_back(diag::AuditNotWritten{.domain = domain, .reason = reason}.make());
  };
  if (registry_store == nullptr || !key) {
    const std::vector<Diagnostic> findings = reporter.take_sorted();
    for (const std::string& domain : domains) warn(domain, findings.empty() ? "" : findings.front().message);
    return warnings;
  }
  mesh::Registry registry(*registry_store, system_clock());
  for (const std::string& domain : domains) {
    const std::string reason = no_signer(registry, domain, *key);
    if (reason.empty()) {
      options.domains.insert(domain);
    } else {
      warn(domain, reason);
      std::erase_if(options.uses, [&](const ProductUse& use) { return use.domain == domain; });
    }
  }
  if (!options.domains.empty())
    watch.record(
        std::make_unique<AuditTrail>(std::move(options), std::move(registry_store), *key, real_fs(), system_clock()));
  return warnings;
}

}  // namespace braid::cli
