// Functions that go through a list with a lambda: `xs.map(x => x.price * x.quantity)`. Each becomes a loop of the
// expression (typed::Loop); a lambda is no value. Its parameters hide the row's fields, and it may read all of them.
#include <algorithm>

#include "compiler/check/closest.h"
#include "compiler/check/expressions.h"
#include "compiler/check/type_findings.h"

namespace braid::checking {

namespace {

using typed::LoopKind;

/// How a function is called on a list, as messages show it.
struct LambdaFunction {
  std::string_view name, form;
  bool folds = false;  ///< takes a first value, and the lambda what came before
};
constexpr LambdaFunction kFunctions[] = {
    {"map", "x => x + 1"},
    {"flat_map", "x => [x, x]"},
    {"filter", "x => x > 0"},
    {"take_while", "x => x > 0"},
    {"skip_while", "x => x > 0"},
    {"any", "x => x > 0"},
    {"all", "x => x > 0"},
    {"none", "x => x > 0"},
    {"count", "x => x > 0"},
    {"find", "x => x > 0"},
    {"index_of", "x => x > 0"},
    {"reduce", "0, (sum, x) => sum + x", true},
    {"map_values", "value => value + 1"},
    {"sort_by", "x => x.name"},
    {"min_by", "x => x.price"},
    {"max_by", "x => x.price"},
};

const LambdaFunction* find_function(std::string_view name) {
  for (const LambdaFunction& one : kFunctions)
    if (one.name == name) return &one;
  return nullptr;
}

/// What other languages call them.
struct OtherName {
  std::string_view text, meant;
};
constexpr OtherName kOtherNames[] = {{"some", "any"},
                                     {"exists", "any"},
                                     {"every", "all"},
                                     {"forall", "all"},
                                     {"fold", "reduce"},
                                     {"foldl", "reduce"},
                                     {"fold_left", "reduce"},
                                     {"aggregate", "reduce"},
                                     {"inject", "reduce"},
                                     {"transform", "map"},
                                     {"select", "map"},
                                     {"collect", "map"},
                                     {"where", "filter"},
                                     {"select_many", "flat_map"},
                                     {"flatMap", "flat_map"},
                                     {"first", "find"},
                                     {"findIndex", "index_of"},
                                     {"find_index", "index_of"},
                                     {"position", "index_of"},
                                     {"order_by", "sort_by"},
                                     {"sortBy", "sort_by"},
                                     {"sort", "sort_by"},
                                     {"min", "min_by"},
                                     {"max", "max_by"},
                                     {"minBy", "min_by"},
                                     {"maxBy", "max_by"},
                                     {"takeWhile", "take_while"},
                                     {"dropWhile", "skip_while"},
                                     {"drop_while", "skip_while"}};

const ast::Lambda* as_lambda(const ast::Argument& argument) {
  const auto* value = std::get_if<ast::ExprPtr>(&argument.value);
  return value == nullptr || *value == nullptr ? nullptr : std::get_if<ast::Lambda>(&(*value)->node);
}

/// Whole numbers and decimals that a sum of many takes.
Type widest(const Type& number) {
  return is(number, TypeKind::decimal) ? decimal_type(38, number->scale) : number;
}

}  // namespace

/// A call whose arguments have been told apart.
struct Expressions::LambdaCall {
  const ast::Name& function;
  const ast::Lambda& lambda;
  Span lambda_span;
  Span span;
  const ast::Expr* first;  ///< of `reduce`: the value it starts with
  /// What the lambda gets: an element; of a map an entry, as one parameter or as key and value; or its value.
  enum class Over { elements, entries, values } over = Over::elements;
};

bool Expressions::lambda_missing(const Call& call) {
  const LambdaFunction* known = find_function(call.function.text);
  if (known == nullptr) return false;
  context_.reporter
      .report(diag::LambdaExpected{.function = call.function.text,
                                   .form = "xs." + std::string(known->name) + "(" + std::string(known->form) + ")"})
      .at(call.function.span, "goes through a list with it");
  return true;
}

typed::ExpressionRef Expressions::lambda_call(const ast::Name& function, const ast::Expr* object, bool optional,
                                              const ast::Arguments& arguments, Span span) {
  const auto given = std::find_if(arguments.list.begin(), arguments.list.end(),
                                  [](const ast::Argument& argument) { return as_lambda(argument) != nullptr; });
  if (given == arguments.list.end()) return nullptr;
  const LambdaFunction* known = find_function(function.text);
  if (known == nullptr) {
    if (typed::ExpressionRef made = call_with_lambdas(function, object, arguments, span)) return made;
    const auto other = std::find_if(std::begin(kOtherNames), std::end(kOtherNames),
                                    [&](const OtherName& one) { return one.text == function.text; });
    const bool exists = knows_function(function.text);
    if (exists && other == std::end(kOtherNames)) {
      auto report = context_.reporter.report(diag::NoLambdaTaken{.function = function.text});
      report.at(given->span, "a lambda is no value");
      // `lines.sum(line => line.price)`: of what the lambda gives.
      const bool alone = object != nullptr && arguments.list.size() == 1;
      const auto overloads = context_.input.functions.overloads(function.text);
      if (alone && std::any_of(overloads.begin(), overloads.end(), [](const FunctionDeclaration* one) {
            return one->parameters.size() == 1 &&
                   (one->parameters[0].kind == ParameterKind::list_of_any ||
                    (one->parameters[0].type != nullptr && is(one->parameters[0].type, TypeKind::list)));
          }))
        report.fix(Applicability::likely, "take what it gives of each element",
                   {{function.span, "map"}, {{span.file, span.end, span.end}, "." + function.text + "()"}});
      return poison(span);
    }
    auto report = exists ? context_.reporter.report(diag::NoLambdaTaken{.function = function.text})
                         : context_.reporter.report(diag::UnknownFunction{.name = function.text});
    report.at(function.span, exists ? "with a lambda it has another name" : "no such function");
    std::vector<std::string> names;
    for (const LambdaFunction& one : kFunctions) names.emplace_back(one.name);
    const std::optional<std::string> meant =
        other != std::end(kOtherNames) ? std::string(other->meant) : closest(function.text, names);
    if (meant) report.fix(Applicability::likely, "use `" + *meant + "`", {{function.span, *meant}});
    return poison(span);
  }
  std::vector<const ast::Expr*> values;
  if (object != nullptr) values.push_back(object);
  for (const ast::Argument& argument : arguments.list) {
    const auto* value = std::get_if<ast::ExprPtr>(&argument.value);
    if (value == nullptr || *value == nullptr) return poison(span);
    if (argument.name) {
      context_.reporter.report(diag::UnknownParameter{.function = function.text, .name = argument.name->text})
          .at(argument.name->span, "its arguments have no names");
      return poison(span);
    }
    values.push_back(value->get());
  }
  const size_t wanted = known->folds ? 3 : 2;
  if (values.size() != wanted || !std::holds_alternative<ast::Lambda>(values.back()->node) ||
      std::count_if(arguments.list.begin(), arguments.list.end(),
                    [](const ast::Argument& argument) { return as_lambda(argument) != nullptr; }) != 1) {
    context_.reporter
        .report(diag::LambdaExpected{.function = function.text,
                                     .form = "xs." + std::string(known->name) + "(" + std::string(known->form) + ")"})
        .at(span, known->folds ? "a list, what it starts with, and a lambda" : "a list and a lambda");
    return poison(span);
  }
  const auto& lambda = std::get<ast::Lambda>(values.back()->node);
  const LambdaCall call{function, lambda, values.back()->span, span, known->folds ? values[1] : nullptr};
  const size_t least = known->folds ? 2 : 1;
  if (lambda.parameters.size() < least || lambda.parameters.size() > least + 1) {
    context_.reporter
        .report(diag::LambdaParameters{.function = function.text,
                                       .expected = known->folds ? "2 parameters, or 3" : "1 parameter, or 2",
                                       .count = static_cast<int64_t>(lambda.parameters.size())})
        .at(call.lambda_span, known->folds ? "what came before, the element, and its number from 0"
                                           : "the element, and its number from 0");
    return poison(span);
  }
  for (size_t i = 1; i < lambda.parameters.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (lambda.parameters[i].text != lambda.parameters[j].text) continue;
      context_.reporter.report(diag::DuplicateField{.field = lambda.parameters[i].text})
          .at(lambda.parameters[i].span, "named again")
          .also(lambda.parameters[j].span, "first named here");
      return poison(span);
    }
  }
  const typed::ExpressionRef list = check(*values.front());
  if (is_poison(list)) return poison(span);
  if (is_optional(list->type) && optional)
    return if_present(list, span, [&](const typed::ExpressionRef& present) { return over_list(call, present); });
  return over_list(call, list);
}

