// Arithmetic, comparison and logic: which types an operator takes, and what it gives (language.md, "Numbers", "Null").
#include <charconv>

#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"

namespace braid::checking {
namespace {

std::string_view sign_of(ast::BinaryOperator op) {
  switch (op) {
    case ast::BinaryOperator::logical_or:
      return "or";
    case ast::BinaryOperator::logical_and:
      return "and";
    case ast::BinaryOperator::equal:
      return "==";
    case ast::BinaryOperator::not_equal:
      return "!=";
    case ast::BinaryOperator::less:
      return "<";
    case ast::BinaryOperator::less_equal:
      return "<=";
    case ast::BinaryOperator::greater:
      return ">";
    case ast::BinaryOperator::greater_equal:
      return ">=";
    case ast::BinaryOperator::fallback:
      return "??";
    case ast::BinaryOperator::add:
      return "+";
    case ast::BinaryOperator::subtract:
      return "-";
    case ast::BinaryOperator::multiply:
      return "*";
    case ast::BinaryOperator::divide:
      return "/";
    case ast::BinaryOperator::remainder:
      return "%";
  }
  return "?";
}

std::optional<typed::Operator> operator_of(ast::BinaryOperator op) {
  switch (op) {
    case ast::BinaryOperator::equal:
      return typed::Operator::equal;
    case ast::BinaryOperator::not_equal:
      return typed::Operator::not_equal;
    case ast::BinaryOperator::less:
      return typed::Operator::less;
    case ast::BinaryOperator::less_equal:
      return typed::Operator::less_equal;
    case ast::BinaryOperator::greater:
      return typed::Operator::greater;
    case ast::BinaryOperator::greater_equal:
      return typed::Operator::greater_equal;
    case ast::BinaryOperator::add:
      return typed::Operator::add;
    case ast::BinaryOperator::subtract:
      return typed::Operator::subtract;
    case ast::BinaryOperator::multiply:
      return typed::Operator::multiply;
    case ast::BinaryOperator::divide:
      return typed::Operator::divide;
    case ast::BinaryOperator::remainder:
      return typed::Operator::remainder;
    case ast::BinaryOperator::logical_or:
    case ast::BinaryOperator::logical_and:
    case ast::BinaryOperator::fallback:
      return std::nullopt;
  }
  return std::nullopt;
}

typed::ExpressionRef operation(const Type& type, Span span, typed::Operator op,
                               std::vector<typed::ExpressionRef> operands) {
  return typed::make(type, span, typed::Operation{op, std::move(operands)});
}

/// The plainest value of a type, as a script writes it; empty: none is plain.
std::string zero_text(const Type& type) {
  switch (type->kind) {
    case TypeKind::string:
      return "\"\"";
    case TypeKind::integer:
    case TypeKind::decimal:
      return "0";
    case TypeKind::floating:
      return "0.0";
    case TypeKind::boolean:
      return "false";
    case TypeKind::duration:
      return "0s";
    case TypeKind::list:
      return "[]";
    default:
      return "";
  }
}

}  // namespace

typed::ExpressionRef Expressions::condition(const ast::Expr& expression) {
  const typed::ExpressionRef value = check(expression, bool_type());
  if (is_poison(value) || is(value->type, TypeKind::boolean)) return value;
  if (is_optional(value->type) && is(value->type->element, TypeKind::boolean)) {
    const std::string text(context_.text(expression.span));
    auto report = context_.reporter.report(diag::OptionalCondition{});
    report.at(expression.span, "may be null");
    label_declaration(report, value);
    report.fix(Applicability::likely, "let null count as false",
               {{{expression.span.file, expression.span.end, expression.span.end}, " ?? false"}});
    return poison(expression.span);
  }
  if (std::holds_alternative<typed::Fail>(value->node)) return fit(value, bool_type());
  auto report = context_.reporter.report(diag::ConditionType{.found = type_text(value->type)});
  report.at(expression.span, "neither true nor false");
  label_declaration(report, value);
  return poison(expression.span);
}

typed::ExpressionRef Expressions::optional_operand(const typed::ExpressionRef& value, std::string_view operation_text) {
  auto report = context_.reporter.report(diag::OptionalValue{.expression = std::string(context_.text(value->span)),
                                                             .type = type_text(value->type),
                                                             .operation = std::string(operation_text)});
  report.at(value->span, "is `" + type_text(value->type) + "`");
  label_declaration(report, value);
  report.note("`??` gives another value where it is null, and `where … is not null` leaves such rows out");
  if (const std::string zero = zero_text(value->type->element); !zero.empty()) {
    const Span whole = value->span;
    std::string wanted = context_.fixed_text(whole) + " ?? " + zero;
    const std::string_view next = context_.text({whole.file, whole.end, whole.end + 1});
    const std::string_view last = whole.begin == 0 ? "" : context_.text({whole.file, whole.begin - 1, whole.begin});
    if (!(last == "(" && next == ")")) wanted = "(" + wanted + ")";
    report.fix(Applicability::sketch, "give it a value where it is null", {{whole, wanted}});
  }
  return poison(value->span);
}

typed::ExpressionRef Expressions::unary(const ast::Unary& node, Span span) {
  if (node.operand == nullptr) return poison(span);
  switch (node.op) {
    case ast::UnaryOperator::logical_not: {
      const typed::ExpressionRef operand = condition(*node.operand);
      return is_poison(operand) ? poison(span) : typed::make(bool_type(), span, typed::Not{operand});
    }
    case ast::UnaryOperator::try_: {
      const typed::ExpressionRef operand = check(*node.operand);
      if (is_poison(operand)) return poison(span);
      if (is(operand->type, TypeKind::null)) return operand;
      return typed::make(optional_type(operand->type), span, typed::Attempt{operand, is_field(*node.operand)});
    }
    case ast::UnaryOperator::negate:
      break;
  }
  const typed::ExpressionRef operand = check(*node.operand);
  if (is_poison(operand)) return poison(span);
  if (is_optional(operand->type)) return optional_operand(operand, "-");
  if (!is_number(operand->type) && !is(operand->type, TypeKind::duration)) {
    auto report = context_.reporter.report(diag::OperandType{.operation = "-", .type = type_text(operand->type)});
    report.at(operand->span, "no number and no duration");
    label_declaration(report, operand);
    return poison(span);
  }
  const typed::ExpressionRef negated = operation(operand->type, span, typed::Operator::negate, {operand});
  if (std::holds_alternative<typed::Constant>(operand->node))
    if (std::optional<Value> value = evaluate(negated)) return make_constant(operand->type, span, *value);
  return negated;
}

typed::ExpressionRef Expressions::binary(const ast::Binary& node, Span span) {
  if (node.left == nullptr || node.right == nullptr) return poison(span);
  switch (node.op) {
    case ast::BinaryOperator::logical_or:
    case ast::BinaryOperator::logical_and:
      return logic(node, span);
    case ast::BinaryOperator::equal:
    case ast::BinaryOperator::not_equal:
    case ast::BinaryOperator::less:
    case ast::BinaryOperator::less_equal:
    case ast::BinaryOperator::greater:
    case ast::BinaryOperator::greater_equal:
      return comparison(node, span);
    case ast::BinaryOperator::fallback:
      return fallback(node, span);
    case ast::BinaryOperator::add:
    case ast::BinaryOperator::subtract:
    case ast::BinaryOperator::multiply:
    case ast::BinaryOperator::divide:
    case ast::BinaryOperator::remainder:
      return arithmetic(node, span);
  }
  return poison(span);
}

typed::ExpressionRef Expressions::logic(const ast::Binary& node, Span span) {
  if (node.bars) return bars(node, span);
  const typed::ExpressionRef left = condition(*node.left);
  const size_t known = present_.size();
  assume(*node.left, node.op == ast::BinaryOperator::logical_and);
  const typed::ExpressionRef right = condition(*node.right);
  present_.resize(known);
  if (is_poison(left) || is_poison(right)) return poison(span);
  if (node.op == ast::BinaryOperator::logical_and) return typed::make(bool_type(), span, typed::Both{left, right});
  return typed::make(bool_type(), span, typed::Either{left, right});
}

typed::ExpressionRef Expressions::operand_mismatch(const typed::ExpressionRef& left, const typed::ExpressionRef& right,
                                                   Span span, std::string_view sign) {
  const std::string a = type_text(left->type), b = type_text(right->type);
  const bool approximate = (is(left->type, TypeKind::decimal) && is(right->type, TypeKind::floating)) ||
                           (is(left->type, TypeKind::floating) && is(right->type, TypeKind::decimal));
  if (approximate) {
    auto report =
        context_.reporter.report(diag::DecimalWithFloat{.operation = std::string(sign), .left = a, .right = b});
    report.at(span, "no common kind of number");
    label_declaration(report, left);
    label_declaration(report, right);
    report.note("`float(x)` and `decimal(x, …)` say which of the two is meant");
    return poison(span);
  }
  auto report = context_.reporter.report(diag::OperandTypes{.operation = std::string(sign), .left = a, .right = b});
  report.at(span, "`" + a + "` " + std::string(sign) + " `" + b + "`");
  if (is(left->type, TypeKind::null) || is(right->type, TypeKind::null))
    report.note("`is null` and `is not null` ask whether there is a value");
  const bool left_text = is(left->type, TypeKind::string), right_text = is(right->type, TypeKind::string);
  if (sign == "+" && left_text != right_text) {
    auto piece = [&](const typed::ExpressionRef& side) {
      const std::string_view text = context_.text(side->span);
      if (text.size() >= 2 && text.front() == '"' && text.find_first_of("{}") == std::string_view::npos)
        return std::string(text.substr(1, text.size() - 2));
      return "{" + std::string(text) + "}";
    };
    report.fix(Applicability::likely, "write it into the text", {{span, "f\"" + piece(left) + piece(right) + "\""}});
  } else {
    label_declaration(report, left);
    label_declaration(report, right);
    if (is_number(left->type) && is_number(right->type))
      report.note("int widens to decimal; nothing else converts by itself");
    if (is(left->type, TypeKind::list) && is(right->type, TypeKind::list))
      report.note("operators take single values, and a lambda goes through a list: `xs.map(x => x.a " +
                  std::string(sign) + " x.b)`");
    const bool moment = is(left->type, TypeKind::timestamp) || is(left->type, TypeKind::duration);
    if (moment && is(right->type, TypeKind::integer) && (sign == "+" || sign == "-"))
      report.note("a length of time has a unit: `" + std::string(context_.text(left->span)) + " " + std::string(sign) +
                  " 5d`, `… * 1m` of a number of minutes");
  }
  return poison(span);
}

typed::ExpressionRef Expressions::arithmetic(const ast::Binary& node, Span span) {
  const typed::ExpressionRef left = check(*node.left);
  const typed::ExpressionRef right = check(*node.right);
  if (is_poison(left) || is_poison(right)) return poison(span);
  const std::string_view sign = sign_of(node.op);
  if (is_optional(left->type)) return optional_operand(left, sign);
  if (is_optional(right->type)) return optional_operand(right, sign);
  const typed::Operator op = *operator_of(node.op);
  const TypeKind a = left->type->kind, b = right->type->kind;
  if (is_number(left->type) && is_number(right->type)) return numbers(op, left, right, span, sign);
  const bool sum = op == typed::Operator::add, difference = op == typed::Operator::subtract;
  if (sum && a == TypeKind::string && b == TypeKind::string) return operation(string_type(), span, op, {left, right});
  if (sum && a == TypeKind::list && b == TypeKind::list) {
    if (const typed::ExpressionRef fitting = fit(right, left->type))
      return operation(left->type, span, op, {left, fitting});
    if (const typed::ExpressionRef fitting = fit(left, right->type))
      return operation(right->type, span, op, {fitting, right});
  }
  if ((sum || difference) && b == TypeKind::duration && (a == TypeKind::timestamp || a == TypeKind::duration))
    return operation(left->type, span, op, {left, right});
  if (sum && a == TypeKind::duration && b == TypeKind::timestamp)
    return operation(right->type, span, op, {right, left});
  if (difference && a == TypeKind::timestamp && b == TypeKind::timestamp)
    return operation(duration_type(), span, op, {left, right});
  if (op == typed::Operator::multiply &&
      ((a == TypeKind::integer && b == TypeKind::duration) || (a == TypeKind::duration && b == TypeKind::integer)))
    return operation(duration_type(), span, op, {left, right});
  return operand_mismatch(left, right, span, sign);
}

typed::ExpressionRef Expressions::numbers(typed::Operator op, typed::ExpressionRef left, typed::ExpressionRef right,
                                          Span span, std::string_view sign) {
  if (is(left->type, TypeKind::floating) != is(right->type, TypeKind::floating)) {
    typed::ExpressionRef& other = is(left->type, TypeKind::floating) ? right : left;
    const typed::ExpressionRef fitting = is_literal(other) ? fit(other, float_type()) : nullptr;
    typed::ExpressionRef& floating = &other == &left ? right : left;
    if (fitting != nullptr) {
      other = fitting;
    } else if (const typed::ExpressionRef exact = is_literal(floating) ? fit(floating, other->type) : nullptr) {
      floating = exact;
    } else {
      return operand_mismatch(left, right, span, sign);
    }
  }
  if (is(left->type, TypeKind::floating) && op == typed::Operator::remainder) {
    context_.reporter
        .report(diag::OperandTypes{
            .operation = std::string(sign), .left = type_text(left->type), .right = type_text(right->type)})
        .at(span, "floats have no remainder")
        .note("convert to `int` or `decimal` first: `int(x) % 7`, `decimal(x, 18, 2) % 0.25`");
    return poison(span);
  }
  if (is(left->type, TypeKind::floating)) return operation(float_type(), span, op, {left, right});
  if (is(left->type, TypeKind::integer) && is(right->type, TypeKind::integer) && op != typed::Operator::divide)
    return operation(int_type(), span, op, {left, right});
  left = fit(left, decimal_type(0, 0));
  right = fit(right, decimal_type(0, 0));
  if (left == nullptr || right == nullptr) return poison(span);
  Type result;
  switch (op) {
    case typed::Operator::add:
    case typed::Operator::subtract:
      result = sum_type(left->type, right->type);
      break;
    case typed::Operator::multiply:
      result = product_type(left->type, right->type);
      break;
    case typed::Operator::divide:
      result = quotient_type(left->type, right->type);
      break;
    case typed::Operator::remainder:
      result = remainder_type(left->type, right->type);
      break;
    case typed::Operator::negate:
    case typed::Operator::equal:
    case typed::Operator::not_equal:
    case typed::Operator::less:
    case typed::Operator::less_equal:
    case typed::Operator::greater:
    case typed::Operator::greater_equal:
      return poison(span);
  }
  if (result == nullptr) {
    context_.reporter
        .report(diag::OperandTypes{
            .operation = std::string(sign), .left = type_text(left->type), .right = type_text(right->type)})
        .at(span, "the result would have more than 38 decimals")
        .note("`round(x, 2)` before it keeps fewer");
    return poison(span);
  }
  return operation(result, span, op, {left, right});
}

typed::ExpressionRef Expressions::comparison(const ast::Binary& node, Span span) {
  if (foreign_null(node, span) || quoted_name(*node.left, *node.right) || quoted_name(*node.right, *node.left))
    return poison(span);
  typed::ExpressionRef left = check(*node.left);
  typed::ExpressionRef right = check(*node.right, left->type);
  if (is_poison(left) || is_poison(right)) return poison(span);
  return compare(*operator_of(node.op), left, right, span, sign_of(node.op));
}

typed::ExpressionRef Expressions::compare(typed::Operator op, const typed::ExpressionRef& left,
                                          const typed::ExpressionRef& right, Span span, std::string_view sign) {
  const bool equality = op == typed::Operator::equal || op == typed::Operator::not_equal;
  const Type &a = without_optional(left->type), &b = without_optional(right->type);
  for (const auto& [side, other] : {std::pair{left, right}, std::pair{right, left}}) {
    const Type& type = without_optional(side->type);
    if (!is(type, TypeKind::enumeration) || !equality) continue;
    if (!is(other->type, TypeKind::string) || !std::holds_alternative<typed::Constant>(other->node)) continue;
    if (fit(other, type) != nullptr || !context_.text(other->span).ends_with("\"")) continue;
    const std::string& symbol = std::get<typed::Constant>(other->node).value.text();
    auto report = context_.reporter.report(diag::UnknownSymbol{
        .subject = std::string(context_.text(side->span)), .symbol = symbol, .symbols = type->symbols});
    report.at(other->span, "no symbol of this enum");
    label_declaration(report, side);
    if (const auto meant = closest(symbol, type->symbols))
      report.fix(Applicability::likely, "use `\"" + *meant + "\"`", {{other->span, "\"" + *meant + "\""}});
    else
      report.note("write one of its symbols; if records have `" + symbol + "`, add it where the enum is declared");
    return poison(span);
  }
  if (!equality) {
    if (is(a, TypeKind::null) || is(b, TypeKind::null)) return operand_mismatch(left, right, span, sign);
    for (const auto& [side, other] : {std::pair{left, right}, std::pair{right, left}}) {
      const Type& type = without_optional(side->type);
      if (is_ordered(type)) continue;
      const bool symbol = is(type, TypeKind::enumeration);
      const std::string list(context_.text(side->span));
      auto report = context_.reporter.report(diag::NotOrdered{.type = type_text(type), .operation = std::string(sign)});
      report.at(span, symbol ? "the symbols of an enum have no order" : "no order");
      label_declaration(report, side);
      if (is(type, TypeKind::list))
        report.note("a list has many values: `" + list + ".any(x => x " + std::string(sign) + " …)`, `" + list +
                    ".max() " + std::string(sign) + " …`, or a row for each by `unnest`");
      if (symbol) report.note("a `case` can give each symbol a number, and `in [\"…\"]` lists symbols");
      return poison(span);
    }
    if (is_optional(left->type)) return optional_operand(left, sign);
    if (is_optional(right->type)) return optional_operand(right, sign);
  }
  const Type common = common_type(left, right);
  const bool mixed = (is(a, TypeKind::decimal) && is(b, TypeKind::floating)) ||
                     (is(a, TypeKind::floating) && is(b, TypeKind::decimal));
  typed::ExpressionRef x, y;
  if (common != nullptr && is_comparable(common)) {
    const bool narrow = is(without_optional(common), TypeKind::decimal);
    x = fit(left, common, narrow);
    y = fit(right, common, narrow);
  }
  if (x != nullptr && y != nullptr) return operation(bool_type(), span, op, {x, y});
  if (mixed) return operand_mismatch(left, right, span, sign);
  auto report =
      context_.reporter.report(diag::NotComparable{.left = type_text(left->type), .right = type_text(right->type)});
  report.at(span, "`" + type_text(left->type) + "` " + std::string(sign) + " `" + type_text(right->type) + "`");
  for (const auto& [text, other] : {std::pair{left, b}, std::pair{right, a}}) show_literal(report, text, other);
  for (const auto& [list, value] : {std::pair{left, right}, std::pair{right, left}}) {
    if (op != typed::Operator::equal || !is(list->type, TypeKind::list) || fit(value, list->type->element) == nullptr)
      continue;
    const std::string wanted = context_.fixed_text(value->span) + " in " + context_.fixed_text(list->span);
    report.fix(Applicability::likely, "ask whether it is among them", {{span, wanted}});
  }
  label_declaration(report, left);
  label_declaration(report, right);
  return poison(span);
}

}  // namespace braid::checking
