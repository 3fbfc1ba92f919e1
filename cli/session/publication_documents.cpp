#include "cli/session/publication_documents.h"

#include "mesh/lineage/json.h"
#include "mesh/standards/odcs_write.h"
#include "mesh/standards/odps.h"
#include "mesh/standards/product_graph.h"
#include "mesh/standards/yaml.h"

namespace braid::cli {
namespace {

const mesh::Interface* drafted(const mesh::Draft& draft, const typed::Relation& relation) {
  if (relation.domain != draft.domain) return nullptr;
  for (const mesh::Interface& one : draft.interfaces)
    if (one.name == relation.name && one.version == relation.version) return &one;
  return nullptr;
}

mesh::OutputPort port_of(const typed::Project& project, const typed::Relation& relation,
                         const mesh::Interface& interface) {
  mesh::OutputPort made{.interface = interface, .inputs = {}};
  for (const typed::RelationId id : mesh::upstream_of(project, relation))
    made.inputs.push_back(mesh::interface_of(project, project.relations[static_cast<size_t>(id)]));
  return made;
}

}  // namespace

std::vector<std::string> document_forms() {
  return {"odcs", "odps", "lineage"};
}

void add_documents(const typed::Project& project, const mesh::Graph& graph, mesh::Draft& draft) {
  const mesh::Surroundings around{.tenant = draft.tenant, .brokers = {}};
  std::map<std::string, std::vector<mesh::OutputPort>> ports;  // of a product, all versions
  std::map<std::string, std::vector<std::string>> versions;
  for (size_t id = 0; id < project.relations.size(); ++id) {
    const typed::Relation& relation = project.relations[id];
    const bool is_product = relation.kind == typed::RelationKind::product;
    const mesh::Interface* interface = is_product || relation.source ? drafted(draft, relation) : nullptr;
    if (interface == nullptr) continue;
    const std::string name = mesh::version_name(interface->qualified(), interface->version);
    std::map<std::string, std::string>& documents = draft.documents[name];
    mesh::Surroundings of_product = around;
    if (const auto rows = documents.find(kSamples); rows != documents.end())
      of_product.examples = mesh::examples_of(*interface, rows->second);
    documents["odcs"] = mesh::write_yaml(mesh::odcs_of(*interface, of_product));
    if (!is_product) continue;
    documents["lineage"] = mesh::json_up(graph, {static_cast<typed::RelationId>(id), {}});
    ports[interface->name].push_back(port_of(project, relation, *interface));
    versions[interface->name].push_back(name);
  }
  for (auto& [product, of_versions] : ports) {
    const std::string text =
        mesh::write_yaml(mesh::odps_of(mesh::graph_of_product(std::move(of_versions), around), around));
    for (const std::string& name : versions[product]) draft.documents[name]["odps"] = text;
  }
}

}  // namespace braid::cli
