#include "mesh/standards/odps.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace braid::mesh {
namespace {

/// A port's name tells its domain only where that is another one.
std::string port_name(const Interface& interface, const std::string& domain) {
  return interface.domain == domain ? interface.name : interface.qualified();
}

Node input_port(const Interface& interface, const ProductGraph& graph, const Surroundings& around) {
  Node made = Node::map();
  made.set("name", port_name(interface, graph.domain)).set("version", contract_version(interface));
  return made.set("contractId", contract_id(interface, around));
}

Node output_port(const OutputPort& port, const ProductGraph& graph, const Surroundings& around) {
  const Interface& interface = port.interface;
  Node made = Node::map(), inputs = Node::list();
  made.set("name", port_name(interface, graph.domain)).set_if("description", interface.documentation);
  made.set("type", interface.addresses.empty() ? "file" : interface.addresses.front().connector);
  made.set("version", contract_version(interface)).set("contractId", contract_id(interface, around));
  for (const Interface& input : port.inputs) {
    Node one = Node::map();
    one.set("id", contract_id(input, around)).set("version", contract_version(input));
    inputs.add(std::move(one));
  }
  return made.set_if("inputContracts", std::move(inputs));
}

Node management_ports(const std::string& address) {
  Node made = Node::list();
  if (address.empty()) return made;
  for (const auto& [name, path, what] : {std::tuple{"metrics", "metrics", "metrics as Prometheus reads them"},
                                         {"status", "status", "progress, lag and counts as JSON"},
                                         {"health", "healthz", "whether the job runs"}}) {
    Node port = Node::map();
    port.set("name", name).set("content", "observability").set("type", "rest");
    made.add(port.set("url", fmt::format("http://{}/{}", address, path)).set("description", what));
  }
  return made;
}

/// What can be relied on: active if one version is; a draft if nothing else is there.
LifeState state_of_all(const std::vector<OutputPort>& outputs) {
  const auto any = [&](LifeState state) {
    return std::ranges::any_of(outputs, [&](const OutputPort& port) { return state_of(port.interface) == state; });
  };
  return any(LifeState::active)       ? LifeState::active
         : any(LifeState::deprecated) ? LifeState::deprecated
                                      : LifeState::draft;
}

}  // namespace

ProductGraph graph_of_product(std::vector<OutputPort> outputs, const Surroundings& around) {
  std::sort(outputs.begin(), outputs.end(),
            [](const OutputPort& a, const OutputPort& b) { return a.interface.version < b.interface.version; });
  const Interface& newest = outputs.back().interface;
  ProductGraph made{.id = fmt::format("urn:braid:{}:{}:{}", around.tenant.empty() ? "local" : around.tenant,
                                      newest.domain, newest.name),
                    .name = newest.name,
                    .version = contract_version(newest),
                    .domain = newest.domain,
                    .description = newest.documentation,
                    .owner = newest.owner,
                    .outputs = {},
                    .address = {}};
  made.state = state_of_all(outputs);
  made.outputs = std::move(outputs);
  return made;
}

ProductGraph graph_of_domain(const std::string& domain, const std::string& owner, const std::string& description,
                             std::vector<OutputPort> outputs, const Surroundings& around) {
  return {.id = fmt::format("urn:braid:{}:{}", around.tenant.empty() ? "local" : around.tenant, domain),
          .name = domain,
          .version = {},
          .domain = domain,
          .description = description,
          .owner = owner,
          .outputs = std::move(outputs),
          .address = {}};
}

Node odps_of(const ProductGraph& graph, const Surroundings& around) {
  Node made = Node::map(), about = Node::map(), inputs = Node::list(), outputs = Node::list();
  made.set("apiVersion", "v1.0.0").set("kind", "DataProduct").set("id", graph.id).set("name", graph.name);
  made.set_if("version", graph.version).set("status", std::string(word_of(graph.state)));
  made.set("domain", graph.domain).set_if("tenant", around.tenant);
  made.set_if("description", std::move(graph.description.empty() ? about : about.set("purpose", graph.description)));
  std::set<std::string> given, taken;
  for (const OutputPort& port : graph.outputs) given.insert(contract_id(port.interface, around));
  for (const OutputPort& port : graph.outputs) {
    for (const Interface& input : port.inputs)
      if (const std::string id = contract_id(input, around); !given.contains(id) && taken.insert(id).second)
        inputs.add(input_port(input, graph, around));
    outputs.add(output_port(port, graph, around));
  }
  made.set_if("inputPorts", std::move(inputs)).set_if("outputPorts", std::move(outputs));
  made.set_if("managementPorts", management_ports(graph.address));
  if (!graph.owner.empty()) {
    Node team = Node::map();
    team.set("name", graph.owner);
    if (graph.owner.find('@') != std::string::npos) {
      Node member = Node::map();
      member.set("username", graph.owner).set("role", "Owner");
      team.set("members", Node::list().add(std::move(member)));
    }
    made.set("team", std::move(team));
  }
  return made;
}

}  // namespace braid::mesh
