#include "cli/commands/portal_facts.h"

#include <set>

#include "mesh/lineage/graph.h"

namespace braid::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string path_text(const std::vector<Field>& row, const std::vector<int>& path) {
  std::string made;
  const std::vector<Field>* fields = &row;
  for (const int at : path) {
    const Field& field = (*fields)[static_cast<size_t>(at)];
    made += (made.empty() ? "" : ".") + field.name;
    fields = &without_optional(field.type)->fields;
  }
  return made;
}

/// The checker makes relations, too, that no script names.
bool is_of_scripts(const typed::Relation& relation) {
  return relation.eyes_of < 0 && relation.output_of < 0;
}

std::string upper(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = c == '-' || c == ' ' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return made;
}

/// Who reads `field` as it is, where it is masked for others; null: it is not.
Json mask_of(const typed::Relation& relation, int field) {
  for (const typed::MaskRule& rule : relation.access.masks) {
    if (rule.field.empty() || rule.field.front() != field) continue;
    std::string except;
    for (const typed::Principal& principal : rule.except)
      except += (except.empty() ? "" : ", ") + typed::principal_text(principal);
    return "masked" + (except.empty() ? std::string() : " except for " + except);
  }
  return nullptr;
}

Json fields_of(const typed::Relation& relation) {
  Json fields = Json::array();
  for (size_t i = 0; i < relation.row.size(); ++i) {
    const Field& field = relation.row[i];
    if (field.name.empty()) continue;
    Json labels = Json::array();
    if (i < relation.field_labels.size())
      for (const std::string& label : relation.field_labels[i]) labels.push_back(label);
    fields.push_back({{"name", field.name},
                      {"type", to_string(field.type)},
                      {"doc", ""},
                      {"labels", std::move(labels)},
                      {"mask", mask_of(relation, static_cast<int>(i))}});
  }
  return fields;
}

Json product_of(const typed::Relation& relation, const std::string& owner) {
  Json fields = fields_of(relation);
  std::set<std::string> labels;
  for (const Json& field : fields)
    for (const Json& label : field["labels"]) labels.insert(label.get<std::string>());
  Json key = Json::array();
  for (const std::vector<int>& path : relation.key) key.push_back(path_text(relation.row, path));
  const bool has_time_field = relation.time_field >= 0;
  return {{"product", relation.qualified()},
          {"version", relation.version},
          {"domain", relation.domain},
          {"kind", relation.changes ? "table" : "stream"},
          {"owner", owner},
          {"doc", relation.documentation},
          {"state", relation.draft        ? "draft"
                    : relation.deprecated ? "deprecated"
                                          : "active"},
          {"labels", labels},
          {"fields", std::move(fields)},
          {"key", std::move(key)},
          {"event_time",
           has_time_field ? Json(relation.row[static_cast<size_t>(relation.time_field)].name) : Json(nullptr)},
          {"ends", relation.deprecated ? Json(relation.deprecated->until) : Json(nullptr)}};
}

class Edges {
 public:
  explicit Edges(const mesh::Graph& graph) : graph_(graph) {}

  void add(const mesh::Origin& from, const std::string& relation, const Json& field, std::string_view kind,
           bool masked) {
    if (!is_of_scripts(graph_.relation(from.relation))) return;
    const std::string name = graph_.name(mesh::Reading{from.relation, from.port}), part = graph_.field_name(from);
    if (!seen_.emplace(name, part, relation, field.dump(), std::string(kind)).second) return;
    made_.push_back({{"from", {{"relation", name}, {"field", part}}},
                     {"to", {{"relation", relation}, {"field", field}}},
                     {"kind", upper(kind)},
                     {"masked", masked}});
  }
  Json take() { return std::move(made_); }

 private:
  const mesh::Graph& graph_;
  std::set<std::tuple<std::string, std::string, std::string, std::string, std::string>> seen_;
  Json made_ = Json::array();
};

/// Products and sources, and each field's nearest ones: views are part of the flows between them.
Json lineage_of(const Session& session) {
  const mesh::Graph graph(session.project());
  Json relations = Json::array();
  Edges edges(graph);
  for (size_t i = 0; i < session.project().relations.size(); ++i) {
    const typed::Relation& relation = session.project().relations[i];
    const auto id = static_cast<typed::RelationId>(i);
    if (!is_of_scripts(relation) || relation.kind == typed::RelationKind::view) continue;
    const std::string name = relation.qualified();
    relations.push_back(
        {{"name", name},
         {"version", relation.kind == typed::RelationKind::product ? Json(relation.version) : Json(nullptr)},
         {"kind", graph.kind(id)},
         {"domain", relation.domain},
         {"status", ""},
         {"fields", fields_of(relation)}});
    if (relation.kind != typed::RelationKind::product) continue;
    for (const mesh::Origin& field : graph.fields({id, ""})) {
      const Json to = graph.field_name(field);
      const mesh::Composed composed = graph.composed(field, mesh::Until::products);
      const std::set<mesh::Origin> masked = graph.masked(field, mesh::Until::products);
      for (const auto& [origin, kind] : composed.values)
        edges.add(origin, name, to, lineage::word(kind), masked.contains(origin));
      for (const auto& [origin, influence] : composed.conditions)
        edges.add(origin, name, to, lineage::word(influence), false);
    }
    for (const auto& [origin, influence] : graph.composed_rows({id, ""}, mesh::Until::products))
      edges.add(origin, name, nullptr, lineage::word(influence), false);
  }
  return {{"relations", std::move(relations)}, {"edges", edges.take()}};
}

}  // namespace

PortalFacts portal_facts(const Session& session) {
  PortalFacts facts;
  for (const typed::Relation& relation : session.project().relations) {
    if (relation.kind != typed::RelationKind::product || !is_of_scripts(relation)) continue;
    std::string owner;
    for (const typed::Domain& domain : session.project().domains)
      if (domain.name == relation.domain) owner = domain.owner;
    facts.products.push_back(product_of(relation, owner));
  }
  facts.lineage = lineage_of(session);
  return facts;
}

}  // namespace braid::cli
