// Functions of scripts: each is checked by itself once, and becomes part of the expression that calls it.
#include "compiler/check/closest.h"
#include "compiler/check/expressions.h"
#include "compiler/check/reach.h"
#include "compiler/check/type_findings.h"
#include "runtime/report/lookup_findings.h"

namespace braid::checking {

namespace {

/// Of a function of a script: its name, parameters and result as they are written, on one line.
std::string written_signature(const Context& context, const ast::Function& function) {
  if (function.result == nullptr) return function.name.text;
  std::string line;
  for (const char c : context.text(cover(function.name.span, function.result->span))) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank || (!line.empty() && line.back() != ' ')) line += blank ? ' ' : c;
  }
  return line;
}

Span parameter_span(const ast::Parameter& parameter) {
  return parameter.type ? cover(parameter.name.span, parameter.type->span) : parameter.name.span;
}

const ast::FunctionType* function_type(const ast::Parameter& parameter) {
  return parameter.type == nullptr ? nullptr : std::get_if<ast::FunctionType>(&parameter.type->node);
}

/// A bare `decimal` is checked with some digits; a call has its own.
Type sample_type(const Type& declared) {
  if (is_bare_decimal(declared)) return decimal_type(18, 4);
  if (is_optional(declared) && is_bare_decimal(declared->element)) return optional_type(decimal_type(18, 4));
  return declared;
}

}  // namespace

typed::ExpressionRef Expressions::body_of(const Declaration& declaration, const ast::Function& function,
                                          size_t locals_before, const TypeVariables& variables) {
  // Only the parameters and `let`s of the function are seen inside it.
  std::vector<Local> own(locals_.begin() + static_cast<std::ptrdiff_t>(locals_before), locals_.end());
  std::vector<Local> outer = std::exchange(locals_, std::move(own));
  const Row* row = std::exchange(row_, nullptr);
  GroupScope* group = std::exchange(group_, nullptr);
  const Place place = std::exchange(place_, place_of(declaration));
  place_.variables = &variables;
  std::vector<std::string> present = std::exchange(present_, {});
  context_.calls.push_back(&declaration);

  struct Binding {
    int slot;
    typed::ExpressionRef value;
  };
  std::vector<Binding> bindings;
  bool broken = false;
  for (const ast::Let& let : function.lets) {
    const typed::ExpressionRef value = let.value ? check(*let.value) : poison(let.span);
    broken |= is_poison(value);
    if (is_poison(value) || is_cheap(value)) {
      add_local(let.name.text, value, let.name.span);
      continue;
    }
    const int slot = next_slot_++;
    bindings.push_back({slot, value});
    add_local(let.name.text, typed::make(value->type, value->span, typed::LocalRead{slot}), let.name.span);
  }
  const Type declared =
      function.result ? resolve_type(context_, place_, *function.result, TypePlace::parameter) : error_type();
  typed::ExpressionRef result = function.body ? check(*function.body, declared) : poison(function.name.span);
  if (!is_poison(result) && !is_error(declared)) {
    const typed::ExpressionRef fitting = fit(result, declared, true);
    if (fitting == nullptr) {
      context_.reporter
          .report(diag::ResultType{
              .function = function.name.text, .declared = type_text(declared), .found = type_text(result->type)})
          .at(function.body->span, "this is `" + type_text(result->type) + "`")
          .also(function.result->span, "promised here");
      result = poison(result->span);
    } else {
      result = fitting;
    }
  }
  if (broken) result = poison(result->span);
  if (!is_poison(result))
    for (size_t i = bindings.size(); i-- > 0;)
      result = typed::make(result->type, result->span, typed::Bind{bindings[i].slot, bindings[i].value, result});

  context_.calls.pop_back();
  locals_ = std::move(outer);
  row_ = row;
  group_ = group;
  place_ = place;
  present_ = std::move(present);
  return result;
}

