#include "mesh/lineage/across.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace braid::mesh {
namespace {

using Json = nlohmann::json;
using lineage::Influence;
using lineage::Kind;
using lineage::Origin;
using typed::RelationId;

template <class Value>
std::optional<Value> of_word(const std::string& word, Value last) {
  for (int i = 0; i <= static_cast<int>(last); ++i)
    if (lineage::word(static_cast<Value>(i)) == word) return static_cast<Value>(i);
  return std::nullopt;
}

/// Where "customer.email" stands in the row; empty: nowhere.
std::vector<int> path_of(const std::vector<Field>& row, const std::string& name) {
  if (name == "event_time()") return {lineage::kEventTime};
  for (size_t i = 0; i < row.size(); ++i) {
    const Field& field = row[i];
    if (name == field.name) return {static_cast<int>(i)};
    if (!name.starts_with(field.name + ".")) continue;
    const std::vector<Field>* parts = lineage::parts_of(field.type);
    if (parts == nullptr) continue;
    std::vector<int> below = path_of(*parts, name.substr(field.name.size() + 1));
    if (below.empty()) continue;
    below.insert(below.begin(), static_cast<int>(i));
    return below;
  }
  return {};
}

class Join {
 public:
  Join(const typed::Project& project, const std::vector<FarProduct>& registered, const std::set<RelationId>& foreign)
      : registered_(registered), ours_(project.relations.size()) {
    made_.project = project;
    made_.flows = lineage::flows(project);
    made_.flows.resize(ours_);
    for (size_t i = 0; i < ours_; ++i) {
      const typed::Relation& relation = project.relations[i];
      if (relation.kind == typed::RelationKind::view) continue;
      ids_[{relation.qualified(), relation.version}] = static_cast<RelationId>(i);
      newest_[relation.qualified()] = static_cast<RelationId>(i);
    }
    for (const FarProduct& one : registered_) {
      const auto known = ids_.find({one.qualified(), one.version});
      if (known == ids_.end())
        far_.emplace_back(&one, add(one));
      else if (foreign.contains(known->second))
        far_.emplace_back(&one, known->second);
    }
  }

  Across make() {
    for (const auto& [product, id] : far_) read(*product, id);
    return std::move(made_);
  }

 private:
  typed::Relation& relation(RelationId id) { return made_.project.relations[static_cast<size_t>(id)]; }
  lineage::RelationFlow& flow(RelationId id) { return made_.flows[static_cast<size_t>(id)]; }

  RelationId add(typed::Relation made, const std::vector<std::vector<std::string>>& labels) {
    const auto id = static_cast<RelationId>(made_.project.relations.size());
    lineage::RelationFlow flow;
    flow.result.row = made.row;
    flow.result.fields.resize(made.row.size());
    for (size_t i = 0; i < made.row.size() && i < labels.size(); ++i)
      flow.result.fields[i].labels.insert(labels[i].begin(), labels[i].end());
    newest_[made.qualified()] = id;
    ids_[{made.qualified(), made.version}] = id;
    made_.project.relations.push_back(std::move(made));
    made_.flows.push_back(std::move(flow));
    return id;
  }

  RelationId add(const FarProduct& product) {
    typed::Relation made{};
    made.kind = typed::RelationKind::stream;
    made.domain = product.domain;
    made.name = product.name;
    made.version = product.version;
    made.row = product.row;
    made.source.emplace();
    return add(std::move(made), product.labels);
  }

  /// What a document calls `name`: what the reader reads in that version, else what has the name, else a source of its
  /// project that nobody has published.
  RelationId find(const FarProduct& reader, const std::string& name) {
    if (const auto version = reader.reads.find(name); version != reader.reads.end())
      if (const auto id = ids_.find({name, version->second}); id != ids_.end()) return id->second;
    if (const auto id = newest_.find(name); id != newest_.end()) return id->second;
    typed::Relation made{};
    made.kind = typed::RelationKind::stream;
    const size_t dot = name.rfind('.');
    made.domain = dot == std::string::npos ? "" : name.substr(0, dot);
    made.name = dot == std::string::npos ? name : name.substr(dot + 1);
    made.source.emplace();
    const RelationId id = add(std::move(made), {});
    unpublished_.insert(id);
    return id;
  }

