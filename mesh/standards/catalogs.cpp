#include "mesh/standards/catalogs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "runtime/base/check.h"
#include "runtime/data/type.h"

namespace braid::mesh {
namespace {

/// Names of Backstage: letters, digits, `-`, `_`, `.`, at most 63.
std::string plain(std::string text) {
  for (char& each : text)
    if (std::isalnum(static_cast<unsigned char>(each)) == 0 && each != '.' && each != '_') each = '-';
  while (!text.empty() && std::isalnum(static_cast<unsigned char>(text.front())) == 0) text.erase(0, 1);
  if (text.size() > 63) text.resize(63);
  while (!text.empty() && std::isalnum(static_cast<unsigned char>(text.back())) == 0) text.pop_back();
  return text;
}

std::string versioned(const Interface& interface) {
  return fmt::format("{}.v{}", interface.name, interface.version);
}

std::string resource_name(const Interface& interface) {
  return plain(fmt::format("{}.{}", interface.domain, versioned(interface)));
}

/// `team@corp.example`: what stands before the sign.
std::string team_of(const std::string& owner) {
  return owner.substr(0, owner.find('@'));
}

// ---- Backstage

Node backstage_entity(const char* kind, const std::string& name, const std::string& description) {
  Node made = Node::map(), about = Node::map();
  about.set("name", name).set_if("description", description);
  return made.set("apiVersion", "backstage.io/v1alpha1").set("kind", kind).set("metadata", std::move(about));
}

/// In the words of Backstage.
std::string lifecycle_of(const Interface& interface) {
  switch (state_of(interface)) {
    case LifeState::draft:
      return "experimental";
    case LifeState::active:
      return "production";
    case LifeState::deprecated:
      return "deprecated";
  }
  BRAID_UNREACHABLE("state of a product");
}

Node backstage_resource(const OutputPort& port, const ProductGraph& graph, const Surroundings& around) {
  const Interface& interface = port.interface;
  Node made = backstage_entity("Resource", resource_name(interface), interface.documentation);
  Node annotations = Node::map(), tags = Node::list(), depends = Node::list(), spec = Node::map();
  annotations.set("braid.io/urn", contract_id(interface, around)).set("braid.io/place", physical_name(interface));
  made.find("metadata")->set("annotations", std::move(annotations));
  made.find("metadata")->set("title", fmt::format("{} {}", interface.qualified(), interface.version));
  spec.set("type", "data-product").set("owner", plain(team_of(graph.owner.empty() ? interface.domain : graph.owner)));
  spec.set("lifecycle", lifecycle_of(interface)).set("system", plain(interface.domain));
  for (const Interface& input : port.inputs) depends.add(Node::text("resource:" + resource_name(input)));
  return made.set("spec", std::move(spec.set_if("dependsOn", std::move(depends))));
}

// ---- dbt

struct Period {
  int64_t count;
  const char* unit;
};

/// dbt knows minutes, hours and days; a shorter promise is a minute there.
Period period_of(int64_t us) {
  constexpr int64_t kMinute = 60'000'000;
  const int64_t minutes = std::max<int64_t>(1, (us + kMinute - 1) / kMinute);
  if (minutes % (24 * 60) == 0) return {minutes / (24 * 60), "day"};
  if (minutes % 60 == 0) return {minutes / 60, "hour"};
  return {minutes, "minute"};
}

Node dbt_column(const Interface& interface, const InterfaceField& field) {
  Node made = Node::map(), tests = Node::list();
  made.set("name", field.name)
      .set_if("description", field.documentation)
      .set("data_type", to_string(without_optional(field.type)));
  const Type& type = without_optional(field.type);
  if (field.type->kind != TypeKind::optional) tests.add(Node::text("not_null"));
  const bool is_key = interface.key.size() == 1 && interface.key.front() == std::vector<std::string>{field.name};
  if (is_key && interface.kind != InterfaceKind::stream && interface.kind != InterfaceKind::versions)
    tests.add(Node::text("unique"));
  if (type->kind == TypeKind::enumeration) {
    Node values = Node::map(), arguments = Node::map(), test = Node::map();
    values.set("values", Node::texts(type->symbols));
    arguments.set("arguments", std::move(values));
    tests.add(test.set("accepted_values", std::move(arguments)));
  }
  made.set_if("data_tests", std::move(tests));
  Node config = Node::map();
  if (!field.labels.empty()) made.set("config", std::move(config.set("tags", Node::texts(field.labels))));
  return made;
}

Node dbt_table(const Interface& interface, const Surroundings& around) {
  Node made = Node::map(), columns = Node::list(), about = Node::map(), config = Node::map();
  made.set("name", fmt::format("{}_v{}", interface.name, interface.version));
  made.set_if("description", interface.documentation);
  about.set("urn", contract_id(interface, around))
      .set("place", physical_name(interface))
      .set_if("owner", interface.owner);
  config.set("meta", std::move(about));
  if (interface.promises.fresh_us && interface.time && !interface.time->field.empty()) {
    const auto [count, unit] = period_of(*interface.promises.fresh_us);
    Node error = Node::map(), freshness = Node::map();
    error.set("count", Node::number(count)).set("period", unit);
    freshness.set("error_after", std::move(error));
    config.set("freshness", std::move(freshness)).set("loaded_at_field", interface.time->field);
  }
  made.set("config", std::move(config));
  for (const InterfaceField& field : interface.fields) columns.add(dbt_column(interface, field));
  return made.set("columns", std::move(columns));
}

// ---- DataHub

std::string dataset_urn(const Interface& interface) {
  const bool topic = !interface.addresses.empty() && interface.addresses.front().connector == "topic";
  const std::string environment = interface.addresses.empty() ? "" : interface.addresses.front().environment;
  const bool dev = environment == "dev" || environment == "test";
  return fmt::format("urn:li:dataset:(urn:li:dataPlatform:{},{},{})", topic ? "kafka" : "file",
                     physical_name(interface), dev ? "DEV" : "PROD");
}

}  // namespace

std::vector<Node> backstage_of(const ProductGraph& graph, const Surroundings& around) {
  std::vector<Node> made;
  Node system = backstage_entity("System", plain(graph.domain), "");
  Node spec = Node::map();
  spec.set("owner", plain(team_of(graph.owner.empty() ? graph.domain : graph.owner)));
  made.push_back(std::move(system.set("spec", std::move(spec))));
  for (const OutputPort& port : graph.outputs) made.push_back(backstage_resource(port, graph, around));
  return made;
}

Node dbt_sources_of(const ProductGraph& graph, const Surroundings& around) {
  Node made = Node::map(), source = Node::map(), tables = Node::list();
  for (const OutputPort& port : graph.outputs) tables.add(dbt_table(port.interface, around));
  source.set("name", graph.domain).set_if("description", graph.name == graph.domain ? graph.description : "");
  source.set("tables", std::move(tables));
  return made.set("version", Node::number(2)).set("sources", Node::list().add(std::move(source)));
}

Node datahub_of(const ProductGraph& graph, const Surroundings& around) {
  Node made = Node::map(), assets = Node::list(), owners = Node::list(), properties = Node::map();
  made.set("id", plain(graph.id)).set("domain", "urn:li:domain:" + graph.domain);
  made.set("display_name", graph.name).set_if("description", graph.description);
  for (const OutputPort& port : graph.outputs) assets.add(Node::text(dataset_urn(port.interface)));
  made.set("assets", std::move(assets));
  if (!graph.owner.empty()) {
    Node owner = Node::map();
    owner.set("id", "urn:li:corpuser:" + graph.owner).set("type", "DATAOWNER");
    made.set("owners", std::move(owners.add(std::move(owner))));
  }
  properties.set("urn", graph.id).set_if("version", graph.version).set_if("tenant", around.tenant);
  return made.set("properties", std::move(properties));
}

Node openmetadata_of(const ProductGraph& graph, const Surroundings&) {
  Node made = Node::map();
  made.set("name", plain(graph.id)).set("displayName", graph.name);
  made.set("description", graph.description.empty() ? graph.id : graph.description);
  return made.set("domains", Node::texts({graph.domain}));
}

}  // namespace braid::mesh
