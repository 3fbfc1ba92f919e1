// Fields inside structs: `drop a.b`, `rename a.b to c`, and where a step leaves what the key is read from.
#include "compiler/check/constants.h"
#include "compiler/check/flow.h"

namespace braid::checking {

typed::ExpressionRef changed_struct(const typed::ExpressionRef& value, const ast::Path& path, size_t at,
                                    const std::optional<std::string>& name) {
  const Span span = path.span;
  const Type& type = without_optional(value->type);
  typed::ExpressionRef read = value;
  if (is_optional(value->type)) read = typed::make(type, span, typed::Convert{typed::Conversion::unwrap, value});
  std::vector<Field> fields;
  std::vector<typed::ExpressionRef> values;
  const auto* before = std::get_if<typed::MakeStruct>(&read->node);  // as an entry of the step before has left it
  for (size_t i = 0; i < type->fields.size(); ++i) {
    const Field& field = type->fields[i];
    typed::ExpressionRef part = before != nullptr
                                    ? before->fields[i]
                                    : typed::make(field.type, span, typed::FieldRead{read, static_cast<int>(i)});
    std::string own = field.name;
    if (own == path.parts[at].text) {
      if (at + 1 < path.parts.size())
        part = changed_struct(part, path, at + 1, name);
      else if (name)
        own = *name;
      else
        continue;
    }
    fields.push_back({std::move(own), part->type});
    values.push_back(std::move(part));
  }
  const Type made = struct_type(std::move(fields));
  const typed::ExpressionRef present = typed::make(made, span, typed::MakeStruct{std::move(values)});
  if (!is_optional(value->type)) return present;
  const Type optional = optional_type(made);
  return typed::make(
      optional, span,
      typed::Choose{typed::make(bool_type(), span, typed::IsNull{value}), make_constant(optional, span, Value{}),
                    typed::make(optional, span, typed::Convert{typed::Conversion::to_optional, present})});
}

namespace {

/// `s?.f` and `s.f` are read from the same place.
typed::ExpressionRef without_null(typed::ExpressionRef value) {
  while (true) {
    if (const auto* convert = std::get_if<typed::Convert>(&value->node);
        convert != nullptr &&
        (convert->conversion == typed::Conversion::unwrap || convert->conversion == typed::Conversion::to_optional)) {
      value = convert->operand;
    } else if (const auto* choose = std::get_if<typed::Choose>(&value->node);
               choose != nullptr && std::holds_alternative<typed::IsNull>(choose->condition->node) &&
               std::holds_alternative<typed::Constant>(choose->then->node)) {
      value = choose->otherwise;
    } else {
      return value;
    }
  }
}

/// The column and the path below it that the value is read from; nothing: it is computed.
std::vector<int> read_from(typed::ExpressionRef value) {
  std::vector<int> path;
  for (value = without_null(std::move(value));; value = without_null(std::get<typed::FieldRead>(value->node).base)) {
    if (const auto* column = std::get_if<typed::ColumnRead>(&value->node)) {
      path.insert(path.begin(), column->index);
      return path;
    }
    const auto* field = std::get_if<typed::FieldRead>(&value->node);
    if (field == nullptr) return {};
    path.insert(path.begin(), field->index);
  }
}

/// Where inside the value that place of the row before is.
std::optional<std::vector<int>> place_in(const typed::ExpressionRef& value, const std::vector<int>& place) {
  const std::vector<int> read = read_from(value);
  if (!read.empty() && read.size() <= place.size() && std::equal(read.begin(), read.end(), place.begin()))
    return std::vector<int>(place.begin() + static_cast<std::ptrdiff_t>(read.size()), place.end());
  const typed::ExpressionRef present = without_null(value);
  const auto* made = std::get_if<typed::MakeStruct>(&present->node);
  if (made == nullptr) return std::nullopt;
  for (size_t i = 0; i < made->fields.size(); ++i) {
    std::optional<std::vector<int>> found = place_in(made->fields[i], place);
    if (!found) continue;
    found->insert(found->begin(), static_cast<int>(i));
    return found;
  }
  return std::nullopt;
}

}  // namespace

std::vector<int> FlowChecker::place_in(const std::vector<Column>& columns, int column, std::vector<int> path) {
  path.insert(path.begin(), column);
  for (size_t i = 0; i < columns.size(); ++i) {
    std::optional<std::vector<int>> found = checking::place_in(columns[i].value, path);
    if (!found) continue;
    found->insert(found->begin(), static_cast<int>(i));
    return std::move(*found);
  }
  return {};
}

void FlowChecker::change_struct(std::vector<Column>& columns, ast::Path path, const FieldPath& field,
                                const std::optional<std::string>& name) {
  const auto column = std::find_if(columns.begin(), columns.end(), [&](const Column& each) {
    return typed::columns_read(each.value) == std::vector<int>{field.column};
  });
  if (column == columns.end()) return;
  // The structs around the field, the outermost first, as entries before have left them.
  std::vector<Type> around;
  Type type = column->value->type;
  for (size_t i = 1; i < path.parts.size(); ++i) {
    around.push_back(without_optional(type));
    const int index = find_field(around.back()->fields, path.parts[i].text);
    if (index < 0) return;
    type = around.back()->fields[static_cast<size_t>(index)].type;
  }
  if (name && *name != path.parts.back().text && find_field(around.back()->fields, *name) >= 0) {
    context_.reporter.report(diag::DuplicateField{.field = *name}).at(path.span, "there is such a field already");
    return;
  }
  // A struct without fields is none: it goes with its last one.
  for (; !name && !around.empty() && around.back()->fields.size() == 1; around.pop_back()) path.parts.pop_back();
  if (around.empty()) {
    columns.erase(column);
    return;
  }
  column->value = changed_struct(column->value, path, 1, name);
  column->field.type = column->value->type;
}

}  // namespace braid::checking