bool Expressions::check_function(const Declaration& declaration) {
  const auto* function = std::get_if<ast::Function>(&declaration.item->node);
  if (function == nullptr) return false;
  FunctionInfo& info = context_.functions[&declaration];
  if (info.state == FunctionInfo::State::done) return !info.broken;
  info.state = FunctionInfo::State::working;
  const CallsOf calls(context_, declaration);
  const size_t errors = context_.reporter.size();
  bool sound = !function->broken;
  sound &= check_type_parameters(context_, function->generics);
  const TypeVariables variables = sample_variables(function->generics);
  Place place = place_of(declaration);
  place.variables = &variables;
  Expressions inside(context_, place, nullptr);
  int slot = 0;
  if (sound) {
    for (const ast::Parameter& parameter : function->parameters) {
      if (const ast::FunctionType* taken = function_type(parameter)) {
        inside.add_local(parameter.name.text, poison(parameter.span), parameter_span(parameter));
        inside.locals_.back().function = inside.sample_closure(*taken, place);
        continue;
      }
      const Type type =
          parameter.type ? resolve_type(context_, place, *parameter.type, TypePlace::parameter) : error_type();
      for (const Local& before : inside.locals_)
        if (before.name == parameter.name.text)
          context_.reporter.report(diag::DuplicateField{.field = before.name})
              .at(parameter.name.span, "named again")
              .also(before.declared, "first named here");
      if (parameter.initial != nullptr && !is_error(type)) {
        const typed::ExpressionRef value = inside.check(*parameter.initial, type);
        if (!is_poison(value) && inside.fit(value, type) == nullptr) {
          context_.reporter
              .report(diag::DefaultType{
                  .name = parameter.name.text, .declared = type_text(type), .found = type_text(value->type)})
              .at(value->span, "this is `" + type_text(value->type) + "`")
              .also(parameter_span(parameter), "declared here");
          sound = false;
        }
      }
      const Type sample = sample_type(type);
      inside.add_local(
          parameter.name.text,
          is_error(type) ? poison(parameter.span) : typed::make(sample, parameter.name.span, typed::LocalRead{slot++}),
          parameter_span(parameter));
    }
    inside.sample_ = true;
    const bool checked = !is_poison(inside.body_of(declaration, *function, 0, variables));
    sound &= checked || inside.sample_unknown_;
  }
  name_variables(context_, function->generics, errors);
  info.state = FunctionInfo::State::done;
  for (size_t i = errors; i < context_.reporter.size(); ++i)
    if (context_.reporter.findings()[i].severity == Severity::error) sound = false;
  context_.functions[&declaration].broken = !sound;
  return sound;
}

