#include "compiler/plan/computed_columns.h"

#include <algorithm>

namespace braid::plan {

using typed::ExpressionRef;

std::string ComputedColumns::text_of(const ExpressionRef& expression) const {
  return typed::print(*expression, before_) + " " + to_string(expression->type);
}

bool ComputedColumns::has(const ExpressionRef& expression) const {
  return std::find(texts_.begin(), texts_.end(), text_of(expression)) != texts_.end();
}

int ComputedColumns::column(const ExpressionRef& expression, std::string name, const std::string& output) {
  if (!expression) return -1;
  const std::string text = text_of(expression);
  const auto known = std::find(texts_.begin(), texts_.end(), text);
  if (known != texts_.end()) return static_cast<int>(known - texts_.begin());
  texts_.push_back(text);
  columns_.push_back(expression);
  outputs_.push_back(output);
  row_.push_back({std::move(name), expression->type});
  return static_cast<int>(columns_.size()) - 1;
}

ExpressionRef ComputedColumns::guarded(const ExpressionRef& expression, const ExpressionRef& filter) const {
  if (!expression || !filter || !expression->can_fail || has(expression)) return expression;
  return typed::computed_if(filter, expression);
}

int ComputedColumns::field_of(const ExpressionRef& column) const {
  const auto* convert = std::get_if<typed::Convert>(&column->node);
  const bool converted = convert != nullptr && convert->conversion == typed::Conversion::checked_read;
  const auto* read = std::get_if<typed::ColumnRead>(&(converted ? convert->operand : column)->node);
  return read != nullptr ? read->index : -1;
}

std::vector<int> ComputedColumns::add_row() {
  std::vector<int> places;
  for (size_t field = 0; field < before_.size(); ++field) {
    if (is_hidden(before_[field])) continue;
    const auto known = std::find_if(columns_.begin(), columns_.end(), [&](const ExpressionRef& column) {
      return field_of(column) == static_cast<int>(field);
    });
    if (known != columns_.end()) {
      places.push_back(static_cast<int>(known - columns_.begin()));
      continue;
    }
    const Type& type = before_[field].type;
    places.push_back(
        column(typed::make(type, Span{}, typed::ColumnRead{static_cast<int>(field)}), before_[field].name, ""));
  }
  return places;
}

ComputedColumns::Arranged ComputedColumns::arranged(const std::vector<int>& first, Span span) const {
  Arranged made;
  made.places.assign(columns_.size(), -1);
  const auto add = [&](int column, std::string name) {
    made.places[static_cast<size_t>(column)] = static_cast<int>(made.columns.size());
    const Type& type = row_[static_cast<size_t>(column)].type;
    made.columns.push_back(typed::make(type, span, typed::ColumnRead{column}));
    made.row.push_back({std::move(name), type});
  };
  for (const int column : first)
    add(column, before_[static_cast<size_t>(field_of(columns_[static_cast<size_t>(column)]))].name);
  for (size_t column = 0; column < columns_.size(); ++column)
    if (made.places[column] < 0) add(static_cast<int>(column), row_[column].name);
  return made;
}

}  // namespace braid::plan