Expressions::LoopSlots Expressions::new_loop() {
  const int element = next_slot_;
  next_slot_ += 2;
  return {element, element + 1};
}

typed::ExpressionRef Expressions::lambda_body(const LambdaCall& call, const Type& element, LoopSlots slots,
                                              const typed::ExpressionRef& state, bool is_condition) {
  const std::vector<ast::Name>& parameters = call.lambda.parameters;
  const size_t before = locals_.size();
  const std::vector<std::string> present = present_;
  size_t at = 0;
  if (state != nullptr) add_local(parameters[at].text, state, parameters[at].span), ++at;
  const bool pair = call.over != LambdaCall::Over::elements && at + 2 == parameters.size();
  if (pair || call.over == LambdaCall::Over::values) {
    auto part = [&](int index) {
      const Span span = parameters[at].span;
      return typed::make(element->fields[static_cast<size_t>(index)].type, span,
                         typed::FieldRead{typed::make(element, span, typed::LocalRead{slots.element}), index});
    };
    if (pair) add_local(parameters[at].text, part(0), parameters[at].span), ++at;
    add_local(parameters[at].text, part(1), parameters[at].span);
  } else {
    add_local(parameters[at].text, typed::make(element, parameters[at].span, typed::LocalRead{slots.element}),
              parameters[at].span);
  }
  ++at;
  if (at < parameters.size())
    add_local(parameters[at].text, typed::make(int_type(), parameters[at].span, typed::LocalRead{slots.position}),
              parameters[at].span);
  typed::ExpressionRef body = call.lambda.body == nullptr ? poison(call.lambda_span)
                              : is_condition              ? condition(*call.lambda.body)
                                                          : check(*call.lambda.body);
  locals_.resize(before);
  present_ = present;
  if (!is_poison(body) && holds_null(body->type)) {
    context_.reporter.report(diag::NullWithoutType{}).at(body->span, "of which type?");
    return poison(body->span);
  }
  return body;
}

