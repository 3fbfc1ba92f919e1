// Parameters that are functions: `function total<T>(xs: list<T>, value: (T) => decimal) -> decimal`. A lambda is no
// value there either: where the body calls the parameter, the lambda's body stands, and sees the names of its own
// place.
#include "compiler/check/expressions.h"
#include "compiler/check/type_findings.h"

namespace braid::checking {

struct Expressions::Closure {
  const ast::Lambda* lambda = nullptr;  ///< null: of a body that is checked by itself
  Span span;
  std::vector<Type> parameters;
  Type result;
  // What it sees.
  std::vector<Local> locals;
  const Row* row = nullptr;
  GroupScope* group = nullptr;
  Place place;
  std::vector<std::string> present;
  std::vector<const Declaration*> calls;
};

std::shared_ptr<const Expressions::Closure> Expressions::sample_closure(const ast::FunctionType& type,
                                                                        const Place& place) {
  auto made = std::make_shared<Closure>();
  for (const ast::Type& parameter : type.parameters)
    made->parameters.push_back(resolve_type(context_, place, parameter, TypePlace::parameter));
  made->result =
      type.result == nullptr ? error_type() : resolve_type(context_, place, *type.result, TypePlace::parameter);
  return made;
}

std::shared_ptr<const Expressions::Closure> Expressions::closure_of(const ast::Expr& lambda,
                                                                    const ast::FunctionType& type, const Place& place) {
  auto made = std::make_shared<Closure>(*sample_closure(type, place));
  made->lambda = &std::get<ast::Lambda>(lambda.node);
  made->span = lambda.span;
  made->locals = locals_;
  made->row = row_;
  made->group = group_;
  made->place = place_;
  made->present = present_;
  made->calls = context_.calls;
  return made;
}

typed::ExpressionRef Expressions::apply(const Closure& function, const Call& call) {
  const size_t count = function.parameters.size();
  if (call.arguments.size() != count) {
    context_.reporter
        .report(diag::ArgumentCount{.function = call.function.text,
                                    .expected = std::to_string(count) + (count == 1 ? " argument" : " arguments"),
                                    .count = static_cast<int64_t>(call.arguments.size())})
        .at(call.span, "its type says so");
    return poison(call.span);
  }
  struct Binding {
    int slot;
    typed::ExpressionRef value;
  };
  std::vector<Binding> bindings;
  std::vector<Local> own;
  for (size_t i = 0; i < count; ++i) {
    typed::ExpressionRef value = fit(call.arguments[i].value, function.parameters[i]);
    if (value == nullptr) {
      mismatch(call.arguments[i].value, function.parameters[i], {});
      return poison(call.span);
    }
    if (!is_cheap(value)) {
      bindings.push_back({next_slot_++, value});
      value = typed::make(value->type, value->span, typed::LocalRead{bindings.back().slot});
    }
    if (function.lambda != nullptr)
      own.push_back({function.lambda->parameters[i].text, value, function.lambda->parameters[i].span});
  }
  typed::ExpressionRef result;
  if (function.lambda == nullptr) {
    if (is_error(function.result)) return poison(call.span);
    const Type sample = is_bare_decimal(function.result) ? decimal_type(18, 4) : function.result;
    result = typed::make(sample, call.span, typed::LocalRead{next_slot_++});
  } else {
    if (++inlined_ > kMostInlined) return too_large(call.span, "its functions call functions too many times");
    std::vector<Local> locals = std::exchange(locals_, function.locals);
    const Row* row = std::exchange(row_, function.row);
    GroupScope* group = std::exchange(group_, function.group);
    const Place place = std::exchange(place_, function.place);
    std::vector<std::string> present = std::exchange(present_, function.present);
    std::vector<const Declaration*> calls = std::exchange(context_.calls, function.calls);
    for (Local& each : own) add_local(each.name, each.value, each.declared);
    result = function.lambda->body == nullptr ? poison(call.span) : check(*function.lambda->body, function.result);
    context_.calls = std::move(calls);
    present_ = std::move(present);
    place_ = place;
    group_ = group;
    row_ = row;
    locals_ = std::move(locals);
    if (!is_poison(result) && !is_error(function.result)) {
      const typed::ExpressionRef fitting = fit(result, function.result, true);
      if (fitting == nullptr) {
        mismatch(result, function.result, {});
        return poison(call.span);
      }
      result = fitting;
    }
  }
  if (is_poison(result)) return poison(call.span);
  for (size_t i = bindings.size(); i-- > 0;)
    result = typed::make(result->type, result->span, typed::Bind{bindings[i].slot, bindings[i].value, result});
  return result;
}

typed::ExpressionRef Expressions::closure_call(const ast::Name& function, const ast::Expr* object,
                                               const ast::Arguments& arguments, Span span) {
  const Local* local = find_local(function.text);
  if (local == nullptr || local->function == nullptr) return nullptr;
  const std::shared_ptr<const Closure> target = local->function;
  Call made{function, {}, span};
  bool sound = true;
  if (object != nullptr) {
    made.arguments.push_back({nullptr, check(*object), object->span, object});
    sound = !is_poison(made.arguments.back().value);
  }
  sound &= add_arguments(made, arguments);
  return sound ? apply(*target, made) : poison(span);
}

typed::ExpressionRef Expressions::call_with_lambdas(const ast::Name& function, const ast::Expr* object,
                                                    const ast::Arguments& arguments, Span span) {
  const Declarations::Found found = context_.declarations.find(place_, NameKind::function, function.text);
  if (found.declaration == nullptr || !std::holds_alternative<ast::Function>(found.declaration->item->node))
    return nullptr;
  Call made{function, {}, span};
  bool sound = true;
  auto add = [&](const ast::Name* name, const ast::Expr& written) {
    const bool is_lambda = std::holds_alternative<ast::Lambda>(written.node);
    made.arguments.push_back({name, is_lambda ? nullptr : check(written), written.span, &written});
    sound &= is_lambda || !is_poison(made.arguments.back().value);
  };
  if (object != nullptr) add(nullptr, *object);
  for (const ast::Argument& argument : arguments.list) {
    const auto* value = std::get_if<ast::ExprPtr>(&argument.value);
    if (value == nullptr || *value == nullptr) return poison(span);
    add(argument.name ? &*argument.name : nullptr, **value);
  }
  return sound ? user_call(made, *found.declaration) : poison(span);
}

}  // namespace braid::checking
