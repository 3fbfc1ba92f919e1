#include "cli/session/far_lineage.h"

#include "cli/session/mesh_registry.h"
#include "mesh/registry/registry.h"
#include "runtime/report/registry_findings.h"

namespace braid::cli {
namespace {

/// What others read is there by the names of products, not of versions.
std::map<std::string, int64_t> versions_read(const mesh::Publication& publication, const std::string& reader) {
  std::map<std::string, int64_t> made;
  const auto reads = publication.readers.find(reader);
  if (reads == publication.readers.end()) return made;
  for (const auto& [name, read] : reads->second)
    if (const auto parsed = mesh::parse_version_name(name)) made[parsed->first] = parsed->second;
  return made;
}

Result<std::vector<mesh::FarProduct>> registered(mesh::Registry& registry) {
  std::vector<mesh::FarProduct> made;
  BRAID_ASSIGN(const std::vector<std::string> domains, registry.domains());
  for (const std::string& domain : domains) {
    BRAID_ASSIGN(const std::optional<mesh::StoredPublication> head, registry.head(domain));
    if (!head) continue;
    for (const auto& [name, versions] : head->publication.products)
      for (const auto& [version, published] : versions) {
        const auto document = published.documents.find("lineage");
        if (document == published.documents.end()) continue;
        BRAID_ASSIGN(const mesh::Interface interface, registry.interface(published.interface));
        mesh::FarProduct& one = made.emplace_back();
        one.domain = domain;
        one.name = name;
        one.version = version;
        BRAID_ASSIGN(one.document, registry.object(document->second));
        for (const mesh::InterfaceField& field : interface.fields) {
          one.row.push_back({field.name, field.type});
          one.labels.push_back(field.labels);
        }
        one.reads = versions_read(head->publication, mesh::version_name(interface.qualified(), version));
      }
  }
  return made;
}

}  // namespace

std::optional<mesh::Across> lineage_across(Session& session) {
  if (session.files().mesh.registry.empty()) return std::nullopt;
  const std::unique_ptr<mesh::ObjectStore> store = open_product_registry(session.files(), session.reporter());
  if (!store) return std::nullopt;
  mesh::Registry registry(*store, system_clock());
  const Result<std::vector<mesh::FarProduct>> found = registered(registry);
  if (!found.ok()) {
    session.reporter().report(diag::LineageEndsHere{.place = registry.place()}).note(found.error().message);
    return std::nullopt;
  }
  std::set<typed::RelationId> foreign;
  const typed::Project& project = session.project();
  for (size_t i = 0; i < project.relations.size(); ++i)
    if (session.foreign_products().is_foreign(project.relations[i].span.file))
      foreign.insert(static_cast<typed::RelationId>(i));
  return mesh::across(project, *found, foreign);
}

}  // namespace braid::cli
