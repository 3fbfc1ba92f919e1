// `where … else port` and `lookup … else port` over a table. A row of a table stops to pass, and passes again: so the
// port is a table, too, of the rows that do not pass, with the key of the flow. It is a view of its own, that of the
// flow up to the step.
#include "compiler/check/flow.h"
#include "runtime/report/change_findings.h"

namespace braid::checking {
namespace {

/// By this flow, which its ports are not.
bool is_kept_for_later(const RowField& field) {
  return field.name[0] == kOriginalMark && field.name != kRowTime;
}

}  // namespace

void FlowChecker::table_port(const ast::Name& name, const typed::ExpressionRef& condition, Span span,
                             std::optional<size_t> fields) {
  const Declaration& declaration = *info_.declaration;
  // The flow is made once more, its ports are not, apart from one that is asked for.
  if ((keeps_time_ || keeps_arrival_ || keeps_headers_) && (port_info_ == nullptr || name.text != timed_port_)) return;
  if (is_standing_port(name.text)) {
    context_.reporter.report(diag::PortTaken{.port = name.text})
        .at(name.span, "a name of its own, please")
        .note("every product has `rejected`, `late`, `unmatched` and `alerts`");
    return;
  }
  RelationInfo& info = port_info_ != nullptr ? *port_info_ : context_.port_views[{&declaration, name.text}];
  if (port_info_ == nullptr && (info.declaration != nullptr || info_.ports.contains(name.text))) {
    auto report = context_.reporter.report(diag::PortOfTwoTables{.port = name.text});
    report.at(name.span, "its rows are another table");
    if (info.row.table) report.also(info.row.relation_span, "named here");
    report.note("each step that splits a table has a port of its own; `union` makes one table of two");
    return;
  }
  info.declaration = &declaration;
  info.state = RelationInfo::State::done;
  info.row = row_;
  info.row.relation = declaration.name.text + "." + name.text;
  info.row.relation_span = name.span;
  info.row.alias.clear();
  info.row.alias_columns.clear();
  info.row.present.clear();
  info.row.names_of_steps.clear();
  info.row.gone.clear();
  info.row.step = {};
  for (RowField& field : info.row.fields) field.from_script = false;
  info.row.fields.resize(fields.value_or(info.row.fields.size()));
  std::erase_if(info.row.fields, is_kept_for_later);
  if (row_.open || is_poison(condition) || has_elements(name.span)) {
    info.row.open = true;
    return;
  }
  typed::Relation made{};
  made.kind = typed::RelationKind::view;
  made.domain = declaration.domain->name;
  made.name = info.row.relation + (keeps_time_ ? kTimedName : "");
  made.row = info.row.types();
  made.has_time = row_.has_time;
  made.time_field = row_.time_field;
  made.changes = row_.changes;
  made.span = name.span;
  made.steps = made_.steps;
  const typed::ExpressionRef fails = typed::make(bool_type(), condition->span, typed::Not{condition});
  made.steps.push_back(
      {.content = typed::WhereStep{fails, {}}, .row = made.row, .span = span, .text = step_text(span)});
  if (made.row.size() < row_.fields.size()) {
    typed::ProjectStep shown{"drop", {}};
    for (size_t i = 0; i < fields.value_or(row_.fields.size()); ++i)
      if (const RowField& field = row_.fields[i]; !is_kept_for_later(field))
        shown.columns.push_back(typed::make(field.type, span, typed::ColumnRead{static_cast<int>(i)}));
    made.steps.back().row = row_.types();
    made.steps.push_back({.content = std::move(shown), .row = made.row, .span = span, .text = step_text(span)});
  }
  if (auto key = whole_key(row_)) {
    made.key = std::move(*key);
    info.row.key.clear();
    for (const std::vector<int>& path : made.key)
      info.row.key.push_back(
          {info.row.fields[static_cast<size_t>(path.front())].name, path.front(), {path.begin() + 1, path.end()}});
  }
  if (!row_.changes) made.version_key = made.key;
  info.is_static = !row_.has_time && !row_.changes;
  for (const auto& path : made.key)
    if (path.size() == 1) info.key_columns.push_back(path.front());
  info.id = static_cast<int>(context_.project.relations.size());
  context_.project.relations.push_back(std::move(made));
}

RelationInfo* FlowChecker::port_table(const Declaration& declaration, const std::string& port) {
  const auto found = context_.port_views.find({&declaration, port});
  return found != context_.port_views.end() && found->second.row.table ? &found->second : nullptr;
}

}  // namespace braid::checking
