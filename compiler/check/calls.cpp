// Calls of library functions: which overload fits, arguments by name, defaults, constants; and the words that stand
// beside the row (`event_time()`, `now()`).
#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"
#include "runtime/declare/signature.h"
#include "runtime/report/change_findings.h"
#include "runtime/report/label_findings.h"

// The structs of these entries, as diagnostic.h has those of diagnostics.def.
#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/rank_diagnostics.def"
#undef BRAID_DIAGNOSTIC

namespace braid::checking {
namespace {

std::string counted(size_t least, size_t most) {
  auto arguments = [](size_t count) { return std::to_string(count) + (count == 1 ? " argument" : " arguments"); };
  if (most == 0) return "no argument";
  if (least == most) return arguments(most);
  return std::to_string(least) + " to " + arguments(most);
}

/// Same type, or T where T? is wanted: what the first round of the choice among overloads takes.
bool fits_exactly(const Type& from, const Type& to) {
  return same(from, to) || (is_optional(to) && (same(from, to->element) || is(from, TypeKind::null)));
}

}  // namespace

bool Expressions::add_arguments(Call& call, const ast::Arguments& arguments) {
  bool sound = true;
  for (const ast::Argument& argument : arguments.list) {
    const auto* value = std::get_if<ast::ExprPtr>(&argument.value);
    if (value == nullptr) {
      context_.reporter.report(diag::LabelAsArgument{.function = call.function.text})
          .at(argument.span, "says nothing to it")
          .note("`declassify(e, #pii, because: \"…\")` takes the label off `e`");
      sound = false;
      continue;
    }
    if (*value == nullptr) {
      sound = false;
      continue;
    }
    call.arguments.push_back({argument.name ? &*argument.name : nullptr, check(**value), (*value)->span, value->get()});
    sound &= !is_poison(call.arguments.back().value);
  }
  return sound;
}

typed::ExpressionRef Expressions::call(const ast::Call& node, Span span) {
  if (node.function.text == "declassify") return declassify(nullptr, node.arguments, span);
  if (typed::ExpressionRef made = closure_call(node.function, nullptr, node.arguments, span)) return made;
  if (typed::ExpressionRef made = lambda_call(node.function, nullptr, false, node.arguments, span)) return made;
  size_t positional = 0;
  for (const ast::Argument& argument : node.arguments.list) positional += !argument.name;
  if (group_ != nullptr && is_aggregate_call(node.function, positional))
    return aggregate(node.function, nullptr, node.arguments, span);
  const auto* first =
      node.arguments.list.empty() ? nullptr : std::get_if<ast::ExprPtr>(&node.arguments.list.front().value);
  const bool of_map = is_of_map(node.function, first == nullptr ? nullptr : first->get());
  if (!of_map)
    if (typed::ExpressionRef reported = foreign_call(node.function, nullptr, node.arguments, span)) return reported;
  Call made{node.function, {}, span};
  // Of a misspelt aggregate the arguments are of the rows.
  GroupScope* const group = group_;
  if (in_group() && !of_map &&
      (!knows_function(node.function.text) ||
       context_.declarations.find(place_, NameKind::function, node.function.text).silent))
    group_ = nullptr;
  const bool sound = add_arguments(made, node.arguments);
  group_ = group;
  if (!sound) {
    // The name is checked whatever the arguments are.
    if (context_.input.functions.overloads(node.function.text).empty() &&
        context_.input.functions.aggregate(node.function.text) == nullptr)
      unknown_function(made);
    return poison(span);
  }
  return dispatch(std::move(made));
}

typed::ExpressionRef Expressions::method(const ast::MethodCall& node, Span span) {
  if (node.object == nullptr) return poison(span);
  if (node.method.text == "declassify" && !node.optional) return declassify(node.object.get(), node.arguments, span);
  if (typed::ExpressionRef made = closure_call(node.method, node.object.get(), node.arguments, span)) return made;
  if (typed::ExpressionRef made = lambda_call(node.method, node.object.get(), node.optional, node.arguments, span))
    return made;
  size_t positional = 1;
  for (const ast::Argument& argument : node.arguments.list) positional += !argument.name;
  if (group_ != nullptr && !node.optional && is_aggregate_call(node.method, positional))
    return aggregate(node.method, node.object.get(), node.arguments, span);
  if (typed::ExpressionRef reported = module_call(node, span)) return reported;
  // `amount.rolling(10).mean()`: of a chain of other languages its first call is the habit.
  if (const auto* inner = std::get_if<ast::MethodCall>(&node.object->node);
      inner != nullptr && inner->object != nullptr && !knows_function(inner->method.text) &&
      !is_of_map(inner->method, inner->object.get()))
    if (foreign_call(inner->method, inner->object.get(), inner->arguments, node.object->span) != nullptr)
      return poison(span);
  if (!is_of_map(node.method, node.object.get()))
    if (typed::ExpressionRef reported = foreign_call(node.method, node.object.get(), node.arguments, span))
      return reported;
  const typed::ExpressionRef object = check(*node.object);
  Call made{node.method, {}, span};
  const bool sound = add_arguments(made, node.arguments);
  if (is_poison(object) || !sound) {
    if (context_.input.functions.overloads(node.method.text).empty()) unknown_function(made);
    return poison(span);
  }
  if (node.optional && is_optional(object->type)) {
    return if_present(object, span, [&](const typed::ExpressionRef& value) {
      Call present = made;
      present.arguments.insert(present.arguments.begin(), {nullptr, value, node.object->span, node.object.get()});
      return dispatch(std::move(present));
    });
  }
  made.arguments.insert(made.arguments.begin(), {nullptr, object, node.object->span, node.object.get()});
  return dispatch(std::move(made));
}

typed::ExpressionRef Expressions::dispatch(Call call) {
  bool known = false;
  if (typed::ExpressionRef value = ambient(call, known); known) return value;
  if (typed::ExpressionRef made = map_call(call)) return made;
  const auto overloads = context_.input.functions.overloads(call.function.text);
  const bool folds = context_.input.functions.aggregate(call.function.text) != nullptr;
  if (!overloads.empty()) {
    // `sum(amount)` outside a group is meant as an aggregate, if it is no list that is folded.
    const bool list = !call.arguments.empty() && is(without_optional(call.arguments[0].value->type), TypeKind::list);
    if (folds && list) return library_call(with_floats(std::move(call)), overloads);
    if (!folds) return library_call(call, overloads);
    for (const bool exactly : {true, false})
      for (const FunctionDeclaration* overload : overloads)
        if (Match found = match(call, *overload, exactly); found.function != nullptr) return finish_call(call, found);
  }
  const Declarations::Found found = context_.declarations.find(place_, NameKind::function, call.function.text);
  if (found.silent) return poison(call.span);
  if (found.declaration != nullptr) return user_call(call, *found.declaration);
  if (folds) {
    if (!call.arguments.empty() && is(call.arguments[0].value->type, TypeKind::list)) return fold_of_list(call);
    context_.reporter.report(diag::AggregateOutsideGroup{.name = call.function.text})
        .at(call.span, "there is one row here")
        .note("`window …` and `group … { n: " + call.function.text +
              "(…) }` make groups of rows; a `where` after them filters groups");
    return poison(call.span);
  }
  return unknown_function(call);
}

typed::ExpressionRef Expressions::unknown_function(const Call& call) {
  const std::string& name = call.function.text;
  const Declarations::Found found = context_.declarations.find(place_, NameKind::function, name);
  if (found.silent || found.declaration != nullptr) return poison(call.span);
  if (name == "fail" || name == "declassify") return poison(call.span);
  for (const char* word : {"event_time", "now", "origin", "random", "uuid", "arrival_time", "headers"}) {
    if (name != word) continue;
    if (!call.arguments.empty())
      context_.reporter
          .report(diag::ArgumentCount{
              .function = name, .expected = "no argument", .count = static_cast<int64_t>(call.arguments.size())})
          .at(call.span, "leave it out");
    return poison(call.span);
  }
  if (lambda_missing(call)) return poison(call.span);
  if (name == "previous") {
    context_.reporter.report(diag::PreviousElsewhere{})
        .at(call.function.span, "no row before this one is known here")
        .note("`running per k over 2 rows { before: previous(x) }` adds what `x` was in the row before of that `k`");
    return poison(call.span);
  }
  auto report = context_.reporter.report(diag::UnknownFunction{.name = name});
  report.at(call.function.span, "no such function");
  if (const auto meant = meant_function(call))
    report.fix(Applicability::likely, "use `" + *meant + "`", {{call.function.span, *meant}});
  return poison(call.span);
}

std::optional<std::string> Expressions::meant_function(const Call& call) {
  const FunctionRegistry& functions = context_.input.functions;
  std::vector<std::string> names = context_.declarations.names(place_, NameKind::function);
  for (const FunctionDeclaration& function : functions.all()) names.emplace_back(function.name);
  if (group_ != nullptr)
    for (const AggregateDeclaration& aggregate : functions.aggregates()) names.emplace_back(aggregate.name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const bool typed = std::none_of(call.arguments.begin(), call.arguments.end(),
                                  [](const Argument& argument) { return is_poison(argument.value); });
  const size_t count = call.arguments.size();
  // An optional argument is another mistake, told once the name is right.
  Call present = call;
  for (Argument& argument : present.arguments)
    if (is_optional(argument.value->type))
      argument.value = typed::make(argument.value->type->element, argument.span, typed::LocalRead{-1});
  const auto near = closest(call.function.text, names, [&](const std::string& name) {
    const auto overloads = functions.overloads(name);
    const AggregateDeclaration* aggregate = group_ != nullptr ? functions.aggregate(name) : nullptr;
    if (aggregate != nullptr && count >= aggregate->parameters.size()) return true;
    if (overloads.empty()) {
      const auto found = context_.declarations.find(place_, NameKind::function, name);
      const auto* function =
          found.declaration == nullptr ? nullptr : std::get_if<ast::Function>(&found.declaration->item->node);
      return function == nullptr || count <= function->parameters.size();
    }
    return std::any_of(overloads.begin(), overloads.end(), [&](const FunctionDeclaration* overload) {
      if (typed)
        return match(call, *overload, false).function != nullptr ||
               match(present, *overload, false).function != nullptr;
      // Of arguments that are in error only the number is known.
      const auto needed =
          static_cast<size_t>(std::count_if(overload->parameters.begin(), overload->parameters.end(),
                                            [](const ParameterDeclaration& parameter) { return !parameter.fallback; }));
      return count >= needed && count <= overload->parameters.size();
    });
  });
  if (near) return near;
  // `distance` for `distance_km`.
  const auto longer =
      std::ranges::find_if(names, [&](const std::string& name) { return name.starts_with(call.function.text + "_"); });
  return longer != names.end() ? std::optional(*longer) : std::nullopt;
}

typed::ExpressionRef Expressions::ambient(const Call& call, bool& known) {
  const std::string& name = call.function.text;
  const Span span = call.span;
  known = true;
  auto read = [&](const Type& type, typed::Ambient what) {
    typed::AmbientRead node{what};
    if (what == typed::Ambient::random || what == typed::Ambient::random_uuid) node.site = context_.next_site();
    return typed::make(type, span, node);
  };
  if (name == "fail") {
    if (call.arguments.size() != 1) {
      context_.reporter
          .report(diag::ArgumentCount{
              .function = name, .expected = "1 argument", .count = static_cast<int64_t>(call.arguments.size())})
          .at(span, "why does it fail?");
      return poison(span);
    }
    const typed::ExpressionRef message = fit(call.arguments[0].value, string_type());
    if (message != nullptr) return typed::make(null_type(), span, typed::Fail{message});
    mismatch(call.arguments[0].value, string_type(), {});
    return poison(span);
  }
  if (!call.arguments.empty()) {
    known = false;
    return nullptr;
  }
  // A row that goes has to be the row that came.
  if (row_ != nullptr && row_->changes && name == "event_time") {
    if (const int time = row_->find(kRowTime); time >= 0 && !in_group()) return column(time, span);
    without_row_time(span);
    return poison(span);
  }
  if (row_ != nullptr && row_->changes && (name == "origin" || name == "random" || name == "uuid")) {
    auto report = context_.reporter.report(diag::CallOverChanges{.name = name, .relation = row_->relation});
    report.at(span, "another value when the row goes than when it came");
    if (!row_->relation_span.empty()) report.also(row_->relation_span, "a table, whose rows go again");
    report.note("a `let` before the step that makes the table has a value that stays with the row");
    return poison(span);
  }
  if (name == "event_time") {
    if (row_ != nullptr && !row_->has_time && !row_->open) {
      context_.no_event_time(*row_, row_->relation, "event_time()").at(span, "no event time here");
      return poison(span);
    }
    return read(timestamp_type(), typed::Ambient::event_time);
  }
  if (name == "now") return read(timestamp_type(), typed::Ambient::now);
  if (name == "origin")
    return read(
        struct_type(
            {{"source", string_type()}, {"partition", string_type()}, {"position", int_type()}, {"line", int_type()}}),
        typed::Ambient::origin);
  if (name == "random") return read(float_type(), typed::Ambient::random);
  if (name == "uuid") return read(uuid_type(), typed::Ambient::random_uuid);
  if (name == "arrival_time" || name == "headers") return how_it_came(name, span);
  known = false;
  return nullptr;
}

Expressions::Match Expressions::match(const Call& call, const FunctionDeclaration& function, bool exactly) {
  Match made;
  const size_t count = function.parameters.size();
  std::vector<const Argument*> given(count, nullptr);
  size_t next = 0;
  for (const Argument& argument : call.arguments) {
    size_t index = next;
    if (argument.name != nullptr) {
      index = count;
      for (size_t i = 0; i < count; ++i)
        if (function.parameters[i].name == argument.name->text) index = i;
      if (index == count) {
        made.unknown = &argument;
        return made;
      }
    } else {
      ++next;
    }
    if (index >= count || given[index] != nullptr) return made;
    given[index] = &argument;
  }
  for (size_t i = 0; i < count; ++i)
    if (given[i] == nullptr && !function.parameters[i].fallback) return made;
  made.counted = true;

  // T: what all arguments of type variable have in common.
  Type variable;
  typed::ExpressionRef witness;
  for (size_t i = 0; i < count; ++i) {
    const ParameterDeclaration& parameter = function.parameters[i];
    if (given[i] == nullptr) continue;
    typed::ExpressionRef sample;
    if (parameter.kind == ParameterKind::any) sample = given[i]->value;
    if (parameter.kind == ParameterKind::list_of_any) {
      const Type& list = given[i]->value->type;
      made.failed = i;
      made.culprit = given[i];
      if (!is(list, TypeKind::list)) return made;
      if (is(list->element, TypeKind::null)) continue;
      sample = typed::make(list->element, {}, typed::LocalRead{-1});
    }
    if (sample == nullptr) continue;
    if (variable == nullptr) {
      variable = sample->type;
      witness = sample;
      continue;
    }
    const Type common = common_type(witness, sample);
    made.failed = i;
    made.culprit = given[i];
    if (common == nullptr) return made;
    if (!same(common, variable))
      witness = same(common, sample->type) ? sample : typed::make(common, {}, typed::LocalRead{-1});
    variable = common;
  }
  for (size_t i = 0; i < count; ++i) {
    const ParameterDeclaration& parameter = function.parameters[i];
    if (given[i] == nullptr) {
      const Type type = parameter.kind == ParameterKind::exact ? parameter.type
                        : variable != nullptr                  ? variable
                                                               : number_type(*parameter.fallback);
      const std::optional<Value> value = literal_value(*parameter.fallback, type);
      made.failed = i;
      if (!value) return made;
      made.arguments.push_back(make_constant(type, call.span, *value));
      continue;
    }
    const typed::ExpressionRef& value = given[i]->value;
    made.failed = i;
    made.culprit = given[i];
    typed::ExpressionRef fitting;
    switch (parameter.kind) {
      case ParameterKind::exact:
        if (!exactly || fits_exactly(value->type, parameter.type)) fitting = fit(value, parameter.type);
        break;
      case ParameterKind::any_decimal:
        if (is(value->type, TypeKind::decimal) || (!exactly && is(value->type, TypeKind::integer)))
          fitting = fit(value, decimal_type(0, 0));
        break;
      case ParameterKind::any_enum:
        if (is(value->type, TypeKind::enumeration)) fitting = value;
        break;
      case ParameterKind::any:
        fitting = fit(value, variable);
        break;
      case ParameterKind::list_of_any:
        fitting = variable == nullptr ? nullptr : fit(value, list_type(variable));
        break;
    }
    if (fitting == nullptr) return made;
    made.arguments.push_back(fitting);
  }
  made.function = &function;
  made.culprit = nullptr;
  return made;
}

typed::ExpressionRef Expressions::library_call(const Call& call,
                                               const std::vector<const FunctionDeclaration*>& overloads) {
  for (const bool exactly : {true, false})
    for (const FunctionDeclaration* overload : overloads)
      if (Match found = match(call, *overload, exactly); found.function != nullptr)
        return finish_call(call, std::move(found));
  return no_overload(call, overloads);
}

typed::ExpressionRef Expressions::finish_call(const Call& call, Match match) {
  const FunctionDeclaration& function = *match.function;
  CallShape shape;
  for (size_t i = 0; i < match.arguments.size(); ++i) {
    const ParameterDeclaration& parameter = function.parameters[i];
    std::optional<Value> value = evaluate(match.arguments[i]);
    if (parameter.constant && !value && sample_) {
      sample_unknown_ = true;
      return poison(call.span);
    }
    if (parameter.constant && !value) {
      context_.reporter
          .report(diag::NotConstant{.what = "`" + std::string(parameter.name) + "` of `" + std::string(function.name) +
                                            "`"})
          .at(match.arguments[i]->span, "differs from row to row")
          .note("a literal or a `param` is known before the first row");
      return poison(call.span);
    }
    if (parameter.constant && !std::holds_alternative<typed::Constant>(match.arguments[i]->node))
      match.arguments[i] = make_constant(match.arguments[i]->type, match.arguments[i]->span, *value);
    const bool zone =
        parameter.constant && parameter.name.ends_with("zone") && is(match.arguments[i]->type, TypeKind::string);
    if (zone && context_.input.knows_zone && !context_.input.knows_zone(value->text())) {
      auto report = context_.reporter.report(diag::UnknownZone{.name = value->text()});
      report.at(match.arguments[i]->span, "no time zone of the IANA database");
      if (context_.input.zone_names)
        if (const auto meant = closest(value->text(), context_.input.zone_names()))
          report.fix(Applicability::likely, "use `\"" + *meant + "\"`",
                     {{match.arguments[i]->span, "\"" + *meant + "\""}});
      return poison(call.span);
    }
    if (parameter.constant && parameter.name == "pattern" && context_.input.pattern_fault) {
      if (const std::string fault = context_.input.pattern_fault(value->text()); !fault.empty()) {
        context_.reporter.report(diag::BadPattern{.pattern = value->text(), .reason = fault})
            .at(match.arguments[i]->span, "not understood");
        return poison(call.span);
      }
    }
    shape.arguments.push_back(match.arguments[i]->type);
    shape.constants.push_back(value && parameter.constant ? *value : Value{});
  }
  // Decimal rules may look at digits that are literals without being declared constant.
  for (size_t i = 0; i < match.arguments.size(); ++i)
    if (const auto* constant = std::get_if<typed::Constant>(&match.arguments[i]->node))
      shape.constants[i] = constant->value;
  const std::string problem = function.problem ? function.problem(shape) : std::string();
  if (!problem.empty()) {
    for (size_t i = 0; i < match.arguments.size(); ++i) {
      if (function.parameters[i].name != "pattern" || !function.parameters[i].constant) continue;
      const std::string middle = " is not a regular expression: ";
      const size_t at = problem.find(middle);
      if (at == std::string::npos) continue;
      context_.reporter
          .report(diag::BadPattern{.pattern = shape.constants[i].text(), .reason = problem.substr(at + middle.size())})
          .at(match.arguments[i]->span, "not understood");
      return poison(call.span);
    }
    context_.reporter.report(diag::BadConstant{.function = std::string(function.name), .reason = problem})
        .at(call.span);
    return poison(call.span);
  }
  const Type type = function.result(shape);
  if (type == nullptr || is_error(type)) {
    context_.reporter
        .report(diag::OperandType{.operation = std::string(function.name),
                                  .type = type_text(shape.arguments.empty() ? error_type() : shape.arguments[0])})
        .at(call.span, "no result of this type");
    return poison(call.span);
  }
  // `avg`, `max`, `first` … of a list have no value if it has no elements, which is known of some.
  const bool present = is_optional(type) && group_ == nullptr && !match.arguments.empty() &&
                       has_elements(match.arguments[0]) &&
                       (function.name == "avg" || function.name == "min" || function.name == "max" ||
                        function.name == "first" || function.name == "last");
  typed::ExpressionRef made = typed::make(type, call.span, typed::FunctionCall{&function, std::move(match.arguments)});
  if (!present) return made;
  return typed::make(type->element, call.span, typed::Convert{typed::Conversion::unwrap, std::move(made)});
}

bool Expressions::has_elements(const typed::ExpressionRef& list) const {
  const auto* field = std::get_if<typed::ListField>(&list->node);
  const typed::ExpressionRef& rows = field != nullptr ? field->list : list;
  const auto* column = std::get_if<typed::ColumnRead>(&rows->node);
  return column != nullptr && row_ != nullptr && is(list->type, TypeKind::list) && !is_optional(list->type->element) &&
         row_->fields[static_cast<size_t>(column->index)].has_rows;
}

typed::ExpressionRef Expressions::no_overload(const Call& call,
                                              const std::vector<const FunctionDeclaration*>& overloads) {
  const std::string& name = call.function.text;
  const FunctionDeclaration* best = nullptr;
  Match best_match;
  const Argument* unknown = nullptr;
  size_t least = SIZE_MAX, most = 0;
  for (const FunctionDeclaration* overload : overloads) {
    Match tried = match(call, *overload, false);
    size_t needed = 0;
    for (const ParameterDeclaration& parameter : overload->parameters) needed += !parameter.fallback;
    least = std::min(least, needed);
    most = std::max(most, overload->parameters.size());
    if (tried.unknown != nullptr) unknown = tried.unknown;
    if (!tried.counted) continue;
    if (best == nullptr || tried.failed > best_match.failed) {
      best = overload;
      best_match = std::move(tried);
    }
  }
  if (best == nullptr && unknown != nullptr) {
    std::vector<std::string> names;
    for (const FunctionDeclaration* overload : overloads)
      for (const ParameterDeclaration& parameter : overload->parameters) names.emplace_back(parameter.name);
    auto report = context_.reporter.report(diag::UnknownParameter{.function = name, .name = unknown->name->text});
    report.at(unknown->name->span, "no such parameter");
    if (const auto meant = closest(unknown->name->text, names))
      report.fix(Applicability::likely, "use `" + *meant + "`", {{unknown->name->span, *meant}});
    return poison(call.span);
  }
  if (best == nullptr || best_match.culprit == nullptr) {
    auto report = context_.reporter.report(diag::ArgumentCount{
        .function = name, .expected = counted(least, most), .count = static_cast<int64_t>(call.arguments.size())});
    report.at(call.span, "`" + name + "` takes " + counted(least, most));
    show_signatures(report, call, overloads);
    return poison(call.span);
  }
  const Argument& culprit = *best_match.culprit;
  const ParameterDeclaration& parameter = best->parameters[best_match.failed];
  const Type& found = culprit.value->type;
  if (is_optional(found)) {
    // Would it fit if it were there?
    Call present = call;
    for (Argument& argument : present.arguments)
      if (argument.span == culprit.span)
        argument.value = typed::make(found->element, culprit.span, typed::LocalRead{-1});
    for (const FunctionDeclaration* overload : overloads)
      if (Match again = match(present, *overload, false);
          again.function != nullptr || again.failed > best_match.failed) {
        optional_operand(culprit.value, name);
        return poison(call.span);
      }
  }
  if (is_literal(culprit.value) && is_number(parameter.type ? parameter.type : error_type())) {
    mismatch(culprit.value, parameter.type, {});
    return poison(call.span);
  }
  std::string expected = parameter_text(parameter);
  for (const FunctionDeclaration* overload : overloads) {
    if (overload == best || best_match.failed >= overload->parameters.size()) continue;
    const std::string other = parameter_text(overload->parameters[best_match.failed]);
    if (expected.find(other) == std::string::npos && !match(call, *overload, false).unknown) expected += " or " + other;
  }
  auto report = context_.reporter.report(diag::ArgumentType{
      .function = name, .parameter = std::string(parameter.name), .expected = expected, .found = type_text(found)});
  report.at(culprit.span, "this is `" + type_text(found) + "`");
  label_declaration(report, culprit.value);
  if (name == "slice" && best_match.failed == 0 && is(without_optional(found), TypeKind::string))
    report.note("`substring` takes part of a text: where it begins, and how many characters")
        .fix(Applicability::likely, "use `substring`", {{call.function.span, "substring"}});
  return poison(call.span);
}

}  // namespace braid::checking
