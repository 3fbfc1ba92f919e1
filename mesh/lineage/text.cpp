#include "mesh/lineage/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace braid::mesh {
namespace {

const std::vector<Origin>& chosen(const Subject& subject, const std::vector<Origin>& all) {
  return subject.fields.empty() ? all : subject.fields;
}

std::string type_text(const Graph& graph, const Origin& field) {
  const Type type = graph.type(field);
  return type == nullptr ? "" : ": " + to_string(type);
}

void add_line(std::string& text, int depth, std::string_view kind, const std::string& what) {
  text += fmt::format("{:{}}{:<15} {}\n", "", depth * 2, kind, what);
}

void go_up(const Graph& graph, const Origin& field, int depth, std::string& text) {
  const lineage::Shape shape = graph.made_of(field);
  for (const auto& [origin, kind] : shape.values) {
    add_line(text, depth, lineage::word(kind), graph.name(origin) + labels_text(graph.made_of(origin)));
    if (!graph.is_source(origin.relation)) go_up(graph, origin, depth + 1, text);
  }
  for (const auto& [origin, influence] : shape.conditions)
    add_line(text, depth, lineage::word(influence), graph.name(origin));
}

/// One line for each kind, in the order of the kinds.
void add_rows(const Graph& graph, const Influences& influences, int depth, std::string& text) {
  std::map<Influence, std::string> lines;
  for (const auto& [origin, influence] : influences) {
    std::string& line = lines[influence];
    line += (line.empty() ? "" : ", ") + graph.name(origin);
  }
  for (const auto& [influence, line] : lines) add_line(text, depth, lineage::word(influence), line);
}

std::string title(const Graph& graph, typed::RelationId id) {
  const typed::Relation& relation = graph.relation(id);
  std::string made = fmt::format("{} {}", graph.kind(id), relation.qualified());
  if (relation.kind == typed::RelationKind::product) made += fmt::format(" version {}", relation.version);
  return made + "\n";
}

void go_down(const Graph& graph, const std::map<Origin, std::vector<Use>>& uses, const Origin& field, int depth,
             std::set<Origin>& shown, std::string& text) {
  const auto found = uses.find(field);
  if (found == uses.end()) return;
  for (const Use& use : found->second) {
    const bool again = !shown.insert(use.field).second && uses.contains(use.field);
    add_line(text, depth, lineage::word(use.kind),
             graph.name(use.field) + labels_text(graph.made_of(use.field)) + (again ? " (above)" : ""));
    if (!again) go_down(graph, uses, use.field, depth + 1, shown, text);
  }
}

}  // namespace

std::string labels_text(const lineage::Shape& shape) {
  std::string made;
  for (const std::string& label : shape.labels) made += " #" + label;
  return made;
}

std::string text_up(const Graph& graph, const Subject& subject) {
  std::string text = title(graph, subject.relation);
  const Reading reading{subject.relation, ""};
  const std::vector<Origin> all = graph.fields(reading);
  for (const Origin& field : chosen(subject, all)) {
    text +=
        fmt::format("  {}{}{}\n", graph.field_name(field), type_text(graph, field), labels_text(graph.made_of(field)));
    go_up(graph, field, 2, text);
  }
  if (const Influences rows = graph.composed_rows(reading, Until::sources); !rows.empty()) {
    text += "  which rows\n";
    add_rows(graph, rows, 2, text);
  }
  for (const typed::Declassification& one : graph.declassified(subject.relation))
    text += fmt::format("  declassified #{}: {}\n", one.label, one.because);
  return text;
}

std::map<Origin, std::vector<Use>> uses(const Graph& graph) {
  std::map<Origin, std::vector<Use>> made;
  for (size_t id = 0; id < graph.project().relations.size(); ++id) {
    if (graph.is_source(static_cast<typed::RelationId>(id))) continue;
    std::vector<Reading> readings{{static_cast<typed::RelationId>(id), ""}};
    for (const auto& [port, rows] : graph.flow(static_cast<typed::RelationId>(id)).ports)
      readings.push_back({static_cast<typed::RelationId>(id), port});
    for (const Reading& reading : readings) {
      // A port that no flow reads is not shown: every product has some.
      const bool read = reading.port.empty() ||
                        std::any_of(graph.project().relations.begin(), graph.project().relations.end(),
                                    [&](const typed::Relation& other) {
                                      const auto index =
                                          static_cast<typed::RelationId>(&other - graph.project().relations.data());
                                      return graph.flow(index).reads.contains(reading);
                                    });
      if (!read) continue;
      for (const Origin& field : graph.fields(reading))
        for (const auto& [origin, kind] : graph.made_of(field).values) made[origin].push_back({field, kind});
    }
  }
  return made;
}