typed::ExpressionRef Expressions::loop(LoopKind kind, const Type& type, const LambdaCall& call,
                                       const typed::ExpressionRef& list) {
  const LoopSlots slots = new_loop();
  const bool is_condition = kind != LoopKind::map && kind != LoopKind::flat_map;
  typed::ExpressionRef body = lambda_body(call, list->type->element, slots, nullptr, is_condition);
  if (is_poison(body)) return poison(call.span);
  Type made = type;
  if (kind == LoopKind::map) made = list_type(body->type);
  if (kind == LoopKind::flat_map) {
    if (is_optional(body->type)) {
      optional_operand(body, call.function.text);
      return poison(call.span);
    }
    if (!is(body->type, TypeKind::list)) {
      context_.reporter.report(diag::TypeMismatch{.expected = "list", .found = type_text(body->type)})
          .at(body->span, "this is `" + type_text(body->type) + "`")
          .note("`flat_map` puts the lists of all elements one after the other; `map` makes a list of values");
      return poison(call.span);
    }
    made = body->type;
  }
  return typed::make(made, call.span,
                     typed::Loop{kind, slots.element, slots.position, -1, list, nullptr, std::move(body)});
}

/// Goes through the entries in the order of their keys.
typed::ExpressionRef Expressions::over_map(const LambdaCall& call, const typed::ExpressionRef& map) {
  const std::string& name = call.function.text;
  LambdaCall inner = call;
  inner.over = name == "map_values" ? LambdaCall::Over::values : LambdaCall::Over::entries;
  const typed::ExpressionRef entries = entries_of(map, map->span);
  if (name == "take_while" || name == "skip_while" || name == "index_of") {
    context_.reporter.report(diag::NotAList{.function = name, .type = type_text(map->type)})
        .at(map->span, "this is `" + type_text(map->type) + "`")
        .note("`entries()` is the list of its keys and values");
    return poison(call.span);
  }
  if (name == "filter") {
    const typed::ExpressionRef kept = loop(LoopKind::filter, entries->type, inner, entries);
    if (is_poison(kept)) return kept;
    return typed::make(map->type, call.span, typed::Convert{typed::Conversion::entries_map, kept});
  }
  if (name != "map_values") return over_list(inner, entries);
  const Type& element = entries->type->element;
  const LoopSlots slots = new_loop();
  const typed::ExpressionRef value = lambda_body(inner, element, slots, nullptr, false);
  if (is_poison(value)) return poison(call.span);
  const Type made = map_type(key_of(map->type), value->type);
  const typed::ExpressionRef key =
      typed::make(key_of(map->type), call.span,
                  typed::FieldRead{typed::make(element, call.span, typed::LocalRead{slots.element}), 0});
  const typed::ExpressionRef entry = typed::make(made->element, call.span, typed::MakeStruct{{key, value}});
  const typed::ExpressionRef changed =
      typed::make(list_type(made->element), call.span,
                  typed::Loop{LoopKind::map, slots.element, slots.position, -1, entries, nullptr, entry});
  return typed::make(made, call.span, typed::Convert{typed::Conversion::entries_map, changed});
}