typed::ExpressionRef Expressions::user_call(const Call& call, const Declaration& declaration) {
  const auto* function = std::get_if<ast::Function>(&declaration.item->node);
  if (std::holds_alternative<ast::Aggregate>(declaration.item->node)) {
    context_.reporter.report(diag::AggregateOutsideGroup{.name = call.function.text})
        .at(call.span, "there is one row here")
        .note("`window …` and `group … { n: " + call.function.text +
              "(…) }` make groups of rows; a `where` after them filters groups");
    return poison(call.span);
  }
  if (function == nullptr) {
    context_.reporter.report(diag::ServiceCalled{.service = call.function.text})
        .at(call.function.span, "an answer takes time, and may not come")
        .also(declaration.name.span, "declared here")
        .note("`lookup " + call.function.text + "(…) as answer` adds the answer to the row");
    return poison(call.span);
  }
  const auto working = std::find(context_.calls.begin(), context_.calls.end(), &declaration);
  if (working != context_.calls.end()) {
    std::vector<std::string> path;
    for (auto one = working; one != context_.calls.end(); ++one) path.push_back((*one)->name.text);
    context_.reporter.report(diag::RecursiveFunction{.name = call.function.text, .path = path})
        .at(call.function.span, "called while it is not done")
        .also(declaration.name.span, "declared here")
        .note("functions do not recurse, so every row takes a bounded time");
    return poison(call.span);
  }
  if (!check_function(declaration)) return poison(call.span);

  const size_t count = function->parameters.size();
  std::vector<const Argument*> given(count, nullptr);
  size_t next = 0, needed = 0;
  for (const ast::Parameter& parameter : function->parameters) needed += parameter.initial == nullptr;
  bool counted = true;
  for (const Argument& argument : call.arguments) {
    size_t index = next;
    if (argument.name != nullptr) {
      index = count;
      std::vector<std::string> names;
      for (size_t i = 0; i < count; ++i) {
        names.push_back(function->parameters[i].name.text);
        if (names.back() == argument.name->text) index = i;
      }
      if (index == count) {
        auto report = context_.reporter.report(
            diag::UnknownParameter{.function = call.function.text, .name = argument.name->text});
        report.at(argument.name->span, "no such parameter").also(declaration.name.span, "declared here");
        if (const auto meant = closest(argument.name->text, names))
          report.fix(Applicability::likely, "use `" + *meant + "`", {{argument.name->span, *meant}});
        return poison(call.span);
      }
    } else {
      ++next;
    }
    if (index >= count || given[index] != nullptr) {
      counted = false;
      break;
    }
    given[index] = &argument;
  }
  for (size_t i = 0; i < count; ++i) counted &= given[i] != nullptr || function->parameters[i].initial != nullptr;
  if (!counted) {
    const std::string expected = needed == count
                                     ? std::to_string(count) + (count == 1 ? " argument" : " arguments")
                                     : std::to_string(needed) + " to " + std::to_string(count) + " arguments";
    context_.reporter
        .report(diag::ArgumentCount{
            .function = call.function.text, .expected = expected, .count = static_cast<int64_t>(call.arguments.size())})
        .at(call.span, "`" + call.function.text + "` takes " + expected)
        .also(declaration.name.span, "declared here")
        .note("the call is `" + written_signature(context_, *function) + "`");
    return poison(call.span);
  }
  const std::optional<TypeVariables> variables =
      infer_types(call, declaration, function->generics, function->parameters, given);
  if (!variables) return poison(call.span);
  Place inside = place_of(declaration);
  inside.variables = &*variables;
  struct Binding {
    int slot;
    typed::ExpressionRef value;
  };
  std::vector<Binding> bindings;
  const size_t locals_before = locals_.size();
  std::vector<Local> parameters;
  for (size_t i = 0; i < count; ++i) {
    const ast::Parameter& parameter = function->parameters[i];
    if (const ast::FunctionType* taken = function_type(parameter)) {
      std::shared_ptr<const Closure> closure = given_closure(call, given[i], parameter, *taken, inside);
      if (closure == nullptr) return poison(call.span);
      parameters.push_back(
          {parameter.name.text, poison(given[i]->span), parameter_span(parameter), std::move(closure)});
      continue;
    }
    if (given[i] != nullptr && given[i]->value == nullptr) {
      context_.reporter.report(diag::LambdaMisplaced{})
          .at(given[i]->span, "`" + parameter.name.text + "` is a value")
          .also(parameter_span(parameter), "declared here");
      return poison(call.span);
    }
    const Type type =
        parameter.type ? resolve_type(context_, inside, *parameter.type, TypePlace::parameter) : error_type();
    typed::ExpressionRef value;
    if (given[i] != nullptr) {
      value = fit(given[i]->value, type);
      if (value == nullptr) {
        const typed::ExpressionRef& found = given[i]->value;
        if (is_optional(found->type) && !is_optional(type) &&
            fit(typed::make(found->type->element, {}, typed::LocalRead{-1}), type) != nullptr) {
          optional_operand(found, call.function.text);
        } else if (is_literal(found) && is_number(type)) {
          mismatch(found, type, parameter_span(parameter));
        } else if (is(type, TypeKind::enumeration) && is(found->type, TypeKind::string)) {
          mismatch(found, type, parameter_span(parameter));
        } else {
          auto report = context_.reporter.report(diag::ArgumentType{.function = call.function.text,
                                                                    .parameter = parameter.name.text,
                                                                    .expected = type_text(type),
                                                                    .found = type_text(found->type)});
          report.at(given[i]->span, "this is `" + type_text(found->type) + "`")
              .also(parameter_span(parameter), "declared here");
          label_declaration(report, found);
        }
        return poison(call.span);
      }
    } else {
      Expressions constant(context_, inside, nullptr);
      value = constant.check_as(*parameter.initial, type);
    }
    if (is_poison(value)) return poison(call.span);
    if (!is_cheap(value)) {
      const int slot = next_slot_++;
      bindings.push_back({slot, value});
      value = typed::make(value->type, value->span, typed::LocalRead{slot});
    }
    parameters.push_back({parameter.name.text, value, parameter_span(parameter)});
  }
  if (++inlined_ > kMostInlined) return too_large(call.span, "its functions call functions too many times");
  locals_.insert(locals_.end(), parameters.begin(), parameters.end());
  const size_t findings = context_.reporter.size();
  typed::ExpressionRef result = body_of(declaration, *function, locals_before, *variables);
  if (!variables->empty()) instance_fails(call, *variables, findings);
  locals_.resize(locals_before);
  if (is_poison(result)) return poison(call.span);
  for (size_t i = bindings.size(); i-- > 0;)
    result = typed::make(result->type, result->span, typed::Bind{bindings[i].slot, bindings[i].value, result});
  return typed::called_from(result, declaration.item->span, call.span);
}

