// The header of a view or product: its key and time, held against what follows from the flow.
#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/flow.h"
#include "runtime/report/change_findings.h"

namespace braid::checking {

void FlowChecker::finish_header(const std::vector<ast::Clause>& clauses) {
  bool keyed = false;
  for (const ast::Clause& clause : clauses) {
    if (const auto* time = std::get_if<ast::TimeClause>(&clause.node)) header_time(*time, clause.span);
    if (const auto* key = std::get_if<ast::Key>(&clause.node)) {
      header_key(*key);
      keyed = true;
      row_.key_clause = clause.span;
    }
  }
  if (!keyed) add_implicit_key();
  // Who reads a table needs to know that its key is lost: none at all is the key of a table with one row.
  const bool lost = std::any_of(row_.key.begin(), row_.key.end(), [](const KeyPart& part) { return part.column < 0; });
  if (row_.table && lost && !keyed) return;
  row_.key.clear();
  for (const auto& path : made_.key) {
    KeyPart part{
        row_.fields[static_cast<size_t>(path.front())].name, path.front(), {path.begin() + 1, path.end()}, false, {}};
    // A window's start as a key part of the published row stays what it is.
    row_.key.push_back(std::move(part));
  }
}

void FlowChecker::header_time(const ast::TimeClause& clause, Span span) {
  if (clause.field.parts.empty()) return;
  const std::string name = path_text(clause.field);
  const ast::Name& first = clause.field.parts.front();
  const int column = row_.find(first.text);
  if (column < 0) {
    if (row_.open) return;
    auto report = context_.reporter.report(diag::TimeNotKept{.relation = made_.name, .field = name});
    report.at(clause.field.span, "not among the fields of the result");
    show_loss(report, row_, first.text);
    std::vector<std::string> names;
    for (const RowField& field : row_.fields) names.push_back(field.name);
    if (const auto meant = closest(first.text, names))
      report.fix(Applicability::likely, "use `" + *meant + "`", {{first.span, *meant}});
    return;
  }
  const std::optional<FieldPath> field = find_path(context_, row_, clause.field);
  if (!field || is_error(field->type)) return;
  const Span declared = row_.fields[static_cast<size_t>(column)].declared;
  if (is_optional(field->type)) {
    context_.reporter.report(diag::TimeFieldOptional{.field = name})
        .at(clause.field.span, "may be null")
        .also(declared, "made here");
    return;
  }
  if (!is(field->type, TypeKind::timestamp)) {
    context_.reporter.report(diag::TimeFieldType{.field = name, .type = type_text(field->type)})
        .at(clause.field.span, "this is `" + type_text(field->type) + "`")
        .also(declared, "made here");
    return;
  }
  if (field->below.empty() && column == row_.time_field) return;
  if (row_.changes) {
    context_.reporter.report(diag::TimeOfMadeTable{.relation = made_.name, .field = name})
        .at(clause.field.span, "a row has the time of its change")
        .also(declared, "made here")
        .note("leave the clause out: the field stays in the row; the port `changes` of a product gives a stream");
    return;
  }
  if (!row_.has_time) {
    context_.no_event_time(row_, row_.relation, "time")
        .at(clause.field.span, "what it reads has no event time")
        .also(row_.relation_span, "declared here without `time`");
    return;
  }
  if (!clause.within) {
    context_.reporter.report(diag::RetimedWithoutBound{.field = name})
        .at(clause.field.span, "a row that comes out of order by this time is late")
        .note("`time " + name + " within 1h` leaves room for an hour of disorder");
  } else {
    made_.within_us = context_.length_of(*clause.within, "disorder").value_or(0);
  }
  made_.retimed = true;
  row_.time_of_window = false;
  made_.time_field = row_.time_field = field->below.empty() ? column : -1;
  if (!field->below.empty()) {
    made_.time_path = {column};
    made_.time_path.insert(made_.time_path.end(), field->below.begin(), field->below.end());
  }
  row_.time_clause = span;
}

void FlowChecker::header_key(const ast::Key& clause) {
  std::vector<std::string> stated;
  bool sound = true;
  for (const ast::Path& path : clause.fields) {
    if (path.parts.empty()) continue;
    stated.push_back(path_text(path));
    if (row_.find(path.parts.front().text) < 0) {
      sound = false;
      if (row_.open) continue;
      auto report = context_.reporter.report(diag::KeyNotKept{.relation = made_.name, .field = stated.back()});
      report.at(path.span, "not among the fields of the result");
      show_loss(report, row_, path.parts.front().text);
      if (path.parts.size() == 2 && path.parts[0].text == row_.relation && row_.find(path.parts[1].text) >= 0) {
        report.fix(Applicability::likely, "fields of `from` stand alone", {{path.span, path.parts[1].text}});
        continue;
      }
      std::vector<std::string> names;
      for (const RowField& field : row_.fields) names.push_back(field.name);
      if (const auto meant = closest(path.parts.front().text, names))
        report.fix(Applicability::likely, "use `" + *meant + "`", {{path.parts.front().span, *meant}});
      continue;
    }
    const std::optional<FieldPath> field = find_path(context_, row_, path);
    if (!field || is_error(field->type)) {
      sound = false;
      continue;
    }
    const Type& type = without_optional(field->type);
    const bool window = field->below.empty() && same(type, window_type());
    if ((is(type, TypeKind::structure) && !window) || is(type, TypeKind::list) || is(type, TypeKind::map)) {
      sound = false;
      context_.reporter.report(diag::KeyType{.field = stated.back(), .type = type_text(field->type)})
          .at(path.span, "no single value");
      continue;
    }
    std::vector<int> whole{field->column};
    whole.insert(whole.end(), field->below.begin(), field->below.end());
    if (window) whole.push_back(0);
    made_.key.push_back(std::move(whole));
  }
  if (!sound || row_.key_stated || row_.open) return;
  std::vector<std::string> found, uncovered;
  for (const KeyPart& part : row_.key) {
    found.push_back(part.text);
    const bool covered = std::any_of(made_.key.begin(), made_.key.end(), [&](const std::vector<int>& path) {
      if (part.derived.contains(path.front())) return true;
      if (path.front() != part.column) return false;
      return part.window || std::vector<int>(path.begin() + 1, path.end()) == part.path;
    });
    if (!covered) uncovered.push_back(part.text);
  }
  if (uncovered.empty()) return;
  auto report = context_.reporter.report(diag::KeyDisagrees{.relation = made_.name, .stated = stated, .found = found});
  report.at(cover(clause.fields.front().span, clause.fields.back().span), "leaves out `" + uncovered.front() + "`");
  if (!row_.key_clause.empty()) report.also(row_.key_clause, "the key of its rows");
  report.note("rows of one key must be rows of one `" + uncovered.front() +
              "`; more fields than the flow's key may stand in it");
  made_.key.clear();
}

std::optional<std::vector<std::vector<int>>> whole_key(const Row& row) {
  std::vector<std::vector<int>> key;
  for (const KeyPart& part : row.key) {
    if (part.column < 0) return std::nullopt;
    std::vector<int> path{part.column};
    path.insert(path.end(), part.path.begin(), part.path.end());
    if (part.window && path.size() == 1 && is(row.fields[static_cast<size_t>(part.column)].type, TypeKind::structure))
      path.push_back(0);
    key.push_back(std::move(path));
  }
  return key;
}

/// The flow's own key, if the result still has all of it.
void FlowChecker::add_implicit_key() {
  if (auto key = whole_key(row_)) made_.key.insert(made_.key.end(), key->begin(), key->end());
}

}  // namespace braid::checking
