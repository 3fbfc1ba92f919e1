#include "mesh/lineage/graph.h"

#include <algorithm>

#include "compiler/access/read_plan.h"

namespace braid::mesh {
namespace {

/// Written by no script: `?arrival`, and originals of fields that a step replaced.
bool is_hidden(const std::string& name) {
  return name.empty() || name.front() == '?' || name.front() == '`';
}

void add_leaves(const Origin& at, const Type& type, std::vector<Origin>& made) {
  const std::vector<Field>* fields = lineage::parts_of(type);
  if (fields == nullptr || fields->empty()) {
    made.push_back(at);
    return;
  }
  for (size_t i = 0; i < fields->size(); ++i) {
    Origin part = at;
    part.path.push_back(static_cast<int>(i));
    add_leaves(part, (*fields)[i].type, made);
  }
}

void add_conditions(Influences& into, const Influences& from, std::optional<Influence> kind) {
  for (const auto& [origin, own] : from) into.insert({origin, kind.value_or(own)});
}

/// Whether the steps, which are those of a read plan of `owner`, mask the field or a part of it.
bool masks(const std::vector<typed::Step>& steps, const typed::Relation& owner, const std::vector<int>& path) {
  const auto first = static_cast<size_t>(path.front());
  for (const typed::Step& step : steps) {
    const auto* project = std::get_if<typed::ProjectStep>(&step.content);
    if (project == nullptr || project->word != access::kMaskWord || first >= project->columns.size()) continue;
    const auto* kept = std::get_if<typed::ColumnRead>(&project->columns[first]->node);
    if (kept != nullptr && kept->index == path.front()) continue;
    for (const typed::MaskRule& mask : owner.access.masks) {
      const size_t common = std::min(mask.field.size(), path.size());
      if (std::equal(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(common), mask.field.begin())) return true;
    }
  }
  return false;
}

}  // namespace

Graph::Graph(const typed::Project& project) : project_(project), flows_(lineage::flows(project)) {}

Graph::Graph(const typed::Project& project, std::vector<lineage::RelationFlow> flows)
    : project_(project), flows_(std::move(flows)) {}

const lineage::Rows* Graph::rows(const Reading& reading) const {
  const lineage::RelationFlow& read = flow(reading.relation);
  if (reading.port.empty()) return &read.result;
  const auto port = read.ports.find(reading.port);
  return port == read.ports.end() ? nullptr : &port->second;
}

std::vector<Origin> Graph::fields(const Reading& reading) const {
  std::vector<Origin> made;
  const lineage::Rows* read = rows(reading);
  if (read == nullptr) return made;
  for (size_t i = 0; i < read->row.size() && i < read->fields.size(); ++i)
    if (!is_hidden(read->row[i].name))
      add_leaves({reading.relation, reading.port, {static_cast<int>(i)}}, read->row[i].type, made);
  return made;
}

std::vector<Field> Graph::row(const Reading& reading) const {
  std::vector<Field> made;
  if (const lineage::Rows* read = rows(reading))
    for (const Field& field : read->row)
      if (!is_hidden(field.name)) made.push_back(field);
  return made;
}

std::vector<Origin> Graph::find(typed::RelationId id, const std::string& path) const {
  std::vector<Origin> made;
  for (const Origin& field : fields({id, ""})) {
    const std::string name = field_name(field);
    if (name == path || name.starts_with(path + ".")) made.push_back(field);
  }
  return made;
}

lineage::Shape Graph::made_of(const Origin& field) const {
  const lineage::Rows* read = rows({field.relation, field.port});
  if (read == nullptr) return {};
  lineage::Shape made;
  if (field.path.front() == lineage::kEventTime) {
    made = read->time;
  } else {
    const lineage::Shape* at = &read->fields.at(static_cast<size_t>(field.path.front()));
    for (size_t i = 1; i < field.path.size(); ++i) {
      // What stands at a struct holds for its parts.
      lineage::Shape own = *at;
      own.parts.clear();
      lineage::merge(made, own);
      if (static_cast<size_t>(field.path[i]) >= at->parts.size()) break;
      at = &at->parts[static_cast<size_t>(field.path[i])];
    }
    lineage::merge(made, *at);
  }
  made = lineage::flat(made);
  if (is_source(field.relation)) made.values.erase(field);
  return made;
}

const Influences& Graph::decides(const Reading& reading) const {
  static const Influences nothing;
  const lineage::Rows* read = rows(reading);
  return read == nullptr ? nothing : read->decide;
}

bool Graph::ends(typed::RelationId id, Until until) const {
  return is_source(id) || (until == Until::products && relation(id).kind == typed::RelationKind::product);
}

const Composed& Graph::from(const Origin& origin, Until until) const {
  const auto known = known_.find({origin, until});
  if (known != known_.end()) return known->second;
  Composed made;
  if (ends(origin.relation, until))
    made.values.emplace(origin, Kind::identity);
  else
    made = composed(origin, until);
  return known_.emplace(std::pair(origin, until), std::move(made)).first->second;
}

Composed Graph::composed(const Origin& field, Until until) const {
  Composed made;
  const lineage::Shape shape = made_of(field);
  for (const auto& [origin, kind] : shape.values) {
    const Composed& before = from(origin, until);
    for (const auto& [source, earlier] : before.values) {
      Kind& known = made.values.try_emplace(source, Kind::identity).first->second;
      known = std::max({known, kind, earlier});
    }
    add_conditions(made.conditions, before.conditions, std::nullopt);
  }
  for (const auto& [origin, influence] : shape.conditions) {
    const Composed& before = from(origin, until);
    for (const auto& [source, kind] : before.values) made.conditions.insert({source, influence});
    add_conditions(made.conditions, before.conditions, influence);
  }
  return made;
}

bool Graph::is_masked_view(const Origin& field) const {
  const typed::Relation& view = relation(field.relation);
  return view.eyes_of >= 0 && field.path.front() >= 0 && masks(view.steps, relation(view.eyes_of), field.path);
}

void Graph::add_masked(const Origin& field, Until until, std::set<Origin>& made) const {
  const bool here = is_masked_view(field);
  for (const auto& [origin, kind] : made_of(field).values) {
    if (here)
      for (const auto& [source, earlier] : from(origin, until).values) made.insert(source);
    else if (!ends(origin.relation, until))
      add_masked(origin, until, made);
  }
}

std::set<Origin> Graph::masked(const Origin& field, Until until) const {
  std::set<Origin> made;
  const typed::Relation& own = relation(field.relation);
  if (field.path.front() >= 0 && masks(own.outlet, own, field.path))
    for (const auto& [source, kind] : composed(field, until).values) made.insert(source);
  else
    add_masked(field, until, made);
  return made;
}

Influences Graph::composed_rows(const Reading& reading, Until until) const {
  Influences made;
  if (is_source(reading.relation)) return decides(reading);
  for (const auto& [origin, influence] : decides(reading)) {
    const Composed& before = from(origin, until);
    for (const auto& [source, kind] : before.values) made.insert({source, influence});
    add_conditions(made, before.conditions, influence);
  }
  for (const Reading& read : flow(reading.relation).reads)
    if (!ends(read.relation, until) || is_source(read.relation))
      add_conditions(made, composed_rows(read.port == "changes" ? Reading{read.relation, ""} : read, until),
                     std::nullopt);
  return made;
}

std::set<Reading> Graph::reads(typed::RelationId id, Until until) const {
  std::set<Reading> made;
  for (const Reading& reading : flow(id).reads) {
    if (ends(reading.relation, until))
      made.insert(reading);
    else
      made.merge(reads(reading.relation, until));
  }
  return made;
}

std::vector<typed::Declassification> Graph::declassified(typed::RelationId id) const {
  std::vector<typed::Declassification> made = flow(id).declassified;
  for (const Reading& reading : flow(id).reads) {
    if (relation(reading.relation).kind != typed::RelationKind::view) continue;
    for (const typed::Declassification& one : declassified(reading.relation)) {
      const bool known = std::any_of(made.begin(), made.end(), [&](const typed::Declassification& other) {
        return other.label == one.label && other.span == one.span;
      });
      if (!known) made.push_back(one);
    }
  }
  return made;
}

std::string Graph::name(const Reading& reading) const {
  const std::string own = relation(reading.relation).qualified();
  return reading.port.empty() ? own : own + "." + reading.port;
}

std::string Graph::field_name(const Origin& field) const {
  if (field.path.front() == lineage::kEventTime) return "event_time()";
  const lineage::Rows* read = rows({field.relation, field.port});
  const std::vector<Field>* fields = read == nullptr ? nullptr : &read->row;
  std::string made;
  for (const int index : field.path) {
    if (fields == nullptr || static_cast<size_t>(index) >= fields->size()) break;
    const Field& at = (*fields)[static_cast<size_t>(index)];
    made += (made.empty() ? "" : ".") + at.name;
    fields = lineage::parts_of(at.type);
  }
  return made;
}

Type Graph::type(const Origin& field) const {
  const lineage::Rows* read = rows({field.relation, field.port});
  if (read == nullptr || field.path.front() == lineage::kEventTime) return nullptr;
  const std::vector<Field>* fields = &read->row;
  Type made;
  for (const int index : field.path) {
    if (fields == nullptr || static_cast<size_t>(index) >= fields->size()) return nullptr;
    made = (*fields)[static_cast<size_t>(index)].type;
    fields = lineage::parts_of(made);
  }
  return made;
}

std::string_view Graph::kind(typed::RelationId id) const {
  switch (relation(id).kind) {
    case typed::RelationKind::stream:
      return "stream";
    case typed::RelationKind::table:
      return "table";
    case typed::RelationKind::view:
      return "view";
    case typed::RelationKind::product:
      return "product";
  }
  return "";
}

}  // namespace braid::mesh