/// What is given for a parameter that is a function: a lambda.
std::shared_ptr<const Expressions::Closure> Expressions::given_closure(const Call& call, const Argument* given,
                                                                       const ast::Parameter& parameter,
                                                                       const ast::FunctionType& type,
                                                                       const Place& inside) {
  const auto* lambda =
      given == nullptr || given->written == nullptr ? nullptr : std::get_if<ast::Lambda>(&given->written->node);
  if (lambda == nullptr) {
    context_.reporter
        .report(diag::LambdaExpected{.function = call.function.text, .form = parameter.name.text + ": x => …"})
        .at(given == nullptr ? call.span : given->span, "`" + parameter.name.text + "` is a function")
        .also(parameter_span(parameter), "declared here");
    return nullptr;
  }
  if (lambda->parameters.size() != type.parameters.size()) {
    const size_t count = type.parameters.size();
    context_.reporter
        .report(diag::LambdaParameters{.function = call.function.text,
                                       .expected = std::to_string(count) + (count == 1 ? " parameter" : " parameters"),
                                       .count = static_cast<int64_t>(lambda->parameters.size())})
        .at(given->span, "its type says so")
        .also(parameter_span(parameter), "declared here");
    return nullptr;
  }
  return closure_of(*given->written, type, inside);
}

void check_functions(Context& context, bool of_run) {
  for (const Declaration* declaration : context.declarations.all()) {
    if (is_of_run(context, *declaration) != of_run) continue;
    if (std::holds_alternative<ast::Service>(declaration->item->node)) need_service(context, *declaration);
    if (std::holds_alternative<ast::Aggregate>(declaration->item->node))
      Expressions(context, place_of(*declaration), nullptr).check_aggregate(*declaration);
    const auto* function = std::get_if<ast::Function>(&declaration->item->node);
    if (function == nullptr) continue;
    Expressions inside(context, place_of(*declaration), nullptr);
    const bool sound = inside.check_function(*declaration);
    // Those of another project's functions are for its own tests.
    if (context.is_interface(declaration->name.span.file)) continue;
    for (const ast::ExprPtr& example : function->examples) {
      if (example == nullptr || !sound) continue;
      Expressions check(context, place_of(*declaration), nullptr);
      const typed::ExpressionRef condition = check.condition(*example);
      if (!is_poison(condition)) context.project.examples.push_back({function->name.text, condition, example->span});
    }
  }
}

}  // namespace braid::checking