Reached reached(const Graph& graph, const Subject& subject) {
  const std::map<Origin, std::vector<Use>> all_uses = uses(graph);
  const std::vector<Origin> all = graph.fields({subject.relation, ""});
  Reached made;
  std::vector<std::pair<Origin, Kind>> open;
  std::set<Origin> start;
  for (const Origin& field : chosen(subject, all)) {
    start.insert(field);
    open.emplace_back(field, Kind::identity);
    made.labels.merge(graph.made_of(field).labels);
  }
  while (!open.empty()) {
    const auto [field, kind] = open.back();
    open.pop_back();
    const auto found = all_uses.find(field);
    if (found == all_uses.end()) continue;
    for (const Use& use : found->second) {
      const Kind reached_by = std::max(kind, use.kind);
      const auto [known, fresh] = made.fields.try_emplace(use.field, reached_by);
      if (!fresh && known->second >= reached_by) continue;
      known->second = reached_by;
      made.labels.merge(graph.made_of(use.field).labels);
      open.emplace_back(use.field, reached_by);
    }
  }
  // Whose rows: of a flow that a reached field decides, and of those that read such rows.
  for (size_t i = 0; i < graph.project().relations.size(); ++i) {
    const auto id = static_cast<typed::RelationId>(i);
    if (graph.is_source(id)) continue;
    const Reading reading{id, ""};
    for (const auto& [origin, influence] : graph.decides(reading))
      if (start.contains(origin) || made.fields.contains(origin)) made.rows[reading].insert(influence);
    for (const Origin& field : graph.fields(reading))
      for (const auto& [origin, influence] : graph.made_of(field).conditions)
        if (start.contains(origin) || made.fields.contains(origin)) made.rows[reading].insert(influence);
    for (const Reading& read : graph.flow(id).reads)
      if (const auto above = made.rows.find({read.relation, ""}); above != made.rows.end()) {
        const std::set<Influence> kinds = above->second;
        made.rows[reading].insert(kinds.begin(), kinds.end());
      }
  }
  return made;
}

std::string text_down(const Graph& graph, const Subject& subject) {
  std::string text = title(graph, subject.relation);
  const std::map<Origin, std::vector<Use>> all_uses = uses(graph);
  const std::vector<Origin> all = graph.fields({subject.relation, ""});
  for (const Origin& field : chosen(subject, all)) {
    text +=
        fmt::format("  {}{}{}\n", graph.field_name(field), type_text(graph, field), labels_text(graph.made_of(field)));
    std::set<Origin> shown;
    go_down(graph, all_uses, field, 2, shown, text);
  }
  const Reached end = reached(graph, subject);
  if (!end.rows.empty()) {
    text += "  rows that it decides\n";
    for (const auto& [reading, influences] : end.rows) {
      std::string kinds;
      for (const Influence influence : influences)
        kinds += (kinds.empty() ? "" : ", ") + std::string(lineage::word(influence));
      text += fmt::format("    {}: {}\n", graph.name(reading), kinds);
    }
  }
  std::set<std::string> products;
  auto add_product = [&](typed::RelationId id) {
    if (graph.relation(id).kind == typed::RelationKind::product)
      products.insert(fmt::format("{} version {}", graph.relation(id).qualified(), graph.relation(id).version));
  };
  for (const auto& [field, kind] : end.fields) add_product(field.relation);
  for (const auto& [reading, influences] : end.rows) add_product(reading.relation);
  if (!products.empty()) text += fmt::format("  products: {}\n", fmt::join(products, ", "));
  if (!end.labels.empty()) text += fmt::format("  labels: #{}\n", fmt::join(end.labels, ", #"));
  return text;
}

}  // namespace braid::mesh
