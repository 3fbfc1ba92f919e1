// Aggregates in the entries of a `group`: which there are, what they fold, and what type comes out.
#include <algorithm>

#include "compiler/check/aggregate_findings.h"
#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"
#include "compiler/check/type_findings.h"
#include "runtime/data/decimal.h"

namespace braid::checking {
namespace {

constexpr std::string_view kPrevious = "previous";
constexpr int kShareDigits = 9;

/// A number as so many billionths; nothing if it is no number or not 0 to 1.
std::optional<int64_t> billionths(const Type& type, const Value& value) {
  int128 scaled = -1;
  if (is(type, TypeKind::floating)) {
    const double share = value.floating() * 1e9;
    if (!(share >= 0 && share <= 1e9)) return {};
    scaled = static_cast<int128>(share + 0.5);
  } else if (is(type, TypeKind::integer)) {
    if (value.integer() < 0 || value.integer() > 1) return {};
    scaled = static_cast<int128>(value.integer()) * power_of_ten(kShareDigits);
  } else if (!is(type, TypeKind::decimal) || !decimal_rescale(value.wide(), type->scale, kShareDigits, &scaled)) {
    return {};
  }
  if (scaled < 0 || scaled > power_of_ten(kShareDigits)) return {};
  return static_cast<int64_t>(scaled);
}

bool ascends(const Value& list) {
  const std::vector<Value>& items = list.items();
  for (size_t i = 1; i < items.size(); ++i)
    if (compare(items[i - 1], items[i]) >= 0) return false;
  return !items.empty() && items.size() <= 100;
}

/// As a diagnostic says what a parameter takes.
std::string_view wanted(AggregateInput input) {
  switch (input) {
    case AggregateInput::share:
      return "a number from 0 to 1";
    case AggregateInput::count:
      return "a whole number from 1 to 10,000";
    case AggregateInput::bounds:
      return "a list of 1 to 100 ascending values";
    case AggregateInput::text:
      return "a text";
    case AggregateInput::row:
      break;
  }
  return "a value of each row";
}

std::string expected_arguments(const AggregateDeclaration& aggregate) {
  const size_t count = aggregate.parameters.size();
  if (count == 0) return "no argument";
  if (count == 1) return "1 argument";
  if (aggregate.parameters[1].name == "by") return "a value and what it is ordered by";
  return "a `" + std::string(aggregate.parameters[0].name) + "` and a `" + std::string(aggregate.parameters[1].name) +
         "`";
}

}  // namespace

/// `max(a, b)` of two values is no aggregate; `max(a)` is.
bool Expressions::is_aggregate_call(const ast::Name& function, size_t positional) const {
  if (group_->running && function.text == kPrevious) return true;
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
  if (known == nullptr) {
    const Declarations::Found written = context_.declarations.find(place_, NameKind::function, function.text);
    return user_aggregate(function, object, arguments, span, *written.declaration);
  }
  // Where an argument could not be read, nobody knows which of the others belong to this call.
  for (const ast::Argument& argument : arguments.list)
    if (const auto* value = std::get_if<ast::ExprPtr>(&argument.value);
        value != nullptr && *value != nullptr && std::holds_alternative<ast::ErrorExpr>((*value)->node))
      return poison(span);
  const std::vector<AggregateParameter>& parameters = known->parameters;
  std::vector<const ast::Expr*> given(parameters.size());
  size_t positional = 0;
  const ast::Expr *by = nullptr, *filter = nullptr;
  bool sound = true, fits = true;
  auto place = [&](size_t parameter, const ast::Expr* value) {
    if (parameter >= given.size() || given[parameter] != nullptr) {
      fits = false;
    } else {
      given[parameter] = value;
    }
  };
  if (object != nullptr) place(positional++, object);
  for (const ast::Argument& argument : arguments.list) {
    const auto* value = std::get_if<ast::ExprPtr>(&argument.value);
    if (value == nullptr || *value == nullptr) {
      sound = false;
      continue;
    }
    if (!argument.name) {
      place(positional++, value->get());
      continue;
    }
    const std::string& name = argument.name->text;
    const auto named = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const AggregateParameter& parameter) { return parameter.name == name; });
    if (name == "where") {
      filter = value->get();
    } else if (name == "by" && known->takes_by) {
      by = value->get();
    } else if (named != parameters.end()) {
      place(static_cast<size_t>(named - parameters.begin()), value->get());
    } else {
      std::vector<std::string> names{"where"};
      if (known->takes_by) names.emplace_back("by");
      for (const AggregateParameter& parameter : parameters) names.emplace_back(parameter.name);
      auto report = context_.reporter.report(diag::UnknownParameter{.function = function.text, .name = name});
      report.at(argument.name->span, "no such parameter");
      if (const auto meant = closest(name, names))
        report.fix(Applicability::likely, "use `" + *meant + "`", {{argument.name->span, *meant}});
      sound = false;
    }
  }
  if (!sound && positional == 0 && !parameters.empty()) return poison(span);
  if (!fits || std::find(given.begin(), given.end(), nullptr) != given.end()) {
    const std::string expected = expected_arguments(*known);
    // Before the report: what is checked for it may report, too.
    const std::string counted = parameters.empty() ? count_which(arguments) : "";
    auto report = context_.reporter.report(diag::ArgumentCount{
        .function = function.text, .expected = expected, .count = static_cast<int64_t>(positional)});
    report.at(span, "`" + function.text + "` takes " + expected);
    // What usually stands behind the value.
    if (parameters.size() == 2 && positional == 1 && object == nullptr && arguments.list.size() == 1) {
      const AggregateInput second = parameters[1].input;
      std::string usual = second == AggregateInput::text    ? "\", \""
                          : second == AggregateInput::count ? "10"
                          : second == AggregateInput::share ? "0.5"
                                                            : "";
      if (parameters[1].name == "by" && row_ != nullptr && row_->time_field >= 0)
        usual = row_->fields[static_cast<size_t>(row_->time_field)].name;
      const Span end{span.file, span.end - 1, span.end - 1};
      if (!usual.empty())
        report.fix(Applicability::sketch, "say the `" + std::string(parameters[1].name) + "`", {{end, ", " + usual}});
    }
    if (parameters.empty()) {
      report.note("`count(where: x is not null)` counts the rows in which `x` is there");
      if (object == nullptr && positional == arguments.list.size())
        report.fix(Applicability::likely, counted == "()" ? "count all rows" : "write `count" + counted + "`",
                   {{arguments.span, counted}});
    }
    return poison(span);
  }
  // `collect_map(k, v)` collects pairs, of which a map is made behind the group.
  const bool pairs = known->name == "collect_map";
  const ast::Expr *first = nullptr, *second = nullptr;
  size_t constant = given.size();
  for (size_t i = 0; i < given.size(); ++i) {
    if (parameters[i].input != AggregateInput::row) {
      constant = i;
    } else if (first == nullptr) {
      first = given[i];
    } else if (pairs) {
      second = given[i];
    } else {
      by = given[i];
    }
  }
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
  if (first != nullptr) {
    made.argument = check(*first);
    if (second != nullptr) made.argument = pair(made.argument, check(*second), span);
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
  if (sound) made.type = aggregate_type(pairs ? *context_.input.functions.aggregate("collect") : *known, made);
  if (constant < given.size() && !aggregate_constant(*known, constant, *given[constant], made)) made.type = nullptr;
  present_.resize(present);
  locals_ = std::move(outer);
  group_ = group;
  if (made.type == nullptr) return poison(span);
  // The argument of sum and avg of whole numbers stays as it is: the fold is 128 bits wide.
  made.before = before;
  if (before) made.type = optional_type(without_optional(made.type));
  const int index = group_->next_column();
  const Type type = made.type;
  group_->aggregates.push_back(std::move(made));
  const typed::ExpressionRef result = typed::make(type, span, typed::ColumnRead{index});
  if (!pairs) return result;
  const ast::Name to_map{"to_map_last", function.span};
  return library_call({to_map, {{nullptr, result, span, nullptr}}, span},
                      context_.input.functions.overloads(to_map.text));
}