typed::ExpressionRef Expressions::over_list(const LambdaCall& call, const typed::ExpressionRef& list) {
  const std::string& name = call.function.text;
  if (is(list->type, TypeKind::map)) return over_map(call, list);
  if (is_optional(list->type) && (is(list->type->element, TypeKind::list) || is(list->type->element, TypeKind::map))) {
    optional_operand(list, name);
    return poison(call.span);
  }
  if (!is(list->type, TypeKind::list)) {
    auto report = context_.reporter.report(diag::NotAList{.function = name, .type = type_text(list->type)});
    report.at(list->span, "this is `" + type_text(list->type) + "`");
    label_declaration(report, list);
    return poison(call.span);
  }
  if (holds_null(list->type)) {
    context_.reporter.report(diag::NullWithoutType{}).at(list->span, "a list of which type?");
    return poison(call.span);
  }
  const Type& element = list->type->element;
  if (name == "map_values") {
    context_.reporter.report(diag::NotAMap{.function = name, .type = type_text(list->type)})
        .at(list->span, "this is `" + type_text(list->type) + "`")
        .fix(Applicability::likely, "use `map`", {{call.function.span, "map"}});
    return poison(call.span);
  }
  if (name == "map") return loop(LoopKind::map, nullptr, call, list);
  if (name == "flat_map") return loop(LoopKind::flat_map, nullptr, call, list);
  if (name == "filter") return loop(LoopKind::filter, list->type, call, list);
  if (name == "take_while") return loop(LoopKind::take_while, list->type, call, list);
  if (name == "skip_while") return loop(LoopKind::skip_while, list->type, call, list);
  if (name == "any") return loop(LoopKind::any, bool_type(), call, list);
  if (name == "all") return loop(LoopKind::all, bool_type(), call, list);
  if (name == "count") return loop(LoopKind::count, int_type(), call, list);
  if (name == "find") return loop(LoopKind::find, optional_type(element), call, list);
  if (name == "index_of") return loop(LoopKind::position, optional_type(int_type()), call, list);
  if (name == "none") {
    const typed::ExpressionRef any = loop(LoopKind::any, bool_type(), call, list);
    return is_poison(any) ? any : typed::make(bool_type(), call.span, typed::Not{any});
  }
  if (name == "sort_by") return sorted_by(call, list);
  if (name == "min_by") return best_by(call, list, typed::Operator::less);
  if (name == "max_by") return best_by(call, list, typed::Operator::greater);
  return reduce(call, list);
}

