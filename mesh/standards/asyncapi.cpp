#include "mesh/standards/asyncapi.h"

#include <fmt/format.h>

#include <algorithm>

namespace braid::mesh {
namespace {

/// Keys of the document: letters, digits, `.`, `-` and `_`.
std::string key_of(const Interface& interface) {
  return fmt::format("{}.v{}", interface.qualified(), interface.version);
}

Node reference(const std::string& to) {
  return Node::map().set("$ref", to);
}

const char* content_type(const Interface& interface) {
  const std::string format = interface.addresses.empty() ? "" : interface.addresses.front().format;
  if (format == "avro") return "application/vnd.apache.avro";
  if (format == "protobuf") return "application/x-protobuf";
  if (format == "csv") return "text/csv";
  return "application/json";
}

class AsyncApi {
 public:
  AsyncApi(const ProductGraph& graph, const Surroundings& around) : graph_(graph), around_(around) {}

  Node document() {
    for (const OutputPort& port : graph_.outputs) add(port.interface, port.schema, "send");
    for (const OutputPort& port : graph_.outputs)
      for (const Interface& input : port.inputs) add(input, {}, "receive");
    Node made = Node::map(), components = Node::map();
    made.set("asyncapi", "3.0.0").set("id", graph_.id).set("info", info());
    made.set("defaultContentType", "application/json");
    made.set_if("servers", servers());
    made.set("channels", std::move(channels_)).set("operations", std::move(operations_));
    return made.set("components", std::move(components.set("messages", std::move(messages_))));
  }

 private:
  Node info() const {
    Node made = Node::map(), contact = Node::map();
    made.set("title", graph_.name).set("version", graph_.version.empty() ? "1.0.0" : graph_.version);
    made.set_if("description", graph_.description);
    if (graph_.owner.find('@') != std::string::npos)
      contact.set("email", graph_.owner);
    else
      contact.set_if("name", graph_.owner);
    return made.set_if("contact", std::move(contact));
  }

  static std::string server_name(const std::string& environment, size_t broker) {
    return broker == 0 ? environment : fmt::format("{}-{}", environment, broker + 1);
  }

  std::vector<std::string> server_names(const std::string& environment) const {
    std::vector<std::string> made;
    const auto brokers = around_.brokers.find(environment);
    if (brokers == around_.brokers.end()) return made;
    const auto count = static_cast<size_t>(std::ranges::count(brokers->second, ',')) + 1;
    for (size_t i = 0; i < count; ++i) made.push_back(server_name(environment, i));
    return made;
  }

  Node servers() const {
    Node made = Node::map();
    for (const auto& [environment, brokers] : around_.brokers) {
      size_t begin = 0, number = 0;
      while (begin <= brokers.size()) {
        const size_t end = std::min(brokers.find(',', begin), brokers.size());
        Node server = Node::map();
        server.set("host", brokers.substr(begin, end - begin)).set("protocol", "kafka");
        made.set(server_name(environment, number++), std::move(server));
        begin = end + 1;
      }
    }
    return made;
  }

  void add(const Interface& interface, const Node& schema, const char* action) {
    const std::string key = key_of(interface);
    const std::string operation = fmt::format("{}.{}", action, key);
    if (operations_.find(operation) != nullptr) return;
    Node told = Node::map();
    told.set("action", action).set("channel", reference("#/channels/" + key));
    told.set("messages", Node::list().add(reference(fmt::format("#/channels/{}/messages/row", key))));
    operations_.set(operation, std::move(told));
    if (channels_.find(key) != nullptr) return;
    channels_.set(key, channel(interface, key));
    messages_.set(key, message(interface, schema));
  }

  Node channel(const Interface& interface, const std::string& key) const {
    Node made = Node::map(), messages = Node::map(), kafka = Node::map(), bindings = Node::map(),
         servers = Node::list();
    made.set("address", physical_name(interface)).set("title", interface.qualified());
    made.set_if("description", interface.documentation);
    if (!interface.addresses.empty() && interface.addresses.front().connector == "topic") {
      for (const std::string& name : server_names(interface.addresses.front().environment))
        servers.add(reference("#/servers/" + name));
      made.set_if("servers", std::move(servers));
      kafka.set("topic", interface.addresses.front().address).set("bindingVersion", "0.5.0");
      bindings.set("kafka", std::move(kafka));
    }
    messages.set("row", reference("#/components/messages/" + key));
    made.set("messages", std::move(messages));
    return made.set_if("bindings", std::move(bindings));
  }

  static Node message(const Interface& interface, const Node& schema) {
    Node made = Node::map();
    made.set("name", interface.name).set("title", fmt::format("a row of {}", interface.qualified()));
    made.set("contentType", content_type(interface));
    return made.set_if("payload", schema);
  }

  const ProductGraph& graph_;
  const Surroundings& around_;
  Node channels_ = Node::map(), operations_ = Node::map(), messages_ = Node::map();
};

}  // namespace

Node asyncapi_of(const ProductGraph& graph, const Surroundings& around) {
  return AsyncApi(graph, around).document();
}

}  // namespace braid::mesh
