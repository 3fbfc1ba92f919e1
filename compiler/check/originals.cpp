// `a.f` and `..a` of `from S as a` behind a step that has replaced or dropped `f`: where a later step of the flow reads
// it, what it was is a field of the row, under a name that no script can write, as far as steps hand their rows on.
// Rows that leave by a port are without it: it stands behind all others there. So it does in front of a pattern, whose
// conditions read it of the row at hand; the rows of its elements are without it.
#include <algorithm>
#include <functional>
#include <utility>

#include "compiler/check/flow.h"
#include "compiler/check/step_words.h"

namespace braid::checking {
namespace {

bool is_original(const std::string& name) {
  return name.starts_with(kOriginalMark);
}

/// Whether the text has the alias, with the field or with `..` in front of it. Too much is harmless.
bool may_read(std::string_view text, const std::string& alias, const std::string& field) {
  constexpr std::string_view kBetween = " \n\t\r`";
  const auto joins = [](char c) { return is_of_word(c) && c != '`'; };
  for (size_t at = text.find(alias); at != std::string_view::npos; at = text.find(alias, at + 1)) {
    const size_t end = at + alias.size();
    if ((at > 0 && joins(text[at - 1])) || (end < text.size() && joins(text[end]))) continue;
    if (const size_t before = at == 0 ? std::string_view::npos : text.find_last_not_of(kBetween, at - 1);
        before != std::string_view::npos && text[before] == '.')
      return true;
    const size_t dot = text.find_first_not_of(kBetween, end);
    const size_t name = dot == std::string_view::npos ? dot : text.find_first_not_of(" \n\t\r`?.", dot);
    if (name == std::string_view::npos || (name == dot && text[dot] != '/')) continue;
    const std::string_view behind = text.substr(name);
    // A comment may stand between.
    if (behind.starts_with('/') && has_word(behind, field)) return true;
    if (behind.starts_with(field) && (behind.size() == field.size() || !joins(behind[field.size()]))) return true;
  }
  return false;
}

/// Makes rows of several, whose fields it reads.
bool folds_rows(const ast::Step& step) {
  return std::holds_alternative<ast::Group>(step.node) || std::holds_alternative<ast::Match>(step.node);
}

/// Has the fields of the rows before in those that it gives.
bool hands_on(const ast::Step& step) {
  return !folds_rows(step) && !std::holds_alternative<ast::Union>(step.node) &&
         !std::holds_alternative<ast::ErrorStep>(step.node);
}

bool names_port(const ast::Step& step) {
  const auto* where = std::get_if<ast::Where>(&step.node);
  const auto* join = std::get_if<ast::Join>(&step.node);
  const auto* lookup = std::get_if<ast::Lookup>(&step.node);
  return (where != nullptr && where->otherwise) || (lookup != nullptr && lookup->otherwise) ||
         (join != nullptr && std::any_of(join->clauses.begin(), join->clauses.end(), [](const ast::JoinClause& clause) {
            return std::holds_alternative<ast::ElsePort>(clause.node);
          }));
}

}  // namespace

void FlowChecker::keep_originals(std::vector<Column>& columns) const {
  if (row_.alias.empty() || flow_ == nullptr) return;
  for (const auto& [name, column] : row_.alias_columns) {
    if (column < 0) continue;
    const bool stays = std::any_of(columns.begin(), columns.end(), [at = column](const Column& one) {
      const auto* read = std::get_if<typed::ColumnRead>(&one.value->node);
      return read != nullptr && read->index == at;
    });
    if (stays || !read_later(name)) continue;
    RowField kept = row_.fields[static_cast<size_t>(column)];
    if (!is_original(kept.name)) kept.name = std::string(1, kOriginalMark) + row_.alias + "." + name;
    const typed::ExpressionRef value = typed::make(kept.type, kept.declared, typed::ColumnRead{column});
    columns.push_back({std::move(kept), value});
  }
}

bool FlowChecker::read_later(const std::string& field) const {
  for (size_t i = step_ + 1; i < flow_->steps.size(); ++i) {
    const ast::Step& step = flow_->steps[i];
    const bool last = !hands_on(step);
    if (last && !folds_rows(step)) return false;
    if (may_read(context_.text(step.span), row_.alias, field)) return true;
    if (last) return false;
  }
  return false;
}

void FlowChecker::drop_originals(Span span) {
  std::vector<Column> columns = unchanged();
  const auto gone = std::remove_if(columns.begin(), columns.end(), [&](const Column& column) {
    if (column.field.name == kWindowField) return !window_;  // it is read until its group
    if (column.field.name == kCameAt || column.field.name == kCameWith) return came_goes(column.field.name);
    return is_original(column.field.name) && (column.field.name != kRowTime || (ends_ && !keeps_time_));
  });
  if (gone == columns.end()) return;
  columns.erase(gone, columns.end());
  const ast::Flow* flow = std::exchange(flow_, nullptr);
  project("drop", std::move(columns), span);
  flow_ = flow;
}

void FlowChecker::put_originals_last(Span span) {
  const auto shown = [](const Column& column) {
    return column.field.name[0] != kOriginalMark && column.field.name[0] != kHiddenMark;
  };
  const std::vector<Column> columns = unchanged();
  if (std::is_partitioned(columns.begin(), columns.end(), shown)) return;
  std::vector<Column> sorted;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(sorted), shown);
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(sorted), std::not_fn(shown));
  project("let", std::move(sorted), span);
}

void FlowChecker::before_step(const ast::Step& step) {
  give_windows_before(step_);
  if (!hands_on(step) && !folds_rows(step)) drop_originals(step.span);
  if (names_port(step) || std::holds_alternative<ast::Match>(step.node)) put_originals_last(step.span);
}

}  // namespace braid::checking
