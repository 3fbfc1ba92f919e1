#include "mesh/standards/odcs_write.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

#include "mesh/standards/odcs.h"
#include "mesh/standards/odcs_types.h"
#include "runtime/data/time_text.h"

namespace braid::mesh {
namespace {

std::string dotted(const std::vector<std::string>& path) {
  return fmt::format("{}", fmt::join(path, "."));
}

std::string iso_text(int64_t us) {
  std::string text;
  append_duration_iso(text, us);
  return text;
}

Node custom(std::string_view name, Node value) {
  Node made = Node::map();
  made.set("property", name).set("value", std::move(value));
  return made;
}

Node custom(std::string_view name, const std::string& value) {
  return custom(name, Node::text(value));
}

/// 100 less a percentage, with its digits: "99.5" gives "0.5".
std::string share_left(const std::string& percent) {
  const size_t point = percent.find('.');
  const size_t digits = point == std::string::npos ? 0 : percent.size() - point - 1;
  constexpr size_t kMostDigits = 15;
  if (digits > kMostDigits) return "0";
  std::string whole = percent;
  std::erase(whole, '.');
  int64_t hundred = 100;
  for (size_t i = 0; i < digits; ++i) hundred *= 10;
  const int64_t left = std::max<int64_t>(hundred - std::stoll(whole), 0);
  if (digits == 0) return std::to_string(left);
  const std::string padded = fmt::format("{:0{}}", left, digits + 1);
  std::string text = padded.substr(0, padded.size() - digits) + "." + padded.substr(padded.size() - digits);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string size_text(int64_t bytes) {
  constexpr const char* kUnits[] = {"KB", "MB", "GB", "TB"};
  int unit = -1;
  while (unit < 3 && bytes % 1024 == 0 && bytes > 0) bytes /= 1024, ++unit;
  return unit < 0 ? std::to_string(bytes) : fmt::format("{}{}", bytes, kUnits[unit]);
}

class Writing {
 public:
  Writing(const Interface& interface, const Surroundings& around) : interface_(interface), around_(around) {}

  Node contract() const {
    Node made = Node::map();
    made.set("apiVersion", kOdcsWritten).set("kind", "DataContract").set("id", contract_id(interface_, around_));
    made.set("name", interface_.name)
        .set("version", contract_version(interface_))
        .set("status", status_word(interface_));
    made.set("domain", interface_.domain).set_if("tenant", around_.tenant);
    if (!interface_.documentation.empty()) {
      Node about = Node::map();
      made.set("description", about.set("purpose", interface_.documentation));
    }
    made.set("schema", Node::list().add(object()));
    made.set_if("slaProperties", levels());
    if (!interface_.owner.empty()) made.set("team", team());
    made.set_if("servers", servers());
    made.set_if("customProperties", customs());
    return made;
  }

 private:
  Node object() const {
    Node made = Node::map();
    made.set("id", stable_id(interface_.name)).set("name", interface_.name).set("logicalType", "object");
    made.set("physicalType", physical_type()).set("physicalName", physical_name(interface_));
    made.set_if("description", interface_.documentation);
    Node properties = Node::list();
    std::set<std::string> ids;
    for (const InterfaceField& field : interface_.fields) properties.add(property(field, ids));
    for (size_t i = 0; i < interface_.key.size(); ++i)
      mark_key(properties, interface_.key[i], static_cast<int64_t>(i + 1));
    made.set("properties", std::move(properties));
    made.set_if("quality", rules());
    Node customs = Node::list();
    customs.add(custom("braid.kind", std::string(word_of(interface_.kind))));
    if (interface_.time && !interface_.time->field.empty()) {
      customs.add(custom("braid.time", interface_.time->field));
      customs.add(custom("braid.within", iso_text(interface_.time->within_us)));
    }
    return made.set("customProperties", std::move(customs));
  }

  std::string physical_type() const {
    if (!interface_.addresses.empty()) return interface_.addresses.front().connector;
    return interface_.kind == InterfaceKind::stream ? "stream" : "table";
  }

  Node property(const InterfaceField& field, std::set<std::string>& ids) const {
    std::string id = stable_id(field.name);
    for (int n = 2; !ids.insert(id).second; ++n) id = fmt::format("{}_{}", stable_id(field.name), n);
    Node made = Node::map();
    made.set("id", id).set("name", field.name);
    put_type(made, field.type);
    made.set_if("description", field.documentation);
    static const std::set<std::string> kClasses{"public", "internal", "confidential", "restricted"};
    for (const std::string& label : field.labels)
      if (kClasses.contains(label)) made.set("classification", label);
    made.set_if("tags", Node::texts(field.labels));
    if (const auto examples = around_.examples.find(field.name); examples != around_.examples.end())
      made.set_if("examples", examples->second);
    return made.set_if("quality", rules_of(field));
  }

  /// Where the path leads through structs, the property inside is the key.
  static void mark_key(Node& properties, const std::vector<std::string>& path, int64_t position) {
    Node* list = &properties;
    for (size_t i = 0; i < path.size() && list; ++i) {
      const auto found = std::find_if(list->elements.begin(), list->elements.end(),
                                      [&](const Node& each) { return each.text_of("name") == path[i]; });
      if (found == list->elements.end()) return;
      if (i + 1 == path.size())
        found->set("primaryKey", Node::boolean(true)).set("primaryKeyPosition", Node::number(position));
      list = found->find("properties");
    }
  }

  Node rules_of(const InterfaceField& field) const {
    Node made = Node::list();
    if (const Type& type = without_optional(field.type); type->kind == TypeKind::enumeration) {
      Node arguments = Node::map(), rule = Node::map();
      arguments.set("validValues", Node::texts(type->symbols));
      rule.set("id", "symbols_of_" + stable_id(field.name))
          .set("metric", "invalidValues")
          .set("mustBe", Node::number(0));
      made.add(rule.set("arguments", std::move(arguments)).set("dimension", "conformity"));
    }
    for (const typed::CompletePromise& one : interface_.promises.completes) {
      if (one.fields.size() != 1 || one.fields.front() != std::vector<std::string>{field.name}) continue;
      Node rule = Node::map();
      rule.set("id", "complete_" + stable_id(field.name)).set("metric", "nullValues");
      rule.set("mustBeLessOrEqualTo", Node::decimal(share_left(one.percent))).set("unit", "percent");
      made.add(rule.set("dimension", "completeness"));
    }
    return made;
  }

  Node rules() const {
    Node made = Node::list();
    for (const typed::UniquePromise& unique : interface_.uniques) {
      std::vector<std::string> names;
      for (const auto& path : unique.fields) names.push_back(dotted(path));
      Node arguments = Node::map(), rule = Node::map();
      arguments.set("properties", Node::texts(names));
      rule.set("id", stable_id(fmt::format("unique_{}", fmt::join(names, "_")))).set("metric", "duplicateValues");
      rule.set("mustBe", Node::number(0)).set("arguments", std::move(arguments)).set("dimension", "uniqueness");
      if (unique.within_us) rule.set("customProperties", window(*unique.within_us));
      made.add(std::move(rule));
    }
    for (const typed::VolumePromise& volume : interface_.promises.volumes) {
      Node rule = Node::map(), bounds = Node::list();
      rule.set("id", stable_id("volume_" + iso_text(volume.period_us))).set("metric", "rowCount");
      // Between two numbers means: neither of them.
      bounds.add(Node::number(volume.least - 1)).add(Node::number(volume.most == INT64_MAX ? 0 : volume.most + 1));
      if (volume.most == INT64_MAX)
        rule.set("mustBeGreaterOrEqualTo", Node::number(volume.least));
      else
        rule.set("mustBeBetween", std::move(bounds));
      rule.set("dimension", "coverage");
      made.add(rule.set("customProperties", window(volume.period_us)));
    }
    for (const typed::CompletePromise& one : interface_.promises.completes)
      if (one.fields.size() > 1 || (one.fields.size() == 1 && one.fields.front().size() > 1)) {
        std::vector<std::string> names;
        for (const auto& path : one.fields) names.push_back(dotted(path));
        made.add(own_rule(fmt::format("complete_{}", fmt::join(names, "_")),
                          fmt::format("promise: complete {} >= {}%", fmt::join(names, ", "), one.percent),
                          "completeness", "warning"));
      }
    for (const InterfaceCheck& check : interface_.checks)
      made.add(own_rule(check.name, fmt::format("expr: {}; onFailure: {}", check.condition, check.otherwise),
                        "conformity", check.otherwise == "alert" ? "warning" : "error"));
    return made;
  }

  static Node own_rule(const std::string& name, const std::string& implementation, const char* dimension,
                       const char* severity) {
    Node rule = Node::map();
    rule.set("id", stable_id(name)).set("name", name).set("type", "custom").set("engine", "braid");
    return rule.set("implementation", implementation).set("dimension", dimension).set("severity", severity);
  }

  static Node window(int64_t us) { return Node::list().add(custom("braid.window", iso_text(us))); }

  std::string element() const {
    return interface_.time && !interface_.time->field.empty() ? interface_.name + "." + interface_.time->field : "";
  }

  Node levels() const {
    const typed::Promises& promises = interface_.promises;
    Node made = Node::list();
    const auto add = [&](const std::string& id, const char* property, Node value, const std::string& unit,
                         const std::string& description) {
      Node one = Node::map();
      one.set("id", stable_id(id)).set("property", property).set("value", std::move(value)).set_if("unit", unit);
      if (std::string_view(property) != "endOfSupport") one.set_if("element", element());
      made.add(one.set_if("description", description));
    };
    if (promises.fresh_us) {
      const auto [amount, unit] = amount_and_unit(*promises.fresh_us);
      add("fresh", "freshness", Node::decimal(amount), unit, "");
    }
    for (const typed::LatencyPromise& one : promises.latencies) {
      const auto [amount, unit] = amount_and_unit(one.below_us);
      add("latency_" + one.quantile, "latency", Node::decimal(amount), unit,
          one.quantile + ", from event time until it can be read");
    }
    for (const typed::CompletePromise& one : promises.completes)
      if (one.fields.empty())
        add("complete", "completeness", Node::decimal(one.percent), "percent", "of the expected rows");
    if (promises.keep_us) add("keep", "retention", Node::text(iso_text(*promises.keep_us)), "", "");
    if (interface_.deprecated) {
      // An instant, also where the script has only a date.
      int64_t at = 0;
      std::string until = interface_.deprecated->until;
      if (parse_timestamp_literal(until, &at) || parse_timestamp_literal(until + "T00:00Z", &at)) {
        until.clear();
        append_timestamp(until, at);
      }
      const std::string successor =
          interface_.deprecated->successor ? fmt::format("version {} follows", *interface_.deprecated->successor) : "";
      add("end_of_support", "endOfSupport", Node::text(until), "", successor);
    }
    return made;
  }

  Node team() const {
    Node made = Node::map();
    made.set("name", interface_.owner);
    if (interface_.owner.find('@') == std::string::npos) return made;
    Node member = Node::map();
    member.set("username", interface_.owner).set("role", "Owner");
    return made.set("members", Node::list().add(std::move(member)));
  }

  Node servers() const {
    Node made = Node::list();
    for (const InterfaceAddress& address : interface_.addresses) {
      Node server = Node::map();
      const std::string name = address.environment.empty() ? "default" : address.environment;
      server.set("server", fmt::format("{}-{}", name, address.connector));
      const auto brokers = around_.brokers.find(address.environment);
      if (address.connector == "file") {
        server.set("type", "local").set("path", address.address);
        server.set("format", address.format.empty() ? "json" : address.format);
      } else if (brokers != around_.brokers.end()) {
        server.set("type", "kafka").set("host", brokers->second).set_if("format", address.format);
      } else {
        server.set("type", "custom").set("stream", address.address).set_if("format", address.format);
      }
      made.add(server.set_if("environment", address.environment));
    }
    return made;
  }

  Node customs() const {
    Node made = Node::list();
    if (interface_.compatible)
      made.add(custom("braid.compatibility", schema::registry_word_of(*interface_.compatible)));
    if (interface_.promises.state_bytes) made.add(custom("braid.state", size_text(*interface_.promises.state_bytes)));
    if (interface_.deprecated && interface_.deprecated->successor)
      made.add(custom("braid.successor", Node::number(*interface_.deprecated->successor)));
    return made;
  }

  const Interface& interface_;
  const Surroundings& around_;
};

}  // namespace

std::map<std::string, Node> examples_of(const Interface& interface, std::string_view rows) {
  std::map<std::string, Node> made;
  std::set<std::pair<std::string, std::string>> met;
  for (size_t at = 0; at < rows.size();) {
    const size_t end = std::min(rows.find('\n', at), rows.size());
    const auto row = nlohmann::json::parse(rows.substr(at, end - at), nullptr, false);
    at = end + 1;
    if (!row.is_object()) continue;
    for (const InterfaceField& field : interface.fields) {
      const auto value = row.find(field.name);
      if (value == row.end() || value->is_null() || value->is_structured()) continue;
      const std::string text = value->is_string() ? value->get<std::string>() : value->dump();
      if (!met.emplace(field.name, text).second) continue;
      Node& list = made.try_emplace(field.name, Node::list()).first->second;
      list.add(value->is_string()    ? Node::text(text)
               : value->is_boolean() ? Node::boolean(value->get<bool>())
                                     : Node::decimal(text));
    }
  }
  return made;
}

std::string contract_id(const Interface& interface, const Surroundings& around) {
  return urn_of(around.tenant.empty() ? "local" : around.tenant, interface.domain, interface.name, interface.version);
}

std::string contract_version(const Interface& interface) {
  return fmt::format("{}.0.0", interface.version);
}

std::string physical_name(const Interface& interface) {
  if (!interface.addresses.empty()) return interface.addresses.front().address;
  return fmt::format("{}.v{}", interface.qualified(), interface.version);
}

std::string status_word(const Interface& interface) {
  return std::string(word_of(state_of(interface)));
}

AmountAndUnit amount_and_unit(int64_t us) {
  for (const auto& [unit, name] :
       {std::pair{kMicrosPerDay, "d"}, {kMicrosPerHour, "h"}, {kMicrosPerMinute, "m"}, {kMicrosPerSecond, "s"}})
    if (us % unit == 0) return {std::to_string(us / unit), name};
  constexpr int64_t kMilli = 1000;
  if (us % kMilli == 0) return {std::to_string(us / kMilli), "ms"};
  return {std::to_string(us), "us"};
}

Node odcs_of(const Interface& interface, const Surroundings& around) {
  return Writing(interface, around).contract();
}

}  // namespace braid::mesh
