// Aggregates in the entries of a `group`: which there are, what they fold, and what type comes out.
#include "compiler/check/closest.h"
#include "compiler/check/expressions.h"

namespace braid::checking {
namespace {

constexpr std::string_view kPrevious = "previous";

/// What is ordered by, if the aggregate takes it: its second argument, or the order that replaces event time.
bool takes_by(const AggregateDeclaration& aggregate) {
  return aggregate.takes_by || aggregate.parameters.size() == 2;
}

}  // namespace

std::string aggregate_names(const FunctionRegistry& functions) {
  const std::vector<AggregateDeclaration>& aggregates = functions.aggregates();
  std::string text;
  for (size_t i = 0; i < aggregates.size(); ++i) {
    if (i > 0) text += i + 1 == aggregates.size() ? " and " : ", ";
    text += aggregates[i].name;
  }
  return text;
}

bool is_later_aggregate(std::string_view name) {
  for (const char* later : {"approx_distinct", "quantile", "median", "stddev", "variance", "top_k", "collect",
                            "collect_set", "any", "every", "string_agg", "histogram", "covariance", "correlation"})
    if (name == later) return true;
  return false;
}

/// `max(a, b)` of two values is no aggregate; `max(a)` is.
bool Expressions::is_aggregate_call(const ast::Name& function, size_t positional) const {
  if (is_later_aggregate(function.text) || (group_->running && function.text == kPrevious)) return true;
  const Declarations::Found written = context_.declarations.find(place_, NameKind::function, function.text);
  if (written.declaration != nullptr && std::holds_alternative<ast::Aggregate>(written.declaration->item->node))
    return true;
  const AggregateDeclaration* known = context_.input.functions.aggregate(function.text);
  if (known == nullptr) return false;
  return positional <= known->parameters.size() || context_.input.functions.overloads(function.text).empty();
}

typed::ExpressionRef Expressions::aggregate(const ast::Name& function, const ast::Expr* object,
                                            const ast::Arguments& arguments, Span span) {
  // `previous(x)` is the last of the rows before.
  const bool before = group_->running && function.text == kPrevious;
  const AggregateDeclaration* known = context_.input.functions.aggregate(before ? "last" : function.text);
  if (const Declarations::Found written = context_.declarations.find(place_, NameKind::function, function.text);
      written.declaration != nullptr && known == nullptr) {
    report_later_item(context_, *written.declaration);
    return poison(span);
  }
  if (known == nullptr) {
    context_.not_yet(span, "the aggregate `" + function.text + "`",
                     aggregate_names(context_.input.functions) + " are there");
    return poison(span);
  }
  // Where an argument could not be read, nobody knows which of the others belong to this call.
  for (const ast::Argument& argument : arguments.list)
    if (const auto* value = std::get_if<ast::ExprPtr>(&argument.value);
        value != nullptr && *value != nullptr && std::holds_alternative<ast::ErrorExpr>((*value)->node))
      return poison(span);
  std::vector<const ast::Expr*> positional;
  const ast::Expr *by = nullptr, *filter = nullptr;
  if (object != nullptr) positional.push_back(object);
  bool sound = true;
  for (const ast::Argument& argument : arguments.list) {
    const auto* value = std::get_if<ast::ExprPtr>(&argument.value);
    if (value == nullptr || *value == nullptr) {
      sound = false;
    } else if (!argument.name) {
      positional.push_back(value->get());
    } else if (argument.name->text == "where") {
      filter = value->get();
    } else if (argument.name->text == "by" && takes_by(*known)) {
      by = value->get();
    } else {
      std::vector<std::string> names{"where"};
      if (takes_by(*known)) names.emplace_back("by");
      auto report =
          context_.reporter.report(diag::UnknownParameter{.function = function.text, .name = argument.name->text});
      report.at(argument.name->span, "no such parameter");
      if (const auto meant = closest(argument.name->text, names))
        report.fix(Applicability::likely, "use `" + *meant + "`", {{argument.name->span, *meant}});
      sound = false;
    }
  }
  const size_t most = known->parameters.size();
  // `by` is the second argument, by place or by name.
  const bool wants_by = most == 2;
  const size_t least = wants_by ? 1 : most;
  if (positional.size() < least || positional.size() > most ||
      (wants_by && (positional.size() == 2) == (by != nullptr))) {
    const std::string expected = wants_by    ? "a value and what it is ordered by"
                                 : most == 0 ? "no argument"
                                             : "1 argument";
    auto report = context_.reporter.report(diag::ArgumentCount{
        .function = function.text, .expected = expected, .count = static_cast<int64_t>(positional.size())});
    report.at(span, "`" + function.text + "` takes " + expected);
    if (most == 0) {
      report.note("`count(where: x is not null)` counts the rows in which `x` is there");
      if (object == nullptr && positional.size() == arguments.list.size())
        report.fix(Applicability::likely, "count all rows", {{arguments.span, "()"}});
    }
    return poison(span);
  }
  if (positional.size() == 2) by = positional[1];
  // Arguments are of the rows, not of the group: columns, not keys.
  GroupScope* group = std::exchange(group_, nullptr);
  // And not the parameters of a lambda around the aggregate: it is folded before the lambda runs.
  std::vector<Local> outer = std::exchange(locals_, {});
  const size_t present = present_.size();
  typed::Aggregate made{
      .kind = known->kind, .argument = nullptr, .by = nullptr, .filter = nullptr, .type = nullptr, .span = span};
  if (filter != nullptr) {
    made.filter = condition(*filter);
    assume(*filter, true);
    sound &= !is_poison(made.filter);
  }
  if (!positional.empty()) {
    made.argument = check(*positional[0]);
    sound &= !is_poison(made.argument);
  }
  if (by != nullptr) {
    made.by = check(*by);
    if (!is_poison(made.by) && is_optional(made.by->type)) made.by = optional_operand(made.by, "by");
    if (!is_poison(made.by) && !is_ordered(made.by->type)) {
      auto report = context_.reporter.report(diag::NotOrdered{.type = type_text(made.by->type), .operation = "by"});
      report.at(by->span, "no order");
      label_declaration(report, made.by);
      sound = false;
    }
    sound &= !is_poison(made.by);
  }
  for (const typed::ExpressionRef& part : {made.argument, made.by}) {
    if (part == nullptr || is_poison(part) || !holds_null(part->type)) continue;
    context_.reporter.report(diag::NullWithoutType{}).at(part->span, "of which type?");
    sound = false;
  }
  if (sound) made.type = aggregate_type(*known, made);
  present_.resize(present);
  locals_ = std::move(outer);
  group_ = group;
  if (made.type == nullptr) return poison(span);
  // The argument of sum and avg of whole numbers stays as it is: the fold is 128 bits wide.
  made.before = before;
  if (before) made.type = optional_type(without_optional(made.type));
  const size_t columns = group_->running ? row_->fields.size() : group_->keys.size() + 1;
  const int index = static_cast<int>(columns + group_->aggregates.size());
  const Type type = made.type;
  group_->aggregates.push_back(std::move(made));
  return typed::make(type, span, typed::ColumnRead{index});
}

Type Expressions::aggregate_type(const AggregateDeclaration& known, const typed::Aggregate& call) {
  std::vector<Type> arguments;
  if (call.argument != nullptr) arguments.push_back(call.argument->type);
  if (arguments.size() < known.parameters.size()) arguments.push_back(call.by->type);
  if (Type type = aggregate_result(known, arguments, call.filter != nullptr)) return type;
  // Of two arguments the first may be anything, and the order of the second has been judged: it is the first.
  const typed::ExpressionRef& argument = call.argument;
  const std::string name(known.name), type = type_text(argument->type);
  arguments[0] = without_optional(argument->type);
  if (is_optional(argument->type) && known.result(arguments) != nullptr) {
    auto report = context_.reporter.report(
        diag::OptionalValue{.expression = std::string(context_.text(argument->span)), .type = type, .operation = name});
    report.at(argument->span, "is `" + type + "`");
    label_declaration(report, argument);
    report.note("`" + name + "(x, where: x is not null)` leaves such rows out, and `x ?? 0` counts them as something");
    return nullptr;
  }
  auto report = context_.reporter.report(diag::OperandType{.operation = name, .type = type});
  report.at(argument->span, "`" + name + "` takes " + std::string(known.expects));
  label_declaration(report, argument);
  return nullptr;
}

}  // namespace braid::checking