/// What the lambda gives is the next one's first argument, so both have one type: that of the first value, or, where
/// the lambda gives another, the one that holds both. Exact numbers take 38 digits, as sums of a group do.
typed::ExpressionRef Expressions::reduce(const LambdaCall& call, const typed::ExpressionRef& list) {
  const typed::ExpressionRef first = check(*call.first);
  if (is_poison(first)) return poison(call.span);
  if (holds_null(first->type)) {
    context_.reporter.report(diag::NullWithoutType{}).at(first->span, "of which type?");
    return poison(call.span);
  }
  const LoopSlots slots = new_loop();
  const int state = next_slot_++;
  const size_t aggregates = group_ == nullptr ? 0 : group_->aggregates.size();
  auto body_from = [&](const Type& type) {
    if (group_ != nullptr) group_->aggregates.resize(aggregates);
    ++folds_;
    typed::ExpressionRef body =
        lambda_body(call, list->type->element, slots, typed::make(type, first->span, typed::LocalRead{state}), false);
    --folds_;
    return body;
  };
  // What is reported of a first reading counts only if no other reads.
  const size_t findings = context_.reporter.size();
  std::vector<Type> readings{first->type};
  const bool reads_once = folds_ >= kMostReadings;
  if (!reads_once && is_literal(first) && is(first->type, TypeKind::integer)) readings.push_back(float_type());
  Type type = first->type;
  typed::ExpressionRef body;
  for (const Type& reading : readings) {
    context_.reporter.truncate(findings);
    body = body_from(reading);
    type = reading;
    if (!is_poison(body)) break;
  }
  if (is_poison(body)) {
    if (readings.size() > 1) {
      context_.reporter.truncate(findings);
      body_from(first->type);
    }
    return poison(call.span);
  }
  if (!reads_once && fit(body, type) == nullptr) {
    const Type common = common_type(typed::make(type, {}, typed::LocalRead{-1}), body);
    const Type wide = common == nullptr ? nullptr : widest(common);
    if (wide != nullptr && fit(first, wide) != nullptr) {
      type = wide;
      body = body_from(type);
      if (is_poison(body)) return poison(call.span);
    }
  }
  typed::ExpressionRef fitting = fit(body, type);
  // A sum of 38 digits may overflow; digits behind the point never get lost.
  const bool overflows =
      is(type, TypeKind::decimal) && is(body->type, TypeKind::decimal) && body->type->scale <= type->scale;
  if (fitting == nullptr && overflows) fitting = fit(body, type, true);
  const typed::ExpressionRef initial = fit(first, type);
  if (fitting == nullptr || initial == nullptr) {
    auto report =
        context_.reporter.report(diag::ReduceType{.found = type_text(body->type), .first = type_text(first->type)});
    report.at(body->span, "this is `" + type_text(body->type) + "`")
        .also(first->span, "it starts with `" + type_text(first->type) + "`");
    if (is(body->type, TypeKind::decimal)) report.note("`round(…, 2)` keeps the digits behind the point as they are");
    return poison(call.span);
  }
  return typed::make(type, call.span,
                     typed::Loop{LoopKind::fold, slots.element, slots.position, state, list, initial, fitting});
}

