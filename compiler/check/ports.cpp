// Ports as relations: `from p.rejected`, `union p.rejected`, `join p.rejected`.
#include "compiler/check/closest.h"
#include "compiler/check/flow.h"
#include "compiler/check/foreign_reads.h"
#include "runtime/report/change_findings.h"
#include "runtime/report/step_findings.h"

namespace braid::checking {

namespace {

/// Of a table, whether no check of the product gives rows to the port: which rows it judges depends on turns.
bool has_lasting_rows(Context& context, const RelationInfo& source, const std::string& name, const std::string& port,
                      Span place) {
  if (source.id < 0 || !source.row.changes) return true;
  const auto otherwise = port == "alerts"     ? std::optional(typed::Check::Otherwise::alert)
                         : port == "rejected" ? std::optional(typed::Check::Otherwise::reject)
                                              : std::nullopt;
  for (const typed::Check& check : context.project.relations[static_cast<size_t>(source.id)].checks) {
    if (check.otherwise != otherwise) continue;
    context.reporter.report(diag::PortOfJudgedTable{.port = port, .relation = name})
        .at(place, "how often a row is judged on its way depends on how many records come at once")
        .also(check.span, "judges the rows of a table, each as it stands")
        .note("`where … else NAME` in `" + name + "` splits the table: `from " + name +
              ".NAME` has the rows that do not pass now, and follows them as they change");
    return false;
  }
  return true;
}

}  // namespace

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

std::optional<Row> FlowChecker::port_row(const Declaration& declaration, const ast::Name& port, Span place, Span step) {
  RelationInfo& source = need_relation(context_, declaration, step);
  const std::string name = declaration.name.text;
  if (declaration.kind() != "product") {
    context_.reporter.report(diag::PortOfNoProduct{.relation = name, .port = port.text})
        .at(place, "only products have ports")
        .also(declaration.name.span, "declared here")
        .note("each product that reads a view has the rows that leave it in ports of its own");
    return std::nullopt;
  }
  Row row;
  const auto named = source.port_rows.find(port.text);
  if (port.text == "changes") {
    if (!changes_of(source, name, place, row)) return std::nullopt;
  } else if (named != source.port_rows.end()) {
    if (source.mixed_ports.contains(port.text)) {
      context_.reporter.report(diag::PortOfTwoRows{.relation = name, .port = port.text})
          .at(place, "rows of several kinds")
          .also(named->second.relation_span, "named here")
          .note("give the rows of each step a port of their own");
      return std::nullopt;
    }
    row = named->second;
  } else if (is_standing_port(port.text)) {
    if (!has_lasting_rows(context_, source, name, port.text, place)) return std::nullopt;
    for (const Field& field : standing_port_row(port.text))
      row.fields.push_back({field.name, field.type, false, port.span, -1});
  } else {
    if (source.row.open || source.open_ports.contains(port.text)) return std::nullopt;
    std::vector<std::string> names{"rejected", "late", "unmatched", "alerts"};
    for (const auto& [known, fields] : source.port_rows) names.push_back(known);
    for (const auto& [known, view] : context_.port_views)
      if (known.first == &declaration && view.row.table) names.push_back(known.second);
    auto report = context_.reporter.report(diag::UnknownPort{.relation = name, .port = port.text});
    report.at(port.span, "no such port");
    report.note(fmt::format("its ports are {}", fmt::join(names, ", ")));
    for (const char* other : {"errors", "error", "failed", "failures", "dead_letter", "dlq", "invalid"})
      if (port.text == other) report.fix(Applicability::likely, "use `rejected`", {{port.span, "rejected"}});
    if (const auto meant = closest(port.text, names))
      report.fix(Applicability::likely, "use `" + *meant + "`", {{port.span, *meant}});
    return std::nullopt;
  }
  row.relation = name + "." + port.text;
  row.relation_span = declaration.name.span;
  row.key.clear();
  row.key_stated = true;
  row.without_record = {WithoutRecord::Why::port, row.relation, row.relation_span};
  return row;
}

bool FlowChecker::from_port(const ast::From& from, const Declaration& declaration, const ast::Name& port) {
  const Span place = std::get<ast::FromRelation>(from.node).relation.span;
  std::optional<Row> row = port_row(declaration, port, place, from.span);
  if (!row) return false;
  from_relation_span_ = place;
  row_ = std::move(*row);
  if (from.as) {
    row_.alias = from.as->text;
    for (size_t i = 0; i < row_.fields.size(); ++i)
      if (row_.fields[i].name[0] != kOriginalMark)
        row_.alias_columns.emplace_back(row_.fields[i].name, static_cast<int>(i));
  }
  const RelationInfo& source = need_relation(context_, declaration, from.span);
  if (source.id >= 0)
    add({.content = typed::FromStep{source.id, port.text}, .row = {}, .span = from.span, .text = step_text(from.span)});
  return source.state == RelationInfo::State::done;
}

bool FlowChecker::changes_of(const RelationInfo& source, const std::string& name, Span place, Row& row) {
  if (source.id < 0 || source.row.open) return false;
  const typed::Relation& table = context_.project.relations[static_cast<size_t>(source.id)];
  if (!table.changes) {
    context_.reporter.report(diag::ChangesPortOfStream{.relation = name})
        .at(place, "rows of a stream do not change")
        .also(source.declaration->name.span, "declared here")
        .note("`from " + name + "` has them");
    return false;
  }
  if (!source.row.has_time) {
    context_.reporter.report(diag::ChangesWithoutTime{.relation = name})
        .at(place, "which of its states came when, nothing says")
        .also(source.declaration->name.span, "made of tables without `time`")
        .note(
            "`time … within …` in the headers of those tables gives their rows a history; `to … changes as debezium` "
            "writes what each turn comes to");
    return false;
  }
  const Type side = optional_type(struct_type(source.row.types()));
  row.fields.push_back({"op", string_type(), false, place, -1});
  row.fields.push_back({"before", side, false, place, -1});
  row.fields.push_back({"after", side, false, place, -1});
  row.has_time = true;
  return true;
}

RelationInfo* FlowChecker::port_view(const Declaration& declaration, const ast::Name& port, const std::string& purpose,
                                     Span place, Span step) {
  need_relation(context_, declaration, step);
  if (place_.domain != nullptr && !may_read_port(context_, declaration, port, *place_.domain, purpose, place))
    return nullptr;
  if (RelationInfo* table = port_table(declaration, port.text)) return table;
  std::optional<Row> row = port_row(declaration, port, place, step);
  const RelationInfo& source = need_relation(context_, declaration, step);
  if (!row || source.id < 0 || source.state != RelationInfo::State::done) return nullptr;
  RelationInfo& info = context_.port_views[{&declaration, port.text}];
  if (info.id >= 0) return &info;
  info.declaration = &declaration;
  info.state = RelationInfo::State::done;
  info.row = std::move(*row);
  typed::Relation made{};
  made.kind = typed::RelationKind::view;
  made.domain = declaration.domain->name;
  made.name = info.row.relation;
  made.row = info.row.types();
  made.has_time = info.row.has_time;
  made.time_field = info.row.time_field;
  made.span = declaration.name.span;
  made.steps.push_back(
      {.content = typed::FromStep{source.id, port.text}, .row = made.row, .span = place, .text = "from " + made.name});
  info.id = static_cast<int>(context_.project.relations.size());
  context_.project.relations.push_back(std::move(made));
  return &info;
}

RelationInfo* FlowChecker::looked_at(Context& context, const Declaration& declaration, const ast::Name& port,
                                     Span place) {
  RelationInfo nothing;
  nothing.declaration = &declaration;
  return FlowChecker(context, nothing).port_view(declaration, port, {}, place, {});
}

void FlowChecker::note_port(const std::string& name) {
  Row row = row_;
  row.fields.resize(shown_fields(row_.types()).size());
  row.alias.clear();
  row.alias_columns.clear();
  row.present.clear();
  row.names_of_steps.clear();
  row.gone.clear();
  row.in_window = row.in_session = false;
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