/// An entry of a map; reported if the key can be none.
typed::ExpressionRef Expressions::pair(const typed::ExpressionRef& key, const typed::ExpressionRef& value, Span span) {
  if (is_poison(key) || is_poison(value)) return poison(span);
  if (is_optional(key->type)) return optional_operand(key, "a key");
  if (!is_map_key(key->type)) {
    auto report = context_.reporter.report(diag::MapKeyType{.type = type_text(key->type)});
    report.at(key->span, "has no text, or several");
    label_declaration(report, key);
    return poison(span);
  }
  return typed::make(struct_type({{"key", key->type}, {"value", value->type}}), span, typed::MakeStruct{{key, value}});
}

/// `count(status == "paid")` counts the rows of which that is true, and `count(note)` of SQL those that have one.
std::string Expressions::count_which(const ast::Arguments& arguments) {
  const auto* given = arguments.list.size() == 1 ? std::get_if<ast::ExprPtr>(&arguments.list[0].value) : nullptr;
  Type type = error_type();
  if (given != nullptr && *given != nullptr) {
    GroupScope* group = std::exchange(group_, nullptr);
    const size_t findings = context_.reporter.size();
    type = check(**given)->type;
    context_.reporter.truncate(findings);
    group_ = group;
  }
  const bool condition = is(type, TypeKind::boolean);
  if (!condition && !is_optional(type)) return "()";
  return "(where: " + context_.fixed_text((*given)->span) + (condition ? ")" : " is not null)");
}

