// Ports as relations: `from p.rejected`.
#include "compiler/check/closest.h"
#include "compiler/check/flow.h"
#include "runtime/report/step_findings.h"

namespace braid::checking {

std::vector<Field> standing_port_row(std::string_view port) {
  const Field origin{
      "origin",
      struct_type(
          {{"source", string_type()}, {"partition", string_type()}, {"position", int_type()}, {"line", int_type()}})};
  const Field row{"row", optional_type(json_type())};
  if (port == "alerts") return {{"check", string_type()}, origin, row};
  return {{"reason", string_type()}, {"code", string_type()},
          {"step", string_type()},   origin,
          {"bytes", string_type()},  row};
}

bool FlowChecker::from_port(const ast::From& from, const Declaration& declaration, const ast::Name& port) {
  const Span place = std::get<ast::FromRelation>(from.node).relation.span;
  RelationInfo& source = need_relation(context_, declaration, from.span);
  const std::string name = declaration.name.text;
  if (declaration.kind() != "product") {
    context_.reporter.report(diag::PortOfNoProduct{.relation = name, .port = port.text})
        .at(place, "only products have ports")
        .also(declaration.name.span, "declared here")
        .note("each product that reads a view has the rows that leave it in ports of its own");
    return false;
  }
  from_relation_span_ = place;
  row_ = {};
  const auto named = source.port_rows.find(port.text);
  if (port.text == "changes") {
    context_.not_yet(place, "reading the port `changes`", "a `view` of the flow of the product can be read");
    return false;
  }
  if (named != source.port_rows.end()) {
    if (source.mixed_ports.contains(port.text)) {
      context_.reporter.report(diag::PortOfTwoRows{.relation = name, .port = port.text})
          .at(place, "rows of several kinds")
          .also(named->second.relation_span, "named here")
          .note("give the rows of each step a port of their own");
      return false;
    }
    row_ = named->second;
  } else if (is_standing_port(port.text)) {
    for (const Field& field : standing_port_row(port.text))
      row_.fields.push_back({field.name, field.type, false, port.span, -1});
  } else {
    if (source.row.open || source.open_ports.contains(port.text)) return false;
    std::vector<std::string> names{"rejected", "late", "unmatched", "alerts"};
    for (const auto& [known, row] : source.port_rows) names.push_back(known);
    auto report = context_.reporter.report(diag::UnknownPort{.relation = name, .port = port.text});
    report.at(port.span, "no such port");
    report.note(fmt::format("its ports are {}", fmt::join(names, ", ")));
    for (const char* other : {"errors", "error", "failed", "failures", "dead_letter", "dlq", "invalid"})
      if (port.text == other) report.fix(Applicability::likely, "use `rejected`", {{port.span, "rejected"}});
    if (const auto meant = closest(port.text, names))
      report.fix(Applicability::likely, "use `" + *meant + "`", {{port.span, *meant}});
    return false;
  }
  row_.relation = name + "." + port.text;
  row_.relation_span = declaration.name.span;
  row_.key.clear();
  row_.key_stated = true;
  if (from.as) {
    row_.alias = from.as->text;
    for (size_t i = 0; i < row_.fields.size(); ++i)
      row_.alias_columns.emplace_back(row_.fields[i].name, static_cast<int>(i));
  }
  if (source.id >= 0)
    add({.content = typed::FromStep{source.id, port.text}, .row = {}, .span = from.span, .text = step_text(from.span)});
  return source.state == RelationInfo::State::done;
}

void FlowChecker::note_port(const std::string& name) {
  Row row = row_;
  row.alias.clear();
  row.alias_columns.clear();
  row.present.clear();
  row.names_of_steps.clear();
  row.gone.clear();
  row.in_window = false;
  row.window = nullptr;
  row.time_of_window = false;
  row.key.clear();
  row.relation_span = info_.declaration->name.span;
  for (RowField& field : row.fields) field.from_script = false;
  const auto [known, fresh] = info_.port_rows.try_emplace(name, row);
  if (fresh) return;
  const std::vector<Field> before = known->second.types(), now = row.types();
  const bool alike =
      known->second.has_time == row.has_time && known->second.time_field == row.time_field &&
      std::equal(before.begin(), before.end(), now.begin(), now.end(),
                 [](const Field& a, const Field& b) { return a.name == b.name && same(a.type, b.type); });
  if (!alike) info_.mixed_ports.insert(name);
}

}  // namespace braid::checking
