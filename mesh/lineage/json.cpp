#include "mesh/lineage/json.h"

#include <nlohmann/json.hpp>

namespace braid::mesh {
namespace {

using Json = nlohmann::ordered_json;

Json place(const Graph& graph, const Origin& origin, std::string_view kind) {
  return {{"relation", graph.name(Reading{origin.relation, origin.port})},
          {"field", graph.field_name(origin)},
          {"kind", kind}};
}

Json head(const Graph& graph, typed::RelationId id) {
  return {
      {"relation", graph.relation(id).qualified()}, {"kind", graph.kind(id)}, {"version", graph.relation(id).version}};
}

Json values(const Graph& graph, const std::map<Origin, Kind>& from) {
  Json made = Json::array();
  for (const auto& [origin, kind] : from) made.push_back(place(graph, origin, lineage::word(kind)));
  return made;
}

Json conditions(const Graph& graph, const Influences& from) {
  Json made = Json::array();
  for (const auto& [origin, influence] : from) made.push_back(place(graph, origin, lineage::word(influence)));
  return made;
}

}  // namespace

std::string json_up(const Graph& graph, const Subject& subject) {
  const Reading reading{subject.relation, ""};
  Json made = head(graph, subject.relation);
  made["fields"] = Json::array();
  for (const Origin& field : subject.fields.empty() ? graph.fields(reading) : subject.fields) {
    const lineage::Shape direct = graph.made_of(field);
    const Composed from = graph.composed(field, Until::sources);
    const Type type = graph.type(field);
    made["fields"].push_back({{"name", graph.field_name(field)},
                              {"type", type == nullptr ? "" : to_string(type)},
                              {"labels", direct.labels},
                              {"direct", values(graph, direct.values)},
                              {"from", values(graph, from.values)},
                              {"conditions", conditions(graph, from.conditions)}});
  }
  made["rows"] = conditions(graph, graph.composed_rows(reading, Until::sources));
  made["declassified"] = Json::array();
  for (const typed::Declassification& one : graph.declassified(subject.relation))
    made["declassified"].push_back({{"label", one.label}, {"because", one.because}});
  return made.dump(2) + "\n";
}

std::string json_down(const Graph& graph, const Subject& subject) {
  const Reached end = reached(graph, subject);
  Json made = head(graph, subject.relation);
  made["fields"] = Json::array();
  for (const Origin& field : subject.fields.empty() ? graph.fields({subject.relation, ""}) : subject.fields)
    made["fields"].push_back(graph.field_name(field));
  std::set<typed::RelationId> relations;
  made["reaches"] = Json::array();
  for (const auto& [field, kind] : end.fields) {
    Json one = place(graph, field, lineage::word(kind));
    one["labels"] = graph.made_of(field).labels;
    made["reaches"].push_back(std::move(one));
    relations.insert(field.relation);
  }
  made["rows"] = Json::array();
  for (const auto& [reading, influences] : end.rows) {
    Json kinds = Json::array();
    for (const Influence influence : influences) kinds.push_back(lineage::word(influence));
    made["rows"].push_back({{"relation", graph.name(reading)}, {"kinds", std::move(kinds)}});
    relations.insert(reading.relation);
  }
  made["products"] = Json::array();
  for (const typed::RelationId id : relations)
    if (graph.relation(id).kind == typed::RelationKind::product)
      made["products"].push_back({{"name", graph.relation(id).qualified()}, {"version", graph.relation(id).version}});
  made["labels"] = end.labels;
  return made.dump(2) + "\n";
}

}  // namespace braid::mesh