/// False: it is no value that the parameter takes, which is reported.
bool Expressions::aggregate_constant(const AggregateDeclaration& known, size_t parameter, const ast::Expr& given,
                                     typed::Aggregate& call) {
  const AggregateInput input = known.parameters[parameter].input;
  const std::string name(known.parameters[parameter].name);
  Type type = nullptr;
  if (input == AggregateInput::text) type = string_type();
  if (input == AggregateInput::count) type = int_type();
  if (input == AggregateInput::bounds) {
    if (call.argument == nullptr || is_poison(call.argument)) return false;
    type = list_type(without_optional(call.argument->type));
  }
  const typed::ExpressionRef value = type == nullptr ? check(given) : check_as(given, type);
  if (is_poison(value)) return false;
  const std::optional<Value> known_value = evaluate(value);
  if (!known_value) {
    context_.reporter.report(diag::NotConstant{.what = "the `" + name + "` of `" + std::string(known.name) + "`"})
        .at(given.span, "differs from row to row");
    return false;
  }
  call.constant = *known_value;
  call.constant_type = value->type;
  bool fits = true;
  if (input == AggregateInput::share) {
    const std::optional<int64_t> share = billionths(value->type, *known_value);
    fits = share.has_value();
    call.constant = Value{static_cast<int128>(share.value_or(0))};
    call.constant_type = decimal_type(kShareDigits + 1, kShareDigits);
  }
  if (input == AggregateInput::count) fits = known_value->integer() >= 1 && known_value->integer() <= 10'000;
  if (input == AggregateInput::bounds) fits = ascends(*known_value);
  if (fits) return true;
  auto report = context_.reporter.report(diag::AggregateConstant{
      .parameter = name, .function = std::string(known.name), .wanted = std::string(wanted(input))});
  report.at(given.span, "is " + to_literal(value->type, *known_value));
  // `quantile(x, 95)`: in per cent.
  if (input == AggregateInput::share && is(value->type, TypeKind::integer) && known_value->integer() > 1 &&
      known_value->integer() <= 100) {
    const int64_t percent = known_value->integer();
    const std::string share = percent == 100      ? "1"
                              : percent % 10 == 0 ? "0." + std::to_string(percent / 10)
                                                  : (percent < 10 ? "0.0" : "0.") + std::to_string(percent);
    report.fix(Applicability::likely, "write it as a share of 1", {{given.span, share}});
  }
  return false;
}

Type Expressions::aggregate_type(const AggregateDeclaration& known, const typed::Aggregate& call) {
  std::vector<Type> arguments;
  if (call.argument != nullptr) arguments.push_back(call.argument->type);
  if (arguments.size() < known.row_parameters()) arguments.push_back(call.by->type);
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
  const std::string condition(context_.text(argument->span));
  if (is(argument->type, TypeKind::boolean) && name == "sum")
    report.fix(Applicability::likely, "count the rows of which it is true",
               {{call.span, "count(where: " + condition + ")"}});
  else if (is(argument->type, TypeKind::boolean) && name == "avg")
    report.note("`avg(if " + condition + " then 1.0 else 0.0)` is the share of the rows of which it is true");
  return nullptr;
}

}  // namespace braid::checking
