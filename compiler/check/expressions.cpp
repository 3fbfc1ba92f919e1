#include "compiler/check/expressions.h"

#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/type_findings.h"
#include "runtime/base/overloaded.h"
#include "runtime/data/json_text.h"
#include "runtime/report/name_findings.h"

namespace braid::checking {
bool is_cheap(const typed::ExpressionRef& value) {
  if (const auto* field = std::get_if<typed::FieldRead>(&value->node)) return is_cheap(field->base);
  if (const auto* convert = std::get_if<typed::Convert>(&value->node))
    return (convert->conversion == typed::Conversion::unwrap ||
            convert->conversion == typed::Conversion::to_optional) &&
           is_cheap(convert->operand);
  return std::holds_alternative<typed::Constant>(value->node) ||
         std::holds_alternative<typed::ColumnRead>(value->node) ||
         std::holds_alternative<typed::LocalRead>(value->node);
}

Expressions::Expressions(Context& context, Place place, const Row* row) : context_(context), place_(place), row_(row) {}

typed::ExpressionRef Expressions::poison(Span span) const {
  return make_constant(error_type(), span, Value{});
}

void Expressions::add_local(std::string name, typed::ExpressionRef value, Span declared) {
  // The name means something else from here on: what was known of it is not known of the new one.
  std::erase_if(present_, [&](const std::string& path) { return path == name || path.starts_with(name + "."); });
  locals_.push_back({std::move(name), std::move(value), declared});
  if (const auto* read = std::get_if<typed::LocalRead>(&locals_.back().value->node))
    next_slot_ = std::max(next_slot_, read->slot + 1);
}

typed::ExpressionRef Expressions::too_large(Span span, std::string reason) {
  if (!too_large_)
    context_.reporter.report(diag::ExpressionTooLarge{.reason = std::move(reason)})
        .at(span)
        .note("`let` steps and views between divide a long computation");
  too_large_ = true;
  return poison(span);
}

typed::ExpressionRef Expressions::check(const ast::Expr& expression, const Type& wanted) {
  const Span span = expression.span;
  if (depth_ >= kMostDepth) return too_large(span, "it is nested too deep");
  struct Deeper {
    int& depth;
    explicit Deeper(int& at) : depth(at) { ++depth; }
    ~Deeper() { --depth; }
  } const deeper(depth_);
  if (in_group()) {
    // A key that is a path (`c.segment`) stands for the whole path.
    const std::string path = path_of(expression);
    if (path.find('.') != std::string::npos && find_local(path.substr(0, path.find('.'))) == nullptr)
      for (size_t i = 0; i < group_->keys.size(); ++i)
        if (group_->keys[i].text == path)
          return typed::make(group_->keys[i].type, span, typed::ColumnRead{static_cast<int>(i)});
  }
  return std::visit(Overloaded{
                        [&](const ast::Literal& node) { return literal(node, span); },
                        [&](const ast::Formatted& node) { return formatted(node, span); },
                        [&](const ast::NameExpr& node) { return name(node, span, wanted); },
                        [&](const ast::Call& node) { return call(node, span); },
                        [&](const ast::MethodCall& node) { return method(node, span); },
                        [&](const ast::FieldAccess& node) { return field_access(expression, node); },
                        [&](const ast::Index& node) { return index(node, span); },
                        [&](const ast::Unary& node) { return unary(node, span); },
                        [&](const ast::Binary& node) { return binary(node, span); },
                        [&](const ast::In& node) { return contained(node, span); },
                        [&](const ast::IsNull& node) { return is_null(node, span); },
                        [&](const ast::If& node) { return choice(node, span); },
                        [&](const ast::Case& node) { return cases(node, span); },
                        [&](const ast::Struct& node) { return make_struct(node, span); },
                        [&](const ast::List& node) { return make_list(node, span); },
                        [&](const ast::Lambda&) {
                          context_.reporter.report(diag::LambdaMisplaced{})
                              .at(span, "nothing goes through a list here")
                              .note("`xs.map(x => x + 1)`; a `function` with a name can be called anywhere");
                          return poison(span);
                        },
                        [&](const ast::ErrorExpr&) { return poison(span); },
                    },
                    expression.node);
}

typed::ExpressionRef Expressions::literal(const ast::Literal& node, Span span) {
  return std::visit(
      Overloaded{
          [&](const ast::NullLiteral&) { return make_constant(null_type(), span, Value{}); },
          [&](const ast::BoolLiteral& value) { return make_constant(bool_type(), span, Value{value.value}); },
          [&](const ast::NumberLiteral& number) {
            const Type type = number_type(number.text);
            if (type == nullptr) {
              context_.reporter.report(diag::NumberDoesNotFit{.number = number.text, .type = "decimal"})
                  .at(span, "a decimal has at most 38 digits");
              return poison(span);
            }
            if (std::optional<Value> value = number_value(number.text, type)) return make_constant(type, span, *value);
            // Beyond 64 bits: a decimal holds it exactly.
            const Type wide = decimal_type(std::min<int>(38, static_cast<int>(number.text.size())), 0);
            if (std::optional<Value> value = number_value(number.text, wide); value && is(type, TypeKind::integer))
              return make_constant(wide, span, *value);
            context_.reporter.report(diag::NumberDoesNotFit{.number = number.text, .type = type_text(type)})
                .at(span, "too large for a number");
            return poison(span);
          },
          [&](const ast::TextLiteral& text) { return make_constant(string_type(), span, Value{text.value}); },
          [&](const ast::Duration& duration) {
            if (is_calendar(duration)) {
              context_.reporter.report(diag::CalendarUnit{.text = duration.text, .what = "a duration"})
                  .at(span, "how long this is depends on the date")
                  .note(
                      "`d` is 24 hours; weeks, months and years stand in calendar windows: `window tumbling 1mo in "
                      "\"Europe/Paris\"`");
              return poison(span);
            }
            if (const std::optional<int64_t> length = fixed_length(duration))
              return make_constant(duration_type(), span, Value{*length});
            context_.reporter.report(diag::NumberDoesNotFit{.number = duration.text, .type = "duration"})
                .at(span, "beyond 292,000 years");
            return poison(span);
          },
          [&](const ast::Time& time) {
            const Type type = time.kind == ast::TimeKind::date   ? date_type()
                              : time.kind == ast::TimeKind::time ? time_type()
                                                                 : timestamp_type();
            if (std::optional<Value> value = literal_value("@" + time.text, type))
              return make_constant(type, span, *value);
            return poison(span);
          },
      },
      node.value);
}

typed::ExpressionRef Expressions::formatted(const ast::Formatted& node, Span span) {
  std::vector<typed::ExpressionRef> parts;
  bool broken = false;
  for (const auto& part : node.parts) {
    if (const auto* text = std::get_if<ast::Text>(&part)) {
      parts.push_back(make_constant(string_type(), text->span, Value{text->value}));
      continue;
    }
    const ast::ExprPtr& written = std::get<ast::ExprPtr>(part);
    if (written == nullptr) return poison(span);
    const typed::ExpressionRef value = check(*written);
    if (is_poison(value)) {
      broken = true;
      continue;
    }
    const typed::ExpressionRef text = text_of(value);
    broken |= is_poison(text);
    parts.push_back(text);
  }
  if (broken) return poison(span);
  return typed::make(string_type(), span, typed::Concatenate{std::move(parts)});
}

/// The text of a value, by the function `string` of its type.
typed::ExpressionRef Expressions::text_of(const typed::ExpressionRef& value) {
  if (is(value->type, TypeKind::string)) return value;
  if (is_optional(value->type)) return optional_operand(value, "f\"…\"");
  const ast::Name function{"string", value->span};
  const Call call{function, {{nullptr, value, value->span, nullptr}}, value->span};
  for (const bool exactly : {true, false})
    for (const FunctionDeclaration* overload : context_.input.functions.overloads("string"))
      if (Match found = match(call, *overload, exactly); found.function != nullptr) return finish_call(call, found);
  context_.reporter.report(diag::OperandType{.operation = "f\"…\"", .type = type_text(value->type)})
      .at(value->span, "this has no text");
  return poison(value->span);
}

std::string Expressions::path_of(const ast::Expr& expression) {
  if (const auto* name = std::get_if<ast::NameExpr>(&expression.node)) return name->text;
  const auto* access = std::get_if<ast::FieldAccess>(&expression.node);
  if (access == nullptr || access->object == nullptr) return {};
  const std::string base = path_of(*access->object);
  return base.empty() ? base : base + "." + access->field.text;
}

typed::ExpressionRef Expressions::field_access(const ast::Expr& expression, const ast::FieldAccess& node) {
  const Span span = expression.span;
  if (node.object == nullptr) return poison(span);
  if (is_row_alias(*node.object)) return row_alias_field(node, span);
  if (const int index = column_by_relation(node); index >= 0) return column(index, span);
  if (lost_part(expression)) return poison(span);
  const typed::ExpressionRef base = check(*node.object);
  if (is_poison(base)) return poison(span);
  const std::string path = path_of(expression);
  auto narrowed = [&](typed::ExpressionRef value) {
    if (!is_poison(value) && is_optional(value->type) && !path.empty() && is_present(path))
      return typed::make(value->type->element, span, typed::Convert{typed::Conversion::unwrap, value});
    return value;
  };
  if (!is_optional(base->type)) return narrowed(field_of(base, node.field, span));
  if (!node.optional) {
    if (!is(base->type->element, TypeKind::structure) && !is(base->type->element, TypeKind::json))
      return field_of(base, node.field, span);
    const std::string text(context_.text(node.object->span));
    auto report = context_.reporter.report(diag::OptionalPath{.expression = text});
    report.at(node.object->span, "may be null");
    label_declaration(report, base);
    const Span dot{span.file, node.object->span.end, node.field.span.begin};
    report.fix(Applicability::certain, "read it with `?.`", {{dot, "?."}});
    return poison(span);
  }
  return narrowed(
      if_present(base, span, [&](const typed::ExpressionRef& value) { return field_of(value, node.field, span); }));
}

typed::ExpressionRef Expressions::field_of(const typed::ExpressionRef& base, const ast::Name& field, Span span) {
  const bool list = is(base->type, TypeKind::list) && is(base->type->element, TypeKind::structure);
  const Type type = list ? base->type->element : base->type;
  if (is(type, TypeKind::json)) return json_field(base, field, span);
  if (!is(type, TypeKind::structure)) {
    auto report = context_.reporter.report(diag::HasNoFields{.type = type_text(base->type)});
    const bool map = is(base->type, TypeKind::map);
    report.at(span, map ? "a map has keys" : "`" + type_text(base->type) + "` holds one value");
    if (map) report.note("`" + std::string(context_.text(base->span)) + "[…]` is the value of a key");
    label_declaration(report, base);
    suggest_method(report, base, field);
    return poison(span);
  }
  const int index = find_field(type->fields, field.text);
  if (index < 0) {
    // A relation whose row is not known whole is silent about what it lacks.
    if (const auto* column = std::get_if<typed::ColumnRead>(&base->node);
        column != nullptr && row_ != nullptr && !in_group() &&
        static_cast<size_t>(column->index) < row_->fields.size()) {
      const int relation = row_->fields[static_cast<size_t>(column->index)].relation;
      if (relation >= 0 && context_.relations[static_cast<size_t>(relation)].row.open) return poison(span);
    }
    std::vector<std::string> names;
    for (const Field& one : type->fields) names.push_back(one.name);
    auto report = context_.reporter.report(
        diag::UnknownField{.relation = std::string(context_.text(base->span)), .field = field.text});
    report.at(field.span, "no such field");
    label_declaration(report, base);
    if (const auto meant = closest(field.text, names))
      report.fix(Applicability::likely, "use `" + *meant + "`", {{field.span, *meant}});
    return poison(span);
  }
  const Type& found = type->fields[static_cast<size_t>(index)].type;
  if (is_error(found)) return poison(span);
  if (list) return typed::make(list_type(found), span, typed::ListField{base, index});
  if (const auto* made = std::get_if<typed::MakeStruct>(&base->node); made != nullptr && !base->can_fail)
    return made->fields[static_cast<size_t>(index)];
  return typed::make(found, span, typed::FieldRead{base, index});
}

typed::ExpressionRef Expressions::index(const ast::Index& node, Span span) {
  if (node.object == nullptr || node.index == nullptr || field_by_text(node, span)) return poison(span);
  const typed::ExpressionRef list = check(*node.object);
  const typed::ExpressionRef position = check(*node.index);
  if (is_poison(list) || is_poison(position)) return poison(span);
  if (is_optional(list->type)) return optional_operand(list, "[ ]");
  if (is(list->type, TypeKind::json)) return json_index(list, position, span);
  if (is(list->type, TypeKind::map)) return map_value(list, position, span);
  if (!is(list->type, TypeKind::list)) {
    auto report = context_.reporter.report(diag::NotIndexed{.type = type_text(list->type)});
    report.at(node.object->span, "this is `" + type_text(list->type) + "`");
    label_declaration(report, list);
    if (is(list->type, TypeKind::string)) {
      const std::string place(context_.text(node.index->span));
      report.fix(Applicability::likely, "take a part of the text",
                 {{{span.file, node.object->span.end, span.end}, ".substring(" + place + ", 1)"}});
    }
    return poison(span);
  }
  const typed::ExpressionRef whole = fit(position, int_type());
  if (whole == nullptr) {
    mismatch(position, int_type(), {});
    return poison(span);
  }
  if (const std::optional<Value> known = evaluate(whole); known && known->integer() < 0) {
    const std::string object(context_.text(node.object->span)), back = std::to_string(known->integer()).substr(1);
    const std::string place = object + ".length() - " + back;
    context_.reporter.report(diag::NegativeIndex{.index = known->integer()})
        .at(node.index->span, "below 0")
        .note("`" + object + ".last()` is the last element, or null of an empty list")
        .fix(Applicability::likely, "count from the end", {{node.index->span, place}});
    return poison(span);
  }
  return typed::make(list->type->element, span, typed::Index{list, whole});
}

typed::ExpressionRef Expressions::check_as(const ast::Expr& expression, const Type& wanted, Span declared) {
  if (is(without_optional(wanted), TypeKind::json) &&
      (std::holds_alternative<ast::List>(expression.node) || std::holds_alternative<ast::Struct>(expression.node))) {
    std::string json, canonical;
    if (append_written_json(expression, json) && canonical_json(json, canonical) == JsonFault::none)
      return fit(make_constant(json_type(), expression.span, Value{std::move(canonical)}), wanted);
  }
  const typed::ExpressionRef value = check(expression, wanted);
  if (is_poison(value) || is_error(wanted)) return value;
  if (typed::ExpressionRef fitting = fit(value, wanted)) return fitting;
  mismatch(value, wanted, declared);
  return poison(expression.span);
}

std::optional<int64_t> Expressions::constant_duration(const ast::Expr& expression, std::string_view what) {
  const typed::ExpressionRef value = check_as(expression, duration_type());
  if (is_poison(value)) return std::nullopt;
  const std::optional<Value> known = evaluate(value);
  if (known && !known->is_null()) {
    if (std::abs(known->integer() / 2) <= kLongestUs / 2) return known->integer();
    context_.reporter
        .report(diag::NumberDoesNotFit{.number = std::string(context_.text(expression.span)), .type = "duration"})
        .at(expression.span, "longer than 10,000 years");
    return std::nullopt;
  }
  context_.reporter.report(diag::NotConstant{.what = std::string(what)}).at(expression.span, "differs from row to row");
  return std::nullopt;
}

Span Expressions::declaration_of(const typed::ExpressionRef& value) const {
  if (row_ == nullptr || in_group()) return {};
  if (const auto* convert = std::get_if<typed::Convert>(&value->node)) return declaration_of(convert->operand);
  if (const auto* column = std::get_if<typed::ColumnRead>(&value->node)) {
    if (static_cast<size_t>(column->index) < row_->fields.size())
      return row_->fields[static_cast<size_t>(column->index)].declared;
  }
  if (const auto* field = std::get_if<typed::FieldRead>(&value->node)) {
    typed::ExpressionRef base = field->base;
    while (const auto* convert = std::get_if<typed::Convert>(&base->node)) base = convert->operand;
    if (const auto* column = std::get_if<typed::ColumnRead>(&base->node)) {
      const RowField& joined = row_->fields[static_cast<size_t>(column->index)];
      if (joined.relation >= 0) {
        const Row& other = context_.relations[static_cast<size_t>(joined.relation)].row;
        if (static_cast<size_t>(field->index) < other.fields.size())
          return other.fields[static_cast<size_t>(field->index)].declared;
      }
    }
  }
  return {};
}

void Expressions::label_declaration(DiagnosticBuilder& report, const typed::ExpressionRef& value) const {
  const Span declared = declaration_of(value);
  if (!declared.empty()) report.also(declared, "declared here");
}

}  // namespace braid::checking