  Origin origin(const FarProduct& reader, const Json& place) {
    Origin made{.relation = find(reader, place.at("relation").get<std::string>()), .port = {}, .path = {}};
    const std::string field = place.at("field").get<std::string>();
    std::vector<Field>& row = relation(made.relation).row;
    made.path = path_of(row, field);
    if (made.path.empty() && unpublished_.contains(made.relation)) {
      // Its fields are those that are named. Nobody sees their types.
      made.path = {static_cast<int>(row.size())};
      row.push_back({field, json_type()});
      lineage::Rows& rows = flow(made.relation).result;
      rows.row = row;
      rows.fields.emplace_back();
    }
    return made;
  }

  /// Whether `from` is made of `id`, so that a hop from it would close a circle.
  bool reaches(RelationId from, RelationId id) {
    if (from == id) return true;
    std::set<RelationId> seen;
    std::vector<RelationId> open{from};
    while (!open.empty()) {
      const RelationId at = open.back();
      open.pop_back();
      if (!seen.insert(at).second) continue;
      for (const lineage::Reading& read : flow(at).reads) {
        if (read.relation == id) return true;
        open.push_back(read.relation);
      }
    }
    return false;
  }

  void influences(const FarProduct& product, RelationId id, const Json& list, lineage::Influences& made) {
    for (const Json& place : list) {
      const auto influence = of_word(place.at("kind").get<std::string>(), Influence::conditional);
      const Origin from = origin(product, place);
      if (influence && link(from, id)) made.insert({from, *influence});
    }
  }

  /// Whether the hop is one.
  bool link(const Origin& from, RelationId id) {
    if (from.path.empty() || reaches(from.relation, id)) return false;
    flow(id).reads.insert({from.relation, ""});
    return true;
  }

  void read(const FarProduct& product, RelationId id) {
    try {
      const Json document = Json::parse(product.document);
      // A public stream or table is made of nothing.
      if (document.at("kind") == "product") hops(product, id, document);
    } catch (const Json::exception&) {
      // It stays as far as it could be read.
    }
  }

  void hops(const FarProduct& product, RelationId id, const Json& document) {
    {
      typed::Relation& of = relation(id);
      lineage::Rows rows;
      rows.row = flow(id).result.row;
      rows.fields.resize(rows.row.size());
      for (size_t i = 0; i < rows.row.size(); ++i)
        if (i < flow(id).result.fields.size()) rows.fields[i].labels = lineage::flat(flow(id).result.fields[i]).labels;
      flow(id).result = std::move(rows);
      flow(id).reads.clear();
      of.kind = typed::RelationKind::product;
      of.source.reset();
    }
    for (const Json& field : document.at("fields")) {
      const std::vector<int> path = path_of(flow(id).result.row, field.at("name").get<std::string>());
      if (path.empty() || path.front() < 0) continue;
      lineage::Shape made;
      for (const Json& place : field.at("from")) {
        const auto kind = of_word(place.at("kind").get<std::string>(), Kind::aggregation);
        const Origin from = origin(product, place);
        if (kind && link(from, id)) made.values.emplace(from, *kind);
      }
      influences(product, id, field.at("conditions"), made.conditions);
      lineage::merge(at(id, path), made);
    }
    lineage::Influences decide;
    influences(product, id, document.at("rows"), decide);
    flow(id).result.decide = std::move(decide);
  }

  /// The shape of a field or a part of it.
  lineage::Shape& at(RelationId id, const std::vector<int>& path) {
    const std::vector<Field>* row = &flow(id).result.row;
    lineage::Shape* made = &flow(id).result.fields[static_cast<size_t>(path.front())];
    for (size_t i = 1; i < path.size(); ++i) {
      const std::vector<Field>* parts = lineage::parts_of((*row)[static_cast<size_t>(path[i - 1])].type);
      if (made->parts.empty()) made->parts.resize(parts->size());
      made = &made->parts[static_cast<size_t>(path[i])];
      row = parts;
    }
    return *made;
  }

  const std::vector<FarProduct>& registered_;
  const size_t ours_;
  Across made_;
  std::vector<std::pair<const FarProduct*, RelationId>> far_;
  std::map<std::pair<std::string, int64_t>, RelationId> ids_;
  std::map<std::string, RelationId> newest_;
  std::set<RelationId> unpublished_;
};

}  // namespace

Across across(const typed::Project& project, const std::vector<FarProduct>& registered,
              const std::set<RelationId>& foreign) {
  return Join(project, registered, foreign).make();
}

}  // namespace braid::mesh
