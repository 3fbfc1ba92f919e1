// `unnest`: a row for each element of a list.
#include "compiler/check/flow.h"
#include "runtime/report/step_findings.h"

namespace braid::checking {

void FlowChecker::unnest(const ast::Unnest& node, Span span) {
  const Span word = context_.word(span, "unnest");
  typed::UnnestStep made{node.left, nullptr};
  Type element = error_type();
  bool sound = !row_.open && node.list != nullptr;
  if (node.list != nullptr) {
    Expressions expressions(context_, place_, &row_);
    made.list = expressions.check(*node.list);
    const Type& type = made.list->type;
    if (is_poison(made.list) || is_error(without_optional(type))) {
      sound = false;
    } else if (!is(without_optional(type), TypeKind::list) || is_error(without_optional(type)->element)) {
      auto report = context_.reporter.report(diag::UnnestOfNoList{.type = type_text(type)});
      report.at(node.list->span, "a row for each of what?");
      expressions.label_declaration(report, made.list);
      if (is(without_optional(type), TypeKind::json))
        report.note("`elements(…)` makes a list of JSON values of it");
      else if (is(without_optional(type), TypeKind::map))
        report.note("`entries()` makes a list of its keys and values");
      else if (is(without_optional(type), TypeKind::string))
        report.note("`split(…, \",\")` makes a list of a text");
      sound = false;
    } else {
      element = without_optional(type)->element;
      if (holds_null(element)) {
        context_.reporter.report(diag::NullWithoutType{}).at(node.list->span, "a list of what?");
        element = error_type();
        sound = false;
      }
    }
  }
  if (row_.table && !row_.open && !table_as_changes("unnest", word, span)) sound = false;

  const int hidden = row_.find(node.as.text);
  if (hidden >= 0) {
    if (!replaceable(node.as.text, hidden, node.as.span)) return;
    const auto* column = made.list == nullptr ? nullptr : std::get_if<typed::ColumnRead>(&made.list->node);
    // `unnest lines as lines` says itself that the list goes.
    if (column == nullptr || column->index != hidden) {
      auto report = context_.reporter.report(diag::HidesField{.name = node.as.text, .relation = row_.relation});
      report.at(node.as.span, "hides a field");
      if (const Span declared = row_.fields[static_cast<size_t>(hidden)].declared; !declared.empty())
        report.also(declared, "declared here");
      report.note("`as` gives it another name");
    }
  }
  const Type type = is_error(element) || !node.left ? element : optional_type(element);
  row_.fields.push_back({node.as.text, type, true, node.as.span, -1});
  if (row_.table) row_.unnested = word;
  if (sound) add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  if (hidden < 0) return;
  std::vector<Column> columns = unchanged();
  columns.erase(columns.begin() + hidden);
  project("drop", std::move(columns), span);
}

bool FlowChecker::has_elements(Span place) {
  if (!row_.table || row_.unnested.empty()) return false;
  context_.reporter.report(diag::ElementsWithoutKey{.relation = row_.relation})
      .at(place, "a table has one row of each key")
      .also(row_.unnested, "a row of the table gives several here, which may be equal")
      .note("a `group` after it folds the elements; list functions such as `map` and `sum` work without `unnest`");
  return true;
}

}  // namespace braid::checking
