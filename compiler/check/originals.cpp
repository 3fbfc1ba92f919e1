// `a.f` and `..a` of `from S as a` behind a step that has replaced or dropped `f`: where a later step of the flow reads
// it, what it was stands behind the row, under a name that no script can write. Steps that only compute hand it on; in
// front of any other it goes.
#include <algorithm>
#include <utility>

#include "compiler/check/flow.h"
#include "runtime/data/row_change.h"

namespace braid::checking {
namespace {

bool is_of_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '`';
}

bool is_hidden(const std::string& name) {
  return !name.empty() && name[0] == kHiddenMark;
}

/// Whether the text has `alias.` with the field, or spreads the alias. Too much is harmless.
bool may_read(std::string_view text, const std::string& alias, const std::string& field) {
  for (size_t at = text.find(alias); at != std::string_view::npos; at = text.find(alias, at + 1)) {
    if (at > 0 && is_of_word(text[at - 1])) continue;
    std::string_view behind = text.substr(at + alias.size());
    if (at >= 2 && text.substr(at - 2, 2) == ".." && (behind.empty() || !is_of_word(behind[0]))) return true;
    if (!behind.starts_with('.')) continue;
    behind.remove_prefix(1);
    if (behind.starts_with('`')) behind.remove_prefix(1);
    if (behind.starts_with(field) &&
        (behind.size() == field.size() || behind[field.size()] == '`' || !is_of_word(behind[field.size()])))
      return true;
  }
  return false;
}

}  // namespace

bool FlowChecker::only_computes(const ast::Step& step) {
  const auto* where = std::get_if<ast::Where>(&step.node);
  return std::holds_alternative<ast::Let>(step.node) || std::holds_alternative<ast::Select>(step.node) ||
         std::holds_alternative<ast::Drop>(step.node) || std::holds_alternative<ast::Rename>(step.node) ||
         (where != nullptr && !where->otherwise);
}

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
    if (!is_hidden(kept.name)) kept.name = std::string(1, kHiddenMark) + row_.alias + "." + name;
    const typed::ExpressionRef value = typed::make(kept.type, kept.declared, typed::ColumnRead{column});
    columns.push_back({std::move(kept), value});
  }
}

bool FlowChecker::read_later(const std::string& field) const {
  for (size_t i = step_ + 1; i < flow_->steps.size() && only_computes(flow_->steps[i]); ++i)
    if (may_read(context_.text(flow_->steps[i].span), row_.alias, field)) return true;
  return false;
}

void FlowChecker::drop_originals(Span span) {
  std::vector<Column> columns = unchanged();
  const auto gone =
      std::remove_if(columns.begin(), columns.end(), [](const Column& column) { return is_hidden(column.field.name); });
  if (gone == columns.end()) return;
  columns.erase(gone, columns.end());
  const ast::Flow* flow = std::exchange(flow_, nullptr);
  project("drop", std::move(columns), span);
  flow_ = flow;
}

void FlowChecker::before_step(const ast::Step& step) {
  if (!only_computes(step)) drop_originals(step.span);
}

}  // namespace braid::checking
