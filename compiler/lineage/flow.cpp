// The relations of a project, each from what it reads: sources, flows step by step (step_flow.cpp), standing ports.
#include "compiler/lineage/flow.h"

#include <algorithm>

#include "compiler/lineage/expression_flow.h"
#include "compiler/lineage/step_flow.h"
#include "runtime/base/overloaded.h"

namespace braid::lineage {
namespace {

using typed::Project;
using typed::Relation;
using typed::RelationId;

/// A source's field as its readers find it: what stands in the record under its name, or its default.
RelationFlow source_flow(const Relation& relation, RelationId id) {
  RelationFlow made;
  Rows& rows = made.result;
  rows.row = relation.row;
  for (size_t i = 0; i < relation.row.size(); ++i) {
    Shape field = shape_of_origin({id, "", {static_cast<int>(i)}}, relation.row[i].type, nullptr);
    if (i < relation.source->fields.size()) {
      const typed::SourceField& declared = relation.source->fields[i];
      field.labels.insert(declared.labels.begin(), declared.labels.end());
      for (const auto& [path, label] : declared.labels_below) {
        Shape* at = &field;
        for (const int index : path)
          if (static_cast<size_t>(index) < at->parts.size()) at = &at->parts[static_cast<size_t>(index)];
        at->labels.insert(label);
      }
    }
    rows.fields.push_back(std::move(field));
  }
  if (relation.has_time)
    rows.time = relation.time_field >= 0 ? flat(rows.fields[static_cast<size_t>(relation.time_field)])
                                         : shape_of_origin({id, "", {kEventTime}}, timestamp_type(), nullptr);
  for (size_t i = 0; i < relation.source->fields.size() && i < relation.row.size(); ++i) {
    const typed::ExpressionRef& fallback = relation.source->fields[i].fallback;
    if (fallback == nullptr) continue;
    // Whether it is computed at all depends on the field.
    if (fallback->can_fail) rows.decide.merge(influences_of(rows.fields[i], Influence::conditional));
    const std::vector<Shape> above = rows.fields;
    ExpressionFlow expressions(above, rows.time);
    merge(rows.fields[i], raised(expressions.of(fallback), Kind::transformation));
    for (const Origin& origin : expressions.failures()) rows.decide.insert({origin, Influence::conditional});
  }
  return made;
}

/// What a product's flow reads: of the views, which are part of it, what they read, too.
std::set<Reading> records_read(const RelationFlow& flow, const std::vector<RelationFlow>& known,
                               const Project& project) {
  std::set<Reading> made = flow.reads;
  for (const Reading& reading : flow.reads) {
    const auto id = static_cast<size_t>(reading.relation);
    if (project.relations[id].kind == typed::RelationKind::view && reading.port.empty())
      made.merge(records_read(known[id], known, project));
  }
  return made;
}

/// Rows that left the flow, and why: any field that it read may be in their bytes, and in the reason. `judged`: what
/// decides which rows break a check that alerts.
Rows standing_port(const RelationFlow& flow, const std::vector<RelationFlow>& known, const Project& project,
                   bool alerts, const Influences& judged) {
  Rows made = {.row = {}, .fields = {}, .time = {}, .decide = flow.result.decide};
  Shape all;
  if (alerts) {
    made.decide.insert(judged.begin(), judged.end());
    for (const Shape& field : flow.result.fields) merge(all, flat(field));
  } else {
    for (const Reading& reading : records_read(flow, known, project))
      for (const Shape& field : fields_read(known, project, reading)) merge(all, flat(field));
    made.decide.merge(influences_of(all, Influence::conditional));
  }
  all = raised(std::move(all), Kind::transformation);
  const Type text = string_type();
  // As checking::standing_port_row has them.
  if (alerts) {
    made.row = {{"check", text}, {"origin", text}, {"row", text}};
    made.fields = {{}, {}, all};
  } else {
    made.row = {{"reason", text}, {"code", text}, {"step", text}, {"origin", text}, {"bytes", text}, {"row", text}};
    made.fields = {all, {}, {}, {}, all, all};
  }
  return made;
}

void note(std::vector<typed::Declassification>& all, const typed::Declassification& one) {
  const bool known = std::any_of(all.begin(), all.end(), [&](const typed::Declassification& other) {
    return other.label == one.label && other.span == one.span;
  });
  if (!known) all.push_back(one);
}

RelationFlow made_flow(const Relation& relation, const std::vector<RelationFlow>& known, const Project& project) {
  RelationFlow made;
  StepFlow steps(project, known, made);
  for (const typed::Step& step : relation.steps) steps.add(step);
  Rows& rows = made.result = steps.rows();
  rows.row = relation.row;
  if (relation.time_field >= 0 && static_cast<size_t>(relation.time_field) < rows.fields.size()) {
    rows.time = flat(rows.fields[static_cast<size_t>(relation.time_field)]);
    if (relation.retimed) rows.decide.merge(influences_of(rows.time, Influence::sort));
  } else if (!relation.time_path.empty()) {
    const Shape* time = &rows.fields[static_cast<size_t>(relation.time_path.front())];
    for (size_t i = 1; i < relation.time_path.size(); ++i)
      if (static_cast<size_t>(relation.time_path[i]) < time->parts.size())
        time = &time->parts[static_cast<size_t>(relation.time_path[i])];
    rows.time = flat(*time);
    rows.decide.merge(influences_of(rows.time, Influence::sort));
  }
  ExpressionFlow checks(rows.fields, rows.time);
  Influences decide, alerted;
  for (const typed::Check& check : relation.checks) {
    const bool alerts = check.otherwise == typed::Check::Otherwise::alert;
    (alerts ? alerted : decide).merge(influences_of(checks.of(check.condition), Influence::filter));
  }
  for (const typed::Unique& unique : relation.uniques) {
    for (const int field : unique.fields)
      decide.merge(influences_of(rows.fields[static_cast<size_t>(field)], Influence::filter));
    decide.merge(influences_of(rows.time, Influence::sort));
  }
  for (const Origin& origin : checks.failures()) decide.insert({origin, Influence::conditional});
  rows.decide.merge(decide);
  made.whole_cases.insert(checks.whole_cases().begin(), checks.whole_cases().end());
  for (const typed::Declassification& one : steps.declassified()) note(made.declassified, one);
  for (const typed::Declassification& one : checks.declassified()) note(made.declassified, one);
  if (relation.kind == typed::RelationKind::product) {
    for (const char* port : {"rejected", "late", "unmatched"})
      made.ports[port] = standing_port(made, known, project, false, {});
    made.ports["alerts"] = standing_port(made, known, project, true, alerted);
  }
  return made;
}

std::vector<std::string> list_of(const std::set<std::string>& labels) {
  return {labels.begin(), labels.end()};
}

}  // namespace

std::vector<RelationFlow> flows(const Project& project) {
  std::vector<RelationFlow> made(project.relations.size());
  std::vector<bool> begun(project.relations.size());
  // Most stand behind what they read. A view that was made once more reads the later form.
  const auto make = [&](const auto& again, RelationId id) -> void {
    const auto at = static_cast<size_t>(id);
    if (begun[at]) return;
    begun[at] = true;
    const Relation& relation = project.relations[at];
    for (const typed::Step& step : relation.steps) {
      const RelationId read = std::visit(Overloaded{[](const typed::FromStep& from) { return from.relation; },
                                                    [](const typed::UnionStep& other) { return other.relation; },
                                                    [](const typed::JoinStep& join) { return join.relation; },
                                                    [](const typed::TableJoinStep& join) { return join.relation; },
                                                    [](const auto&) { return RelationId{-1}; }},
                                         step.content);
      if (read >= 0) again(again, read);
    }
    made[at] = relation.source ? source_flow(relation, id) : made_flow(relation, made, project);
  };
  for (size_t id = 0; id < made.size(); ++id) make(make, static_cast<RelationId>(id));
  return made;
}

std::optional<std::vector<RelationFlow>> follow_labels(Project& project) {
  auto labelled = [](const Relation& relation) {
    return relation.source && std::any_of(relation.source->fields.begin(), relation.source->fields.end(),
                                          [](const typed::SourceField& field) {
                                            return !field.labels.empty() || !field.labels_below.empty();
                                          });
  };
  const bool any = std::any_of(project.relations.begin(), project.relations.end(), labelled) ||
                   std::any_of(project.services.begin(), project.services.end(),
                               [](const typed::Service& service) { return !service.result_labels.empty(); });
  if (!any) return std::nullopt;
  std::vector<RelationFlow> all = flows(project);
  for (size_t i = 0; i < all.size(); ++i) {
    std::vector<std::vector<std::string>>& labels = project.relations[i].field_labels;
    labels.clear();
    for (const Shape& field : all[i].result.fields) labels.push_back(list_of(flat(field).labels));
  }
  return all;
}

}  // namespace braid::lineage
