// Aggregates in the entries of a `group`: which there are, what they fold, and what type comes out.
#include "compiler/check/closest.h"
#include "compiler/check/expressions.h"

namespace braid::checking {
namespace {

struct Known {
  std::string_view name;
  typed::AggregateKind kind;
  size_t least, most;  ///< positional arguments
  bool ordered;        ///< takes `by:`
};

constexpr Known kAggregates[] = {
    {"count", typed::AggregateKind::count, 0, 0, false},
    {"sum", typed::AggregateKind::sum, 1, 1, false},
    {"min", typed::AggregateKind::minimum, 1, 1, false},
    {"max", typed::AggregateKind::maximum, 1, 1, false},
    {"avg", typed::AggregateKind::average, 1, 1, false},
    {"count_distinct", typed::AggregateKind::count_distinct, 1, 1, false},
    {"first", typed::AggregateKind::first, 1, 1, true},
    {"last", typed::AggregateKind::last, 1, 1, true},
    {"arg_min", typed::AggregateKind::arg_min, 1, 2, true},
    {"arg_max", typed::AggregateKind::arg_max, 1, 2, true},
};

const Known* find_known(std::string_view name) {
  for (const Known& known : kAggregates)
    if (known.name == name) return &known;
  return nullptr;
}

}  // namespace

std::optional<typed::AggregateKind> aggregate_kind(std::string_view name) {
  const Known* known = find_known(name);
  return known == nullptr ? std::nullopt : std::optional(known->kind);
}

bool is_later_aggregate(std::string_view name) {
  for (const char* later : {"approx_distinct", "quantile", "median", "stddev", "variance", "top_k", "collect",
                            "collect_set", "any", "every", "string_agg", "histogram", "covariance", "correlation"})
    if (name == later) return true;
  return false;
}

/// `max(a, b)` of two values is no aggregate; `max(a)` is.
bool Expressions::is_aggregate_call(const ast::Name& function, size_t positional) const {
  if (is_later_aggregate(function.text)) return true;
  const Declarations::Found written = context_.declarations.find(place_, NameKind::function, function.text);
  if (written.declaration != nullptr && std::holds_alternative<ast::Aggregate>(written.declaration->item->node))
    return true;
  const Known* known = find_known(function.text);
  if (known == nullptr) return false;
  return positional <= known->most || context_.input.functions.overloads(function.text).empty();
}

typed::ExpressionRef Expressions::aggregate(const ast::Name& function, const ast::Expr* object,
                                            const ast::Arguments& arguments, Span span) {
  const Known* known = find_known(function.text);
  if (const Declarations::Found written = context_.declarations.find(place_, NameKind::function, function.text);
      written.declaration != nullptr && known == nullptr) {
    report_later_item(context_, *written.declaration);
    return poison(span);
  }
  if (known == nullptr) {
    context_.not_yet(span, "the aggregate `" + function.text + "`",
                     "count, sum, min, max, avg, count_distinct, first, last, arg_min and arg_max are there");
    return poison(span);
  }
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
    } else if (argument.name->text == "by" && known->ordered) {
      by = value->get();
    } else {
      std::vector<std::string> names{"where"};
      if (known->ordered) names.emplace_back("by");
      auto report =
          context_.reporter.report(diag::UnknownParameter{.function = function.text, .name = argument.name->text});
      report.at(argument.name->span, "no such parameter");
      if (const auto meant = closest(argument.name->text, names))
        report.fix(Applicability::likely, "use `" + *meant + "`", {{argument.name->span, *meant}});
      sound = false;
    }
  }
  const bool arg = known->kind == typed::AggregateKind::arg_min || known->kind == typed::AggregateKind::arg_max;
  if (positional.size() < known->least || positional.size() > known->most ||
      (arg && (positional.size() == 2) == (by != nullptr))) {
    const std::string expected = arg                ? "a value and what it is ordered by"
                                 : known->most == 0 ? "no argument"
                                                    : "1 argument";
    auto report = context_.reporter.report(diag::ArgumentCount{
        .function = function.text, .expected = expected, .count = static_cast<int64_t>(positional.size())});
    report.at(span, "`" + function.text + "` takes " + expected);
    if (known->kind == typed::AggregateKind::count)
      report.note("`count(where: x is not null)` counts the rows in which `x` is there");
    return poison(span);
  }
  if (positional.size() == 2) by = positional[1];
  // Arguments are of the rows, not of the group: columns, not keys.
  GroupScope* group = std::exchange(group_, nullptr);
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
  if (sound) made.type = aggregate_type(known->kind, made.argument, filter != nullptr, span, function.text);
  present_.resize(present);
  group_ = group;
  if (made.type == nullptr) return poison(span);
  // The argument of sum and avg of whole numbers stays as it is: the fold is 128 bits wide.
  const int index = static_cast<int>(group_->keys.size() + 1 + group_->aggregates.size());
  const Type type = made.type;
  group_->aggregates.push_back(std::move(made));
  return typed::make(type, span, typed::ColumnRead{index});
}

Type Expressions::aggregate_type(typed::AggregateKind kind, const typed::ExpressionRef& argument, bool filtered,
                                 Span span, const std::string& name) {
  auto perhaps = [&](const Type& type) { return filtered ? optional_type(type) : type; };
  auto refuse = [&](std::string_view why) -> Type {
    auto report = context_.reporter.report(diag::OperandType{.operation = name, .type = type_text(argument->type)});
    report.at(argument->span, std::string(why));
    label_declaration(report, argument);
    (void)span;
    return nullptr;
  };
  switch (kind) {
    case typed::AggregateKind::count:
      return int_type();
    case typed::AggregateKind::count_distinct:
      return is(argument->type, TypeKind::null) ? refuse("nothing to count") : int_type();
    case typed::AggregateKind::first:
    case typed::AggregateKind::last:
    case typed::AggregateKind::arg_min:
    case typed::AggregateKind::arg_max:
      return is(argument->type, TypeKind::null) ? refuse("nothing to keep") : perhaps(argument->type);
    case typed::AggregateKind::sum:
    case typed::AggregateKind::average:
    case typed::AggregateKind::minimum:
    case typed::AggregateKind::maximum:
      break;
  }
  const Type& type = argument->type;
  if (is_optional(type)) {
    auto report = context_.reporter.report(diag::OptionalValue{
        .expression = std::string(context_.text(argument->span)), .type = type_text(type), .operation = name});
    report.at(argument->span, "is `" + type_text(type) + "`");
    label_declaration(report, argument);
    report.note("`" + name + "(x, where: x is not null)` leaves such rows out, and `x ?? 0` counts them as something");
    return nullptr;
  }
  if (kind == typed::AggregateKind::minimum || kind == typed::AggregateKind::maximum)
    return is_ordered(type) || is(type, TypeKind::boolean) || is(type, TypeKind::enumeration) ? perhaps(type)
                                                                                              : refuse("no order");
  const bool sum = kind == typed::AggregateKind::sum;
  if (is(type, TypeKind::floating) || is(type, TypeKind::duration)) return sum ? type : perhaps(type);
  if (is(type, TypeKind::integer)) return sum ? type : perhaps(decimal_type(38, 6));
  if (is(type, TypeKind::decimal)) {
    if (sum) return decimal_type(38, type->scale);
    return perhaps(decimal_type(38, std::min(38, type->scale + 6)));
  }
  return refuse("neither a number nor a duration");
}

}  // namespace braid::checking
