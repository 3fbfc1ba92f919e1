#include "cli/session/contract_documents.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "cli/session/product_schemas.h"
#include "mesh/standards/asyncapi.h"
#include "mesh/standards/catalogs.h"
#include "mesh/standards/odcs.h"
#include "mesh/standards/odcs_merge.h"
#include "mesh/standards/odcs_write.h"
#include "mesh/standards/odps.h"
#include "mesh/standards/product_graph.h"
#include "mesh/standards/prometheus.h"
#include "mesh/standards/yaml.h"
#include "runtime/report/contract_findings.h"

namespace braid::cli {
namespace {

/// Of an environment; its brokers may be a reference, which is no address.
mesh::Surroundings surroundings(const Session& session, const std::string& tenant) {
  mesh::Surroundings made{.tenant = tenant, .brokers = {}};
  const Environment& environment = session.environment();
  if (!environment.kafka) return made;
  const std::string& brokers = environment.kafka->settings.brokers;
  if (!brokers.starts_with("env:") && !brokers.starts_with("file:")) made.brokers[environment.name] = brokers;
  return made;
}

/// With the address that the environment binds the product to, before that of its script.
mesh::Interface interface_in(const Session& session, const typed::Relation& relation) {
  mesh::Interface made = mesh::interface_of(session.project(), relation);
  const Environment& environment = session.environment();
  const auto& bindings = relation.source ? environment.bind : environment.out;
  const auto bound = bindings.find(relation.qualified());
  if (bound != bindings.end()) {
    const bool topic = !bound->second.topic.empty();
    const std::string format =
        bound->second.format.empty() && !made.addresses.empty() ? made.addresses.front().format : bound->second.format;
    made.addresses.insert(made.addresses.begin(), {.environment = environment.name,
                                                   .connector = topic ? "topic" : "file",
                                                   .address = topic ? bound->second.topic : bound->second.file,
                                                   .format = format});
  } else if (environment.kafka && !made.addresses.empty() && made.addresses.front().connector == "topic") {
    made.addresses.front().environment = environment.name;
  }
  return made;
}

std::optional<std::string> odcs_over(Session& session, const std::string& path, const mesh::Interface& interface,
                                     const mesh::Node& made) {
  std::string reason;
  const std::optional<std::string> text = read_file(path, reason);
  if (!text) {
    session.reporter().report(diag::FileNotReadable{.path = path, .reason = reason});
    return std::nullopt;
  }
  const uint32_t file = session.add_source(path, *text);
  const std::optional<mesh::Node> existing = mesh::read_odcs(session.sources(), file, session.reporter());
  if (!existing) return std::nullopt;
  std::vector<std::string> names;
  if (const mesh::Node* objects = existing->find("schema"))
    for (const mesh::Node& object : objects->elements) names.push_back("`" + object.text_of("name") + "`");
  if (!names.empty() && std::find(names.begin(), names.end(), "`" + interface.name + "`") == names.end()) {
    session.reporter().report(diag::OtherContract{
        .path = path, .found = fmt::format("{}", fmt::join(names, ", ")), .product = interface.name});
    return std::nullopt;
  }
  mesh::Merged merged = mesh::merge_odcs(*existing, made);
  if (!merged.kept_promises.empty())
    session.reporter()
        .report(diag::PromisesKept{.path = path, .product = interface.qualified(), .promises = merged.kept_promises})
        .note("remove them from the file, or add them to the product's `contract`");
  return mesh::write_yaml(merged.document);
}

mesh::OutputPort port_of(const Session& session, const typed::Relation& product) {
  mesh::OutputPort made{.interface = interface_in(session, product), .inputs = {}};
  for (const typed::RelationId id : mesh::upstream_of(session.project(), product))
    made.inputs.push_back(interface_in(session, session.project().relations[static_cast<size_t>(id)]));
  return made;
}

bool is_product(const typed::Relation& relation) {
  return relation.kind == typed::RelationKind::product && relation.output_of < 0;
}

/// Forms that are made of a domain or of all versions of a product.
constexpr std::array kGraphForms = {"odps", "asyncapi", "backstage", "dbt", "datahub", "openmetadata", "prometheus"};

std::string graph_text(const mesh::ProductGraph& graph, const std::string& format, const mesh::Surroundings& around) {
  if (format == "asyncapi") return mesh::write_yaml(mesh::asyncapi_of(graph, around));
  if (format == "dbt") return mesh::write_yaml(mesh::dbt_sources_of(graph, around));
  if (format == "datahub") return mesh::write_yaml(mesh::datahub_of(graph, around));
  if (format == "openmetadata") return mesh::write_yaml(mesh::openmetadata_of(graph, around));
  if (format == "prometheus") return mesh::write_yaml(mesh::prometheus_rules_of(graph, around));
  if (format == "odps") return mesh::write_yaml(mesh::odps_of(graph, around));
  std::string made;
  for (const mesh::Node& document : mesh::backstage_of(graph, around)) made += "---\n" + mesh::write_yaml(document);
  return made;
}

/// Of a domain, or of all versions of a product.
std::optional<std::string> product_graph(Session& session, const DocumentOptions& options) {
  const typed::Project& project = session.project();
  const mesh::Surroundings around = surroundings(session, options.tenant);
  const auto domain = std::find_if(project.domains.begin(), project.domains.end(),
                                   [&](const typed::Domain& each) { return each.name == options.name; });
  const typed::Relation* relation = nullptr;
  if (domain == project.domains.end()) {
    relation = find_relation(session, options.name);
    if (!relation) return std::nullopt;
    if (!is_product(*relation)) {
      session.reporter()
          .report(diag::NotExported{
              .product = relation->qualified(), .format = options.format, .reason = "it is no product"})
          .at(relation->span);
      return std::nullopt;
    }
  }
  std::vector<mesh::OutputPort> ports;
  for (const typed::Relation& each : project.relations)
    if (is_product(each) && (relation ? each.qualified() == relation->qualified() : each.domain == domain->name)) {
      ports.push_back(port_of(session, each));
      if (options.format != "asyncapi") continue;
      const std::optional<std::string> schema = schema_text(session, each, "json-schema");
      if (!schema) return std::nullopt;
      ports.back().schema = mesh::node_of(nlohmann::ordered_json::parse(*schema));
      ports.back().schema.remove("$schema");  // the document says which
    }
  if (ports.empty()) {
    session.reporter().report(
        diag::NotExported{.product = options.name, .format = options.format, .reason = "the domain has no product"});
    return std::nullopt;
  }
  mesh::ProductGraph graph =
      relation ? mesh::graph_of_product(std::move(ports), around)
               : mesh::graph_of_domain(domain->name, domain->owner, domain->description, std::move(ports), around);
  graph.address = session.environment().listen;
  return graph_text(graph, options.format, around);
}

}  // namespace

std::vector<std::string> contract_formats() {
  std::vector<std::string> made{"odcs"};
  made.insert(made.end(), kGraphForms.begin(), kGraphForms.end());
  for (const std::string& format : schema_formats()) made.push_back(format);
  return made;
}

std::optional<std::string> contract_document(Session& session, const DocumentOptions& asked) {
  DocumentOptions options = asked;
  // A project that publishes has one name of its organisation everywhere.
  if (options.tenant.empty() && !session.files().mesh.registry.empty()) options.tenant = session.files().mesh.tenant;
  if (std::ranges::find(kGraphForms, options.format) != kGraphForms.end()) return product_graph(session, options);
  const typed::Relation* relation = find_relation(session, options.name);
  if (!relation) return std::nullopt;
  const std::vector<std::string> schemas = schema_formats();
  if (std::find(schemas.begin(), schemas.end(), options.format) != schemas.end())
    return schema_text(session, *relation, options.format);
  const mesh::Surroundings around = surroundings(session, options.tenant);
  const mesh::Interface interface = interface_in(session, *relation);
  const mesh::Node made = mesh::odcs_of(interface, around);
  return options.over.empty() ? mesh::write_yaml(made) : odcs_over(session, options.over, interface, made);
}

}  // namespace braid::cli
