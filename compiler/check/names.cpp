// What a bare name means: nearest wins, script before data (locals, `let` and `as`, params, then the source's fields).
#include "compiler/check/closest.h"
#include "compiler/check/expressions.h"
#include "compiler/check/type_findings.h"
#include "runtime/report/change_findings.h"
#include "runtime/report/window_findings.h"

namespace braid::checking {

const Expressions::Local* Expressions::find_local(const std::string& name) const {
  for (auto local = locals_.rbegin(); local != locals_.rend(); ++local)
    if (local->name == name) return &*local;
  return nullptr;
}

bool Expressions::is_field(const ast::Expr& expression) const {
  if (const auto* access = std::get_if<ast::FieldAccess>(&expression.node))
    return access->object != nullptr && is_field(*access->object);
  const auto* name = std::get_if<ast::NameExpr>(&expression.node);
  return name != nullptr && find_local(name->text) == nullptr;
}

typed::ExpressionRef Expressions::column(int index, Span span) const {
  const RowField& field = row_->fields[static_cast<size_t>(index)];
  if (is_error(field.type)) return poison(span);
  typed::ExpressionRef read = typed::make(field.type, span, typed::ColumnRead{index});
  if (is_optional(field.type) && is_present(field.name))
    read = typed::make(field.type->element, span, typed::Convert{typed::Conversion::unwrap, read});
  return read;
}

typed::ExpressionRef Expressions::name(const ast::NameExpr& node, Span span, const Type& wanted) {
  const std::string& text = node.text;
  if (const Local* local = find_local(text)) {
    if (local->function != nullptr) {
      context_.reporter.report(diag::LambdaMisplaced{})
          .at(span, "a function, and no value")
          .note("`" + text + "(x)` calls it, and `x => " + text + "(x)` hands it on");
      return poison(span);
    }
    const typed::ExpressionRef& value = local->value;
    if (is_poison(value)) return poison(span);
    if (is_optional(value->type) && is_present(text))
      return typed::make(value->type->element, span, typed::Convert{typed::Conversion::unwrap, value});
    // The same value, read here: errors at run time point to the use.
    return typed::make(value->type, span, value->node);
  }
  if (in_group()) return group_name(text, span);
  const int found = row_ == nullptr ? -1 : row_->find(text);
  if (found >= 0 && row_->fields[static_cast<size_t>(found)].from_script) return column(found, span);
  if (row_ != nullptr && !row_->alias.empty() && row_->alias == text) {
    context_.reporter.report(diag::RowIsNoField{.name = text})
        .at(span, "a whole row")
        .note("`from … as " + text + "` names the row as it came, for `.." + text + "` and `" + text + ".field`")
        .fix(Applicability::likely, "spread its fields", {{{span.file, span.begin, span.begin}, ".."}});
    return poison(span);
  }
  if (const auto param = context_.declarations.find(place_, NameKind::param, text); param.declaration != nullptr) {
    const auto known = context_.params.find(param.declaration);
    if (known == context_.params.end() || is_error(known->second.type)) return poison(span);
    return make_constant(known->second.type, span, known->second.value);
  }
  if (found >= 0) return column(found, span);
  return unknown_name(text, span, wanted);
}

typed::ExpressionRef Expressions::unknown_name(const std::string& text, Span span, const Type& wanted) {
  if (row_ != nullptr && row_->open) return poison(span);
  if (context_.declarations.find(place_, NameKind::param, text).silent) return poison(span);
  if (row_ != nullptr && row_->in_window && text == "window") {
    if (row_->window != nullptr) return row_->window;
    if (row_->in_session)
      context_.reporter.report(diag::SessionUnknown{.what = "this `window`"})
          .at(span, "where a session ends depends on rows that come")
          .note("the keys and entries of the `group` can read it");
    return poison(span);
  }
  if (foreign_name(text, span)) return poison(span);
  std::vector<Candidate> candidates;
  auto fits = [&](const Type& type) {
    if (wanted == nullptr || is_error(wanted) || is_error(type)) return true;
    const Type &a = without_optional(type), &b = without_optional(wanted);
    return a->kind == b->kind || (is_number(a) && is_number(b));
  };
  std::vector<std::string> elsewhere;
  if (row_ != nullptr) {
    for (const RowField& field : row_->fields) {
      candidates.push_back({field.name, fits(field.type)});
      // `customer` after `join customer as c`.
      if (field.relation >= 0 && context_.relations[static_cast<size_t>(field.relation)].declaration->name.text == text)
        elsewhere.push_back(field.name);
      const Type& type = without_optional(field.type);
      if (!is(type, TypeKind::structure)) continue;
      const std::string dot = is_optional(field.type) && !is_present(field.name) ? "?." : ".";
      if (find_field(type->fields, text) >= 0) elsewhere.push_back(field.name + dot + text);
    }
  }
  for (const Local& local : locals_) candidates.push_back({local.name, fits(local.value->type)});
  for (const std::string& param : context_.declarations.names(place_, NameKind::param)) candidates.push_back({param});
  auto suggest = [&](DiagnosticBuilder& report) {
    if (wanted != nullptr && is(without_optional(wanted), TypeKind::enumeration)) {
      for (const std::string& symbol : without_optional(wanted)->symbols)
        if (symbol == text) {
          report.fix(Applicability::likely, "write the symbol as text", {{span, "\"" + text + "\""}});
          return;
        }
    }
    if (elsewhere.size() == 1) {
      report.fix(Applicability::likely, "use `" + elsewhere[0] + "`", {{span, elsewhere[0]}});
    } else if (const auto meant = closest(text, candidates)) {
      report.fix(Applicability::likely, "use `" + *meant + "`", {{span, *meant}});
    }
  };
  if (row_ == nullptr || row_->relation.empty()) {
    auto report = context_.reporter.report(diag::UnknownName{.name = text});
    report.at(span, "nothing has this name");
    suggest(report);
    return poison(span);
  }
  if (entry_of_the_same(text, span) || uncalled_function(text, span) || part_of_window(text, span)) return poison(span);
  if (report_lost_name(context_, *row_, text, span, elsewhere.size() == 1 ? elsewhere[0] : "")) return poison(span);
  auto report = context_.reporter.report(diag::UnknownField{.relation = row_->relation, .field = text});
  report.at(span, "no such field");
  if (!row_->relation_span.empty()) report.also(row_->relation_span, "its fields are declared here");
  suggest(report);
  return poison(span);
}

typed::ExpressionRef Expressions::group_name(const std::string& path, Span span) {
  for (size_t i = 0; i < group_->keys.size(); ++i) {
    if (group_->keys[i].name != path && group_->keys[i].text != path) continue;
    if (is_error(group_->keys[i].type)) return poison(span);
    return typed::make(group_->keys[i].type, span, typed::ColumnRead{static_cast<int>(i)});
  }
  if (path == "window" && group_->window != nullptr)
    return typed::make(group_->window, span, typed::ColumnRead{static_cast<int>(group_->keys.size())});
  if (const auto param = context_.declarations.find(place_, NameKind::param, path); param.declaration != nullptr) {
    const auto known = context_.params.find(param.declaration);
    if (known == context_.params.end() || is_error(known->second.type)) return poison(span);
    return make_constant(known->second.type, span, known->second.value);
  }
  if (row_ == nullptr || row_->find(path) < 0) return unknown_name(path, span, nullptr);
  auto report = context_.reporter.report(diag::NotAggregated{.name = path});
  report.at(span, "which of the group's rows?")
      .note("make it a key of the `group`, or fold it: `first(" + path + ")`, `max(" + path + ")`");
  // `group { page, n: count() }`: keys stand before the brace.
  if (group_->entries != nullptr) {
    const std::vector<ast::Entry>& all = group_->entries->entries;
    for (size_t i = 0; i < all.size(); ++i) {
      const auto* plain = std::get_if<ast::PlainEntry>(&all[i].node);
      if (plain == nullptr || plain->value == nullptr || plain->value->span != span) continue;
      const uint32_t begin = i + 1 < all.size() ? span.begin : i > 0 ? all[i - 1].span.end : span.begin;
      const uint32_t end = i + 1 < all.size() ? all[i + 1].span.begin : span.end;
      report.fix(Applicability::likely, "make it a key",
                 {{group_->behind_keys, (group_->keys.empty() ? " " : ", ") + path}, {{span.file, begin, end}, ""}});
      return poison(span);
    }
  }
  report.fix(Applicability::sketch, "take the first", {{span, "first(" + path + ")"}});
  return poison(span);
}

bool Expressions::is_row_alias(const ast::Expr& expression) const {
  const auto* name = std::get_if<ast::NameExpr>(&expression.node);
  if (name == nullptr || row_ == nullptr || in_group() || row_->alias.empty() || name->text != row_->alias)
    return false;
  const int column = row_->find(name->text);
  return find_local(name->text) == nullptr && (column < 0 || !row_->fields[static_cast<size_t>(column)].from_script);
}

/// `a.x` of `from S as a`: the field as it came.
typed::ExpressionRef Expressions::row_alias_field(const ast::FieldAccess& node, Span span) {
  for (const auto& [name, index] : row_->alias_columns) {
    if (name != node.field.text) continue;
    if (index >= 0) return column(index, span);
    original_gone(span);
    return poison(span);
  }
  if (row_->open) return poison(span);
  std::vector<std::string> names;
  for (const auto& [name, index] : row_->alias_columns) names.push_back(name);
  auto report = context_.reporter.report(diag::UnknownField{.relation = row_->alias, .field = node.field.text});
  report.at(node.field.span, "no such field");
  if (const auto meant = closest(node.field.text, names))
    report.fix(Applicability::likely, "use `" + *meant + "`", {{node.field.span, *meant}});
  return poison(span);
}

void Expressions::original_gone(Span span) {
  const std::string word(context_.text(row_->several));
  auto report = context_.reporter.report(diag::OriginalGone{.name = row_->alias, .step = word});
  report.at(span, "which row, as it came?").also(row_->several, "gives rows that did not come so");
  report.note(word == "union" ? "`let` before it keeps a field; the other side has to have it, too"
                              : "`let` before it keeps a field; an aggregate as `last(…)` chooses one of them");
}

}  // namespace braid::checking
