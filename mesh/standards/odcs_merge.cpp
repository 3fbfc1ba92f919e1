#include "mesh/standards/odcs_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "mesh/standards/import_rules.h"
#include "mesh/standards/odcs_types.h"
#include "runtime/data/time_text.h"

namespace braid::mesh {
namespace {

std::string small(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

class Merging {
 public:
  Merged contract(const Node& existing, const Node& made) {
    Merged merged{.document = existing, .kept_promises = {}};
    Node& into = merged.document;
    if (into.text_of("apiVersion").starts_with("v3.0")) bring_rules_up(into);
    for (const Entry& entry : made.entries) {
      const std::string& key = entry.key;
      if (key == "schema") {
        objects(list_of(into, key), entry.value);
      } else if (key == "slaProperties") {
        levels(list_of(into, key), entry.value);
      } else if (key == "customProperties") {
        customs(list_of(into, key), entry.value);
      } else if (key == "servers") {
        elements(list_of(into, key), entry.value, "server");
      } else if (key == "description") {
        fill(into, key, entry.value);
      } else if (key == "version") {
        // The minor of the same major is counted by whoever keeps the file.
        if (major(into.text_of(key)) != major(entry.value.scalar)) put(into, key, entry.value);
      } else if (key == "status") {
        follow_state(into, entry.value);
      } else if (key == "apiVersion") {
        // A document of 3.2 may use what 3.1 does not have.
        if (into.text_of(key) != "v3.2.0") put(into, key, entry.value);
      } else if (!into.find(key)) {
        put(into, key, entry.value);
      }
    }
    for (const char* key : {"customProperties"})
      if (!made.find(key)) customs(list_of(into, key), Node::list());
    // Until 3.1 a list of members was a team.
    if (Node* team = into.find("team"); team && team->is(Node::Kind::list)) {
      Node whole = Node::map();
      if (const Node* own = made.find("team")) whole.set_if("name", own->text_of("name"));
      *team = whole.set("members", *team);
    }
    if (!made.find("slaProperties")) levels(list_of(into, "slaProperties"), Node::list());
    for (const char* key : {"customProperties", "slaProperties"})
      if (const Node* list = into.find(key); list && list->empty()) into.remove(key);
    merged.kept_promises = std::move(kept_);
    return merged;
  }

 private:
  /// Until 3.1 a metric was called `rule`.
  static void bring_rules_up(Node& node) {
    for (Entry& entry : node.entries) {
      if (entry.key == "quality")
        for (Node& rule : entry.value.elements)
          for (Entry& one : rule.entries)
            if (one.key == "rule" && !rule.find("metric")) one.key = "metric";
      bring_rules_up(entry.value);
    }
    for (Node& element : node.elements) bring_rules_up(element);
  }
  static std::string major(const std::string& version) {
    const std::string digits = version.starts_with('v') ? version.substr(1) : version;
    return digits.substr(0, digits.find('.'));
  }
  static Node& list_of(Node& map, const std::string& key) {
    if (Node* found = map.find(key); found && found->is(Node::Kind::list)) return *found;
    return *map.set(key, Node::list()).find(key);
  }
  /// A scalar that says the same already keeps its form: `5` and `"5"`.
  static void put(Node& map, const std::string& key, const Node& value) {
    if (const Node* old = map.find(key); old && old->is_scalar() && value.is_scalar() && old->scalar == value.scalar)
      return;
    map.set(key, value);
  }
  /// Only what is not there.
  static void fill(Node& map, const std::string& key, const Node& value) {
    Node* old = map.find(key);
    if (!old || old->is(Node::Kind::null)) {
      map.set(key, value);
    } else if (old->is(Node::Kind::map) && value.is(Node::Kind::map)) {
      for (const Entry& entry : value.entries) fill(*old, entry.key, entry.value);
    }
  }
  static Node* find_in(Node& list, const char* key, const std::string& value) {
    for (Node& element : list.elements)
      if (element.text_of(key) == value) return &element;
    return nullptr;
  }

  /// Elements that are known by one key; those of `into` stay.
  static void elements(Node& into, const Node& made, const char* key) {
    for (const Node& element : made.elements)
      if (!find_in(into, key, element.text_of(key))) into.add(element);
  }

  void customs(Node& into, const Node& made) {
    std::erase_if(into.elements, [&](const Node& each) {
      const std::string property = each.text_of("property");
      return property.starts_with("braid.") && kOurs.contains(property) &&
             std::none_of(made.elements.begin(), made.elements.end(),
                          [&](const Node& one) { return one.text_of("property") == property; });
    });
    for (const Node& one : made.elements) {
      Node* old = find_in(into, "property", one.text_of("property"));
      if (old)
        put(*old, "value", *one.find("value"));
      else
        into.add(one);
    }
  }

  void objects(Node& into, const Node& made) {
    for (const Node& one : made.elements) {
      Node* old = find_in(into, "name", one.text_of("name"));
      if (!old) {
        into.add(one);
        continue;
      }
      origins_.clear();
      required_.clear();
      for (const Node& property : one.find("properties")->elements)
        if (property.text_of("required") == "true") required_.insert(property.text_of("name"));
      if (const Node* before = old->find("properties"))
        for (const Node& property : before->elements)
          if (const Node* rules = property.find("quality"))
            for (const Node& rule : rules->elements)
              if (const std::string id = rule.text_of("id"); !id.empty()) origins_.insert(id);
      for (const Entry& entry : one.entries) {
        if (entry.key == "properties")
          properties(list_of(*old, entry.key), entry.value);
        else if (entry.key == "quality")
          rules(list_of(*old, entry.key), entry.value, one.text_of("name"));
        else if (entry.key == "customProperties")
          customs(list_of(*old, entry.key), entry.value);
        else
          fill(*old, entry.key, entry.value);
      }
      if (!one.find("quality")) without_rules(*old, one.text_of("name"));
    }
  }

  /// The fields of the script, in its order; what the document says of each stays.
  void properties(Node& into, const Node& made) {
    Node list = Node::list();
    list.begin = into.begin, list.end = into.end;
    for (const Node& one : made.elements) {
      Node* old = find_in(into, "name", one.text_of("name"));
      list.add(old ? property(*old, one) : one);
    }
    // What no field can hold is no field that has gone.
    for (const Node& old : into.elements)
      if (!list.empty() && !find_in(list, "name", old.text_of("name")) && script_type(old, "").text.empty())
        list.add(old);
    into = std::move(list);
  }

  Node property(Node old, const Node& made) {
    const bool same_type = script_type(old, "").text == script_type(made, "").text;
    for (const Entry& entry : made.entries) {
      const std::string& key = entry.key;
      if (key == "properties")
        properties(list_of(old, key), entry.value);
      else if (key == "quality")
        rules(list_of(old, key), entry.value, made.text_of("name"));
      else if (key == "tags")
        united(list_of(old, key), entry.value);
      else if (key == "items" && old.find(key))
        *old.find(key) = property(*old.find(key), entry.value);
      else if (key == "id" ||
               (same_type && (key == "logicalType" || key == "physicalType" || key == "logicalTypeOptions")))
        fill(old, key, entry.value);
      else if (key == "logicalTypeOptions")
        old.set(key, entry.value);
      else
        put(old, key, entry.value);
    }
    for (const char* key : {"primaryKey", "primaryKeyPosition"})
      if (!made.find(key)) old.remove(key);
    if (!same_type)
      for (const char* key : {"properties", "items", "physicalType", "logicalTypeOptions", "enum", "map"})
        if (!made.find(key)) old.remove(key);
    if (!made.find("quality")) without_rules(old, made.text_of("name"));
    return old;
  }

  static void united(Node& into, const Node& made) {
    for (const Node& one : made.elements)
      if (std::none_of(into.elements.begin(), into.elements.end(),
                       [&](const Node& each) { return each.scalar == one.scalar; }))
        into.add(one);
  }

  // ---- rules

  static std::string metric_of(const Node& rule) {
    const std::string metric = rule.text_of("metric");
    return metric.empty() ? rule.text_of("rule") : metric;
  }
  static std::string kind_of(const Node& rule) {
    const std::string metric = metric_of(rule);
    return metric.empty() ? rule.text_of("type") + "/" + rule.text_of("engine") : metric;
  }
  static std::multiset<std::string> properties_of(const Node& rule) {
    std::multiset<std::string> made;
    if (const Node* arguments = rule.find("arguments"))
      if (const Node* list = arguments->find("properties"))
        for (const Node& each : list->elements) made.insert(each.scalar);
    return made;
  }
  static bool is_ours(const Node& rule) {
    return rule.text_of("type") == "custom" && rule.text_of("engine") == "braid";
  }

  static std::string window_of(const Node& rule) {
    const Node* customs = rule.find("customProperties");
    if (customs)
      for (const Node& each : customs->elements)
        if (each.text_of("property") == "braid.window") return each.text_of("value");
    return "";
  }

  /// What the rules are about is one thing: their words may differ.
  static bool one_thing(const Node& a, const Node& b) {
    const std::string metric = metric_of(a);
    if (metric.empty() || metric != metric_of(b)) return false;
    if (metric == "rowCount") return window_of(a) == window_of(b);
    return metric != "duplicateValues" || properties_of(a) == properties_of(b);
  }

  void without_rules(Node& of, const std::string& where) {
    Node* rules = of.find("quality");
    if (!rules) return;
    this->rules(*rules, Node::list(), where);
    if (rules->empty()) of.remove("quality");
  }

  void rules(Node& into, const Node& made, const std::string& where) {
    std::set<size_t> met;
    std::vector<Node> added;
    for (const Node& one : made.elements) {
      const auto found = std::find_if(into.elements.begin(), into.elements.end(), [&](const Node& each) {
        return (each.text_of("id") == one.text_of("id") && !one.text_of("id").empty()) || one_thing(each, one);
      });
      if (found == into.elements.end()) {
        if (!is_ours(one) || !origins_.contains(one.text_of("id"))) added.push_back(one);
        continue;
      }
      met.insert(static_cast<size_t>(found - into.elements.begin()));
      if (kind_of(*found) == kind_of(one)) rule(*found, one);
    }
    std::vector<Node> left;
    for (size_t i = 0; i < into.elements.size(); ++i) {
      Node& each = into.elements[i];
      if (!met.contains(i)) {
        if (is_ours(each)) continue;  // the script no longer has it
        const std::string metric = metric_of(each);
        const bool by_type = metric == "nullValues" && required_.contains(where);
        if (!metric.empty() && !by_type)
          kept_.push_back(fmt::format("{}.{}", where, each.text_of("id").empty() ? metric : each.text_of("id")));
      }
      left.push_back(std::move(each));
    }
    into.elements = std::move(left);
    for (Node& one : added) into.add(std::move(one));
  }

  void rule(Node& old, const Node& made) {
    for (const Entry& entry : made.entries) {
      if (entry.key.starts_with("must")) {
        const bool same_words = old.find(entry.key) != nullptr;
        if (!same_words) std::erase_if(old.entries, [](const Entry& each) { return each.key.starts_with("must"); });
        if (!same_words || !same(*old.find(entry.key), entry.value)) old.set(entry.key, entry.value);
      } else if (entry.key == "customProperties") {
        customs(list_of(old, entry.key), entry.value);
      } else if (entry.key == "implementation") {
        // `dlq` is another word for `reject`.
        std::string said = old.text_of(entry.key);
        if (said.ends_with("onFailure: dlq")) said.replace(said.size() - 3, 3, "reject");
        if (said != entry.value.scalar) put(old, entry.key, entry.value);
      } else {
        fill(old, entry.key, entry.value);
      }
    }
  }

  // ---- life

  /// Whether it is a draft follows the script. What else the file says is of whoever keeps it.
  static void follow_state(Node& into, const Node& made) {
    const std::string before = into.text_of("status");
    const bool was_draft = before == "draft" || before == "proposed";
    if (before.empty() || was_draft != (made.scalar == "draft")) put(into, "status", made);
  }

  // ---- service levels

  static std::string property_of(const Node& level) {
    const std::string word = small(level.text_of("property"));
    for (const auto& [from, to] : {std::pair{"ly", "latency"}, {"re", "retention"}, {"es", "endofsupport"}})
      if (word == from) return to;
    return word;
  }

  void levels(Node& into, const Node& made) {
    std::set<const Node*> met;
    std::vector<Node> added;
    for (const Node& one : made.elements) {
      const auto found = std::find_if(into.elements.begin(), into.elements.end(), [&](const Node& each) {
        return property_of(each) == property_of(one) && (property_of(one) != "latency" || same_quantile(each, one)) &&
               !met.contains(&each);
      });
      if (found == into.elements.end()) {
        added.push_back(one);
        continue;
      }
      met.insert(&*found);
      const std::string property = property_of(one);
      const auto before = length_of(found->text_of("value"), found->text_of("unit"), property);
      const auto now = length_of(one.text_of("value"), one.text_of("unit"), property);
      if (before && before == now) continue;
      if (const auto instant = instant_of(*found); instant && instant == instant_of(one)) continue;
      put(*found, "value", *one.find("value"));
      found->remove("unit");
      if (const Node* unit = one.find("unit")) found->set("unit", *unit);
    }
    static const std::set<std::string> kWatched{"freshness", "latency", "retention", "completeness", "endofsupport"};
    for (const Node& each : into.elements)
      if (!met.contains(&each) && kWatched.contains(property_of(each)) && !holds_by_type(each))
        kept_.push_back(each.text_of("property"));
    for (Node& one : added) into.add(std::move(one));
  }

  /// Of a field that is never null.
  bool holds_by_type(const Node& level) const {
    const std::string element = level.text_of("element");
    return property_of(level) == "completeness" && required_.contains(element.substr(element.rfind('.') + 1));
  }

  static bool same_quantile(const Node& existing, const Node& made) {
    const std::string said = quantile_of(existing);
    return (said.empty() ? "p99" : said) == quantile_of(made);
  }

  static std::optional<int64_t> instant_of(const Node& level) {
    const std::string value = level.text_of("value");
    int64_t us = 0;
    if (parse_timestamp(value, &us) || parse_timestamp_literal(value, &us)) return us;
    return parse_timestamp_literal(value + "T00:00Z", &us) ? std::optional(us) : std::nullopt;
  }

  const std::set<std::string> kOurs{"braid.kind",  "braid.time",      "braid.within", "braid.compatibility",
                                    "braid.state", "braid.successor", "braid.window"};
  std::set<std::string> required_;  ///< fields that are never null
  std::set<std::string> origins_;   ///< ids of rules of the object's properties, which checks may have come from
  std::vector<std::string> kept_;
};

}  // namespace

Merged merge_odcs(const Node& existing, const Node& made) {
  return Merging().contract(existing, made);
}

}  // namespace braid::mesh