/// The elements with their keys and numbers, sorted as structs are: by key, then as they stood.
typed::ExpressionRef Expressions::sorted_by(const LambdaCall& call, const typed::ExpressionRef& list) {
  const LoopSlots slots = new_loop();
  const Type& element = list->type->element;
  const typed::ExpressionRef key = lambda_body(call, element, slots, nullptr, false);
  if (is_poison(key)) return poison(call.span);
  const Type entry = struct_type({{"key", key->type}, {"number", int_type()}, {"element", element}});
  const typed::ExpressionRef made =
      typed::make(entry, call.span,
                  typed::MakeStruct{{key, typed::make(int_type(), call.span, typed::LocalRead{slots.position}),
                                     typed::make(element, call.span, typed::LocalRead{slots.element})}});
  const typed::ExpressionRef entries = typed::make(
      list_type(entry), call.span, typed::Loop{LoopKind::map, slots.element, slots.position, -1, list, nullptr, made});
  for (const FunctionDeclaration* sort : context_.input.functions.overloads("sort"))
    if (sort->parameters.size() == 1 && sort->parameters[0].kind == ParameterKind::list_of_any)
      return typed::make(
          list->type, call.span,
          typed::ListField{typed::make(entries->type, call.span, typed::FunctionCall{sort, {entries}}), 2});
  return poison(call.span);
}

/// The first element whose key is less, or greater, than those of all others; null of an empty list.
typed::ExpressionRef Expressions::best_by(const LambdaCall& call, const typed::ExpressionRef& list,
                                          typed::Operator better) {
  const LoopSlots slots = new_loop();
  const int state = next_slot_++, key_slot = next_slot_++, best_slot = next_slot_++;
  const Span span = call.span;
  const Type& element = list->type->element;
  const typed::ExpressionRef key = lambda_body(call, element, slots, nullptr, false);
  if (is_poison(key)) return poison(span);
  if (is_optional(key->type)) {
    optional_operand(key, call.function.text);
    return poison(span);
  }
  if (!is_ordered(key->type)) {
    context_.reporter.report(diag::NotOrdered{.type = type_text(key->type), .operation = call.function.text})
        .at(key->span, "no order");
    return poison(span);
  }
  const Type entry = struct_type({{"key", key->type}, {"element", element}});
  const Type best = optional_type(entry);
  auto local = [&](const Type& type, int slot) { return typed::make(type, span, typed::LocalRead{slot}); };
  auto unwrapped = [&](int slot) {
    return typed::make(entry, span, typed::Convert{typed::Conversion::unwrap, local(best, slot)});
  };
  const typed::ExpressionRef least = typed::make(key->type, span, typed::FieldRead{unwrapped(state), 0});
  const typed::ExpressionRef is_better =
      typed::make(bool_type(), span, typed::Operation{better, {local(key->type, key_slot), least}});
  const typed::ExpressionRef takes = typed::make(
      bool_type(), span, typed::Either{typed::make(bool_type(), span, typed::IsNull{local(best, state)}), is_better});
  const typed::ExpressionRef taken =
      typed::make(entry, span, typed::MakeStruct{{local(key->type, key_slot), local(element, slots.element)}});
  const typed::ExpressionRef body = typed::make(
      best, span,
      typed::Bind{key_slot, key,
                  typed::make(best, span,
                              typed::Choose{
                                  takes, typed::make(best, span, typed::Convert{typed::Conversion::to_optional, taken}),
                                  local(best, state)})});
  const typed::ExpressionRef found = typed::make(best, span,
                                                 typed::Loop{LoopKind::fold, slots.element, slots.position, state, list,
                                                             make_constant(best, span, Value{}), body});
  const Type result = optional_type(element);
  typed::ExpressionRef value = typed::make(element, span, typed::FieldRead{unwrapped(best_slot), 1});
  if (!is_optional(element)) value = typed::make(result, span, typed::Convert{typed::Conversion::to_optional, value});
  return typed::make(
      result, span,
      typed::Bind{best_slot, found,
                  typed::make(result, span,
                              typed::Choose{typed::make(bool_type(), span, typed::IsNull{local(best, best_slot)}),
                                            make_constant(result, span, Value{}), value})});
}

}  // namespace braid::checking
