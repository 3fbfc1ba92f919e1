// Aggregates of scripts. Each field of the state is folded by itself: its step adds to it, takes the least or greatest,
// or joins conditions, with a value that is made of the parameters alone. So it is one of the aggregates that the
// library has (sum, min, max, every, any), its value does not depend on the order of rows, and how two states merge and
// how a row is taken out follow; `merge` and `undo`, where they are written, must say the same. `finish` is computed
// from the results, in the step behind the group.
#include <algorithm>

#include "compiler/ast/visit.h"
#include "compiler/check/aggregate_findings.h"
#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"

namespace braid::checking {
namespace {

enum class Fold { keep, sum, least, greatest, both, either };

struct Term {
  bool minus = false;
  const ast::Expr* value = nullptr;
};
struct FieldStep {
  Fold fold = Fold::keep;
  std::vector<Term> terms;               ///< what is added; else one
  const ast::Expr* condition = nullptr;  ///< of the rows that count
};

bool is_name(const ast::Expr& expression, std::string_view name) {
  const auto* read = std::get_if<ast::NameExpr>(&expression.node);
  return read != nullptr && read->text == name;
}

/// `other.total`
bool is_of_other(const ast::Expr& expression, std::string_view field) {
  const auto* access = std::get_if<ast::FieldAccess>(&expression.node);
  return access != nullptr && access->object != nullptr && !access->optional && access->field.text == field &&
         is_name(*access->object, "other");
}

bool mentions(const ast::Expr& expression, const std::vector<std::string>& names) {
  if (const auto* read = std::get_if<ast::NameExpr>(&expression.node))
    return std::find(names.begin(), names.end(), read->text) != names.end();
  bool found = false;
  ast::for_each_child(expression, [&](const ast::Expr& child) { found |= mentions(child, names); });
  return found;
}

/// `a + b - c`, from the left.
bool add_terms(const ast::Expr& expression, std::vector<Term>& terms) {
  const auto* binary = std::get_if<ast::Binary>(&expression.node);
  const bool sum =
      binary != nullptr && (binary->op == ast::BinaryOperator::add || binary->op == ast::BinaryOperator::subtract);
  if (!sum) {
    terms.push_back({false, &expression});
    return true;
  }
  if (binary->left == nullptr || binary->right == nullptr || !add_terms(*binary->left, terms)) return false;
  terms.push_back({binary->op == ast::BinaryOperator::subtract, binary->right.get()});
  return true;
}

std::string without_blanks(std::string_view text) {
  std::string made;
  for (const char c : text)
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') made += c;
  return made;
}

/// `if e > f then e else f`: the greatest, or the least.
std::optional<FieldStep> best_of(const Context& context, const ast::If& choice, const std::string& field) {
  const auto* compared = std::get_if<ast::Binary>(&choice.condition->node);
  if (compared == nullptr || compared->left == nullptr || compared->right == nullptr) return {};
  const bool greater =
      compared->op == ast::BinaryOperator::greater || compared->op == ast::BinaryOperator::greater_equal;
  const bool less = compared->op == ast::BinaryOperator::less || compared->op == ast::BinaryOperator::less_equal;
  if (!(greater || less) || !is_name(*choice.otherwise, field)) return {};
  const bool behind = is_name(*compared->right, field);
  if (!behind && !is_name(*compared->left, field)) return {};
  const ast::Expr& other = behind ? *compared->left : *compared->right;
  if (without_blanks(context.text(other.span)) != without_blanks(context.text(choice.then->span))) return {};
  return FieldStep{greater == behind ? Fold::greatest : Fold::least, {{false, choice.then.get()}}, nullptr};
}

/// How the field is folded; nothing if it is in no such way.
std::optional<FieldStep> step_of(const Context& context, const ast::Expr& expression, const std::string& field) {
  if (is_name(expression, field)) return FieldStep{};
  if (const auto* choice = std::get_if<ast::If>(&expression.node)) {
    if (choice->condition == nullptr || choice->then == nullptr || choice->otherwise == nullptr) return {};
    if (const auto best = best_of(context, *choice, field)) return best;
    std::optional<FieldStep> step = step_of(context, *choice->then, field);
    if (!step || step->condition != nullptr || !is_name(*choice->otherwise, field)) return {};
    step->condition = choice->condition.get();
    return step;
  }
  if (const auto* call = std::get_if<ast::Call>(&expression.node)) {
    const bool least = call->function.text == "min";
    if ((!least && call->function.text != "max") || call->arguments.list.size() != 2) return {};
    const ast::Expr* sides[2] = {nullptr, nullptr};
    for (size_t i = 0; i < 2; ++i) {
      const auto* value = std::get_if<ast::ExprPtr>(&call->arguments.list[i].value);
      if (value == nullptr || *value == nullptr || call->arguments.list[i].name) return {};
      sides[i] = value->get();
    }
    const Fold fold = least ? Fold::least : Fold::greatest;
    if (is_name(*sides[0], field)) return FieldStep{fold, {{false, sides[1]}}, nullptr};
    if (is_name(*sides[1], field)) return FieldStep{fold, {{false, sides[0]}}, nullptr};
    return {};
  }
  const auto* binary = std::get_if<ast::Binary>(&expression.node);
  if (binary == nullptr || binary->left == nullptr || binary->right == nullptr) return {};
  if (binary->op == ast::BinaryOperator::logical_and || binary->op == ast::BinaryOperator::logical_or) {
    const Fold fold = binary->op == ast::BinaryOperator::logical_and ? Fold::both : Fold::either;
    if (is_name(*binary->left, field)) return FieldStep{fold, {{false, binary->right.get()}}, nullptr};
    if (is_name(*binary->right, field)) return FieldStep{fold, {{false, binary->left.get()}}, nullptr};
    return {};
  }
  FieldStep step{Fold::sum, {}, nullptr};
  if (!add_terms(expression, step.terms)) return {};
  const auto own = std::find_if(step.terms.begin(), step.terms.end(),
                                [&](const Term& term) { return !term.minus && is_name(*term.value, field); });
  if (own == step.terms.end()) return {};
  step.terms.erase(own);
  return step.terms.empty() ? std::nullopt : std::optional(step);
}

const ast::Expr* entry_of(const ast::Struct& block, const std::string& field) {
  for (const ast::Entry& entry : block.entries)
    if (const auto* named = std::get_if<ast::NamedEntry>(&entry.node); named != nullptr && named->name.text == field)
      return named->value.get();
  return nullptr;
}

std::vector<std::pair<bool, std::string>> signed_texts(const Context& context, const std::vector<Term>& terms,
                                                       bool opposite) {
  std::vector<std::pair<bool, std::string>> texts;
  for (const Term& term : terms)
    texts.emplace_back(term.minus != opposite, without_blanks(context.text(term.value->span)));
  std::sort(texts.begin(), texts.end());
  return texts;
}

bool undoes(const Context& context, const FieldStep& step, const ast::Expr* entry, const std::string& field) {
  if (step.fold == Fold::keep) return entry == nullptr || is_name(*entry, field);
  const std::optional<FieldStep> undo = entry == nullptr ? std::nullopt : step_of(context, *entry, field);
  if (!undo || step.fold != Fold::sum || undo->fold != Fold::sum) return false;
  if ((step.condition == nullptr) != (undo->condition == nullptr)) return false;
  if (step.condition != nullptr &&
      without_blanks(context.text(step.condition->span)) != without_blanks(context.text(undo->condition->span)))
    return false;
  return signed_texts(context, step.terms, true) == signed_texts(context, undo->terms, false);
}

bool merges(const Context& context, const FieldStep& step, const ast::Expr* entry, const std::string& field) {
  if (step.fold == Fold::keep) return entry == nullptr || is_name(*entry, field);
  const std::optional<FieldStep> merge = entry == nullptr ? std::nullopt : step_of(context, *entry, field);
  return merge && merge->fold == step.fold && merge->condition == nullptr && merge->terms.size() == 1 &&
         !merge->terms[0].minus && is_of_other(*merge->terms[0].value, field);
}

std::string merge_text(const FieldStep& step, const std::string& field) {
  switch (step.fold) {
    case Fold::keep:
      return field;
    case Fold::sum:
      return field + " + other." + field;
    case Fold::least:
      return "min(" + field + ", other." + field + ")";
    case Fold::greatest:
      return "max(" + field + ", other." + field + ")";
    case Fold::both:
      return field + " and other." + field;
    case Fold::either:
      break;
  }
  return field + " or other." + field;
}

std::string undo_text(const Context& context, const FieldStep& step, const std::string& field) {
  std::string text = field;
  for (const Term& term : step.terms)
    text += (term.minus ? " + " : " - ") + std::string(context.text(term.value->span));
  if (step.condition == nullptr) return text;
  return "if " + std::string(context.text(step.condition->span)) + " then " + text + " else " + field;
}

bool is_zero(const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value.content)) return *number == 0;
  if (const auto* number = std::get_if<double>(&value.content)) return *number == 0;
  if (const auto* number = std::get_if<int128>(&value.content)) return *number == 0;
  return false;
}

Value zero_of(const Type& type) {
  if (is(type, TypeKind::floating)) return {0.0};
  if (is(type, TypeKind::decimal)) return {int128{0}};
  return {int64_t{0}};
}

constexpr std::string_view kForms =
    "a step adds or subtracts (`f + e`), takes `min(f, e)` or `max(f, e)`, or is `f and e` or `f or e`, where `e` is "
    "made of the parameters alone; `if c then … else f` leaves rows out";

}  // namespace

/// Of numbers or durations.
typed::ExpressionRef Expressions::add_up(typed::Operator op, const typed::ExpressionRef& left,
                                         const typed::ExpressionRef& right, Span span) {
  if (is(left->type, TypeKind::duration))
    return typed::make(duration_type(), span, typed::Operation{op, {left, right}});
  return numbers(op, left, right, span, op == typed::Operator::subtract ? "-" : "+");
}

typed::ExpressionRef Expressions::sum_of_terms(const std::vector<typed::ExpressionRef>& terms,
                                               const std::vector<bool>& minus, Span span) {
  typed::ExpressionRef sum = terms[0];
  if (minus[0]) sum = add_up(typed::Operator::subtract, make_constant(sum->type, span, zero_of(sum->type)), sum, span);
  for (size_t i = 1; i < terms.size() && !is_poison(sum); ++i)
    sum = add_up(minus[i] ? typed::Operator::subtract : typed::Operator::add, sum, terms[i], span);
  return sum;
}

/// The state's fields as they are when all rows have come: what the group's aggregates, added to `scope`, come to.
/// The parameters are locals here. False: something is wrong, which is reported.
bool Expressions::fold_state(const ast::Aggregate& aggregate, const typed::ExpressionRef& filter, GroupScope& scope,
                             Span call, std::vector<Local>& state) {
  std::vector<std::string> names;
  for (const ast::Field& field : aggregate.init.list) names.push_back(field.name.text);
  bool sound = !aggregate.init.broken;
  for (const ast::Struct* block :
       {&aggregate.step, aggregate.undo ? &*aggregate.undo : nullptr, aggregate.merge ? &*aggregate.merge : nullptr}) {
    if (block == nullptr) continue;
    for (const ast::Entry& entry : block->entries) {
      const auto* named = std::get_if<ast::NamedEntry>(&entry.node);
      if (named != nullptr && std::find(names.begin(), names.end(), named->name.text) != names.end()) continue;
      context_.reporter
          .report(
              diag::UnknownField{.relation = aggregate.name.text,
                                 .field = named != nullptr ? named->name.text : std::string(context_.text(entry.span))})
          .at(entry.span, "no field of the state")
          .also(aggregate.init.span, "the state");
      sound = false;
    }
  }
  if (!sound) return false;
  // What one row gives is read by the aggregates; those of one state have the rows in common.
  auto add = [&](AggregateKind kind, const typed::ExpressionRef& argument, const typed::ExpressionRef& rows) {
    const AggregateDeclaration* known = context_.input.functions.aggregate(typed::name_of(kind));
    const Type type = aggregate_result(*known, {argument->type}, rows != nullptr);
    if (type == nullptr) {
      context_.reporter
          .report(diag::OperandType{.operation = std::string(known->name), .type = type_text(argument->type)})
          .at(argument->span, "`" + std::string(known->name) + "` takes " + std::string(known->expects));
      return poison(argument->span);
    }
    const int column = scope.next_column();
    typed::Aggregate made{
        .kind = kind, .argument = argument, .by = nullptr, .filter = rows, .type = type, .span = call};
    scope.aggregates.push_back(std::move(made));
    return typed::make(type, call, typed::ColumnRead{column});
  };
  for (const ast::Field& field : aggregate.init.list) {
    const std::string& name = field.name.text;
    const Type type = field.type ? resolve_type(context_, place_, *field.type, TypePlace::parameter) : error_type();
    if (is_error(type)) {
      sound = false;
      continue;
    }
    if (field.initial == nullptr) {
      context_.reporter.report(diag::StateWithoutStart{.field = name}).at(field.span, "before the first row");
      sound = false;
      continue;
    }
    Expressions constant(context_, place_, nullptr);
    const typed::ExpressionRef first = constant.check_as(*field.initial, type, field.type->span);
    const std::optional<Value> start = is_poison(first) ? std::nullopt : evaluate(first);
    if (!start) {
      if (!is_poison(first))
        context_.reporter.report(diag::NotConstant{.what = "the first value of `" + name + "`"})
            .at(field.initial->span);
      sound = false;
      continue;
    }
    const ast::Expr* entry = entry_of(aggregate.step, name);
    const std::optional<FieldStep> step = entry == nullptr ? FieldStep{} : step_of(context_, *entry, name);
    const bool alone = step && std::none_of(step->terms.begin(), step->terms.end(),
                                            [&](const Term& term) { return mentions(*term.value, names); });
    if (!alone || (step->condition != nullptr && mentions(*step->condition, names))) {
      context_.reporter.report(diag::OrderDependentStep{.field = name, .function = aggregate.name.text})
          .at(entry->span, "no fold that may take rows in any order")
          .note(std::string(kForms));
      sound = false;
      continue;
    }
    if (aggregate.merge && !merges(context_, *step, entry_of(*aggregate.merge, name), name)) {
      const ast::Expr* written = entry_of(*aggregate.merge, name);
      const std::string wanted = merge_text(*step, name);
      auto report = context_.reporter.report(diag::MergeDisagrees{.field = name});
      report.at(written != nullptr ? written->span : aggregate.merge->span, "does not add up what the steps have done")
          .also(entry == nullptr ? aggregate.step.span : entry->span, "the step")
          .note("`merge` may be left out: it follows from `step`");
      if (written != nullptr) report.fix(Applicability::likely, "use `" + wanted + "`", {{written->span, wanted}});
      sound = false;
    }
    if (aggregate.undo && !undoes(context_, *step, entry_of(*aggregate.undo, name), name)) {
      const ast::Expr* written = entry_of(*aggregate.undo, name);
      auto report = context_.reporter.report(diag::UndoDisagrees{.field = name});
      report.at(written != nullptr ? written->span : aggregate.undo->span, "does not take out what the step has added")
          .also(entry == nullptr ? aggregate.step.span : entry->span, "the step");
      if (step->fold == Fold::sum && written != nullptr) {
        const std::string wanted = undo_text(context_, *step, name);
        report.fix(Applicability::likely, "use `" + wanted + "`", {{written->span, wanted}});
      }
      report.note("`undo` may be left out: rows of tables are taken out without it");
      sound = false;
    }
    if (step->fold == Fold::keep) {
      state.push_back({name, first, field.span});
      continue;
    }
    const size_t present = present_.size();
    typed::ExpressionRef rows = filter;
    if (step->condition != nullptr) {
      const typed::ExpressionRef own = condition(*step->condition);
      assume(*step->condition, true);
      if (is_poison(own)) {
        sound = false;
        present_.resize(present);
        continue;
      }
      rows = filter == nullptr
                 ? own
                 : typed::make(bool_type(), own->span,
                               typed::Choose{filter, own, make_constant(bool_type(), own->span, {false})});
    }
    std::vector<typed::ExpressionRef> terms;
    std::vector<bool> minus;
    bool fits = true;
    for (const Term& term : step->terms) {
      const typed::ExpressionRef value =
          step->fold == Fold::both || step->fold == Fold::either ? condition(*term.value) : check(*term.value);
      typed::ExpressionRef fitting = is_poison(value) ? value : fit(value, type);
      if (fitting == nullptr) mismatch(value, type, field.type->span);
      fits &= fitting != nullptr && !is_poison(fitting);
      terms.push_back(fitting);
      minus.push_back(term.minus);
    }
    present_.resize(present);
    if (!fits) {
      sound = false;
      continue;
    }
    typed::ExpressionRef value;
    const Span span = entry->span;
    switch (step->fold) {
      case Fold::sum: {
        const bool below = terms.size() == 1 && minus[0];
        if (below) minus[0] = false;
        const typed::ExpressionRef one = terms.size() == 1 ? terms[0] : sum_of_terms(terms, minus, span);
        const typed::ExpressionRef all = is_poison(one) ? one : add(AggregateKind::sum, one, rows);
        if (is_poison(all) || (!below && is_zero(*start))) {
          value = all;
        } else {
          value = add_up(below ? typed::Operator::subtract : typed::Operator::add, first, all, span);
        }
        break;
      }
      case Fold::least:
      case Fold::greatest: {
        const bool least = step->fold == Fold::least;
        // Rows that the condition leaves out still let the first value stand.
        typed::ExpressionRef best = add(least ? AggregateKind::minimum : AggregateKind::maximum, terms[0], rows);
        if (!is_poison(best) && is_optional(best->type))
          best = typed::make(best->type->element, span, typed::Coalesce{best, fit(first, best->type->element)});
        value = best;
        if (is_poison(best)) break;
        const typed::ExpressionRef start_value = fit(first, best->type);
        const typed::ExpressionRef better = compare(least ? typed::Operator::less : typed::Operator::greater,
                                                    start_value, best, span, least ? "<" : ">");
        value = typed::make(best->type, span, typed::Choose{better, start_value, best});
        break;
      }
      case Fold::both:
      case Fold::either: {
        const bool both = step->fold == Fold::both;
        value =
            start->boolean() == both ? add(both ? AggregateKind::every : AggregateKind::any, terms[0], rows) : first;
        break;
      }
      case Fold::keep:
        break;
    }
    sound &= !is_poison(value);
    state.push_back({name, value, field.span});
  }
  return sound;
}

typed::ExpressionRef Expressions::finish_state(const ast::Aggregate& aggregate, std::vector<Local> state) {
  locals_ = std::move(state);
  const Type declared =
      aggregate.result ? resolve_type(context_, place_, *aggregate.result, TypePlace::parameter) : error_type();
  if (aggregate.finish == nullptr || is_error(declared)) return poison(aggregate.name.span);
  const typed::ExpressionRef result = check(*aggregate.finish, declared);
  if (is_poison(result)) return result;
  const typed::ExpressionRef fitting = fit(result, declared, true);
  if (fitting != nullptr) return fitting;
  context_.reporter
      .report(diag::ResultType{
          .function = aggregate.name.text, .declared = type_text(declared), .found = type_text(result->type)})
      .at(aggregate.finish->span, "this is `" + type_text(result->type) + "`")
      .also(aggregate.result->span, "promised here");
  return poison(result->span);
}

bool Expressions::check_aggregate(const Declaration& declaration) {
  const auto& aggregate = std::get<ast::Aggregate>(declaration.item->node);
  FunctionInfo& info = context_.functions[&declaration];
  if (info.state == FunctionInfo::State::done) return !info.broken;
  info.state = FunctionInfo::State::done;
  const CallsOf calls(context_, declaration);
  const size_t errors = context_.reporter.size();
  bool sound = check_type_parameters(context_, aggregate.generics);
  const TypeVariables variables = sample_variables(aggregate.generics);
  Place place = place_of(declaration);
  place.variables = &variables;
  Expressions inside(context_, place, nullptr);
  int slot = 0;
  for (const ast::Parameter& parameter : aggregate.parameters) {
    const Type type = parameter.type && sound
                          ? resolve_type(context_, inside.place_, *parameter.type, TypePlace::parameter)
                          : error_type();
    for (const Local& before : inside.locals_)
      if (before.name == parameter.name.text)
        context_.reporter.report(diag::DuplicateField{.field = before.name})
            .at(parameter.name.span, "named again")
            .also(before.declared, "first named here");
    if (parameter.initial != nullptr && !is_error(type)) {
      Expressions constant(context_, inside.place_, nullptr);
      sound &= !is_poison(constant.check_as(*parameter.initial, type, parameter.type->span));
    }
    // A bare `decimal` is checked with some digits; a call has its own.
    const Type sample = is_bare_decimal(type) ? decimal_type(18, 4) : type;
    inside.add_local(
        parameter.name.text,
        is_error(type) ? poison(parameter.span) : typed::make(sample, parameter.name.span, typed::LocalRead{slot++}),
        parameter.span);
  }
  inside.next_slot_ = slot;
  inside.sample_ = true;
  GroupScope scope;
  std::vector<Local> state;
  sound = sound && inside.fold_state(aggregate, nullptr, scope, aggregate.name.span, state);
  if (sound) sound = !is_poison(inside.finish_state(aggregate, std::move(state))) || inside.sample_unknown_;
  name_variables(context_, aggregate.generics, errors);
  for (size_t i = errors; i < context_.reporter.size(); ++i)
    if (context_.reporter.findings()[i].severity == Severity::error) sound = false;
  context_.functions[&declaration].broken = !sound;
  return sound;
}

typed::ExpressionRef Expressions::user_aggregate(const ast::Name& function, const ast::Expr* object,
                                                 const ast::Arguments& arguments, Span span,
                                                 const Declaration& declaration) {
  const auto& aggregate = std::get<ast::Aggregate>(declaration.item->node);
  if (!check_aggregate(declaration)) return poison(span);
  const std::vector<ast::Parameter>& parameters = aggregate.parameters;
  std::vector<const ast::Expr*> given(parameters.size());
  const ast::Expr* rows = nullptr;
  size_t next = 0, count = 0;
  bool counted = true;
  auto place = [&](size_t parameter, const ast::Expr* value) {
    ++count;
    if (parameter < given.size() && given[parameter] == nullptr)
      given[parameter] = value;
    else
      counted = false;
  };
  if (object != nullptr) place(next++, object);
  for (const ast::Argument& argument : arguments.list) {
    const auto* value = std::get_if<ast::ExprPtr>(&argument.value);
    if (value == nullptr || *value == nullptr || std::holds_alternative<ast::ErrorExpr>((*value)->node))
      return poison(span);
    if (!argument.name) {
      place(next++, value->get());
      continue;
    }
    const auto named = std::find_if(parameters.begin(), parameters.end(), [&](const ast::Parameter& parameter) {
      return parameter.name.text == argument.name->text;
    });
    if (named != parameters.end()) {
      place(static_cast<size_t>(named - parameters.begin()), value->get());
    } else if (argument.name->text == "where") {
      rows = value->get();
    } else {
      context_.reporter.report(diag::UnknownParameter{.function = function.text, .name = argument.name->text})
          .at(argument.name->span, "no such parameter")
          .also(declaration.name.span, "declared here");
      return poison(span);
    }
  }
  for (size_t i = 0; i < given.size(); ++i) counted &= given[i] != nullptr || parameters[i].initial != nullptr;
  if (!counted) {
    const std::string expected = std::to_string(given.size()) + (given.size() == 1 ? " argument" : " arguments");
    context_.reporter
        .report(
            diag::ArgumentCount{.function = function.text, .expected = expected, .count = static_cast<int64_t>(count)})
        .at(span, "`" + function.text + "` takes " + expected)
        .also(declaration.name.span, "declared here");
    return poison(span);
  }
  // Arguments are of the rows, not of the group, and not of a lambda around the aggregate.
  GroupScope* group = std::exchange(group_, nullptr);
  std::vector<Local> outer = std::exchange(locals_, {});
  const std::vector<std::string> present = present_;
  Place home = place_of(declaration);
  typed::ExpressionRef filter;
  bool sound = true;
  if (rows != nullptr) {
    filter = condition(*rows);
    assume(*rows, true);
    sound = !is_poison(filter);
  }
  Call call{function, {}, span};
  std::vector<const Argument*> values(given.size());
  call.arguments.reserve(given.size());
  for (size_t i = 0; i < given.size(); ++i) {
    if (given[i] == nullptr) continue;
    call.arguments.push_back({nullptr, check(*given[i]), given[i]->span, given[i]});
    values[i] = &call.arguments.back();
    sound &= !is_poison(values[i]->value);
  }
  std::optional<TypeVariables> variables;
  if (sound) variables = infer_types(call, declaration, aggregate.generics, parameters, values);
  sound = variables.has_value();
  if (sound) home.variables = &*variables;
  std::vector<Local> bound;
  for (size_t i = 0; i < given.size() && sound; ++i) {
    const Type type = resolve_type(context_, home, *parameters[i].type, TypePlace::parameter);
    typed::ExpressionRef value;
    if (given[i] == nullptr) {
      Expressions constant(context_, home, nullptr);
      value = constant.check_as(*parameters[i].initial, type);
    } else {
      value = values[i]->value;
      if (const typed::ExpressionRef fitting = is_poison(value) ? value : fit(value, type); fitting != nullptr) {
        value = fitting;
      } else {
        if (is_optional(value->type) && !is_optional(type) &&
            fit(typed::make(value->type->element, {}, typed::LocalRead{-1}), type) != nullptr) {
          optional_operand(value, function.text);
        } else {
          mismatch(value, type, parameters[i].span);
        }
        value = poison(given[i]->span);
      }
    }
    sound &= !is_poison(value);
    bound.push_back({parameters[i].name.text, value, parameters[i].span});
  }
  typed::ExpressionRef result = poison(span);
  if (sound) {
    locals_ = std::move(bound);
    const Row* row = std::exchange(row_, nullptr);
    const Place here = std::exchange(place_, home);
    present_.clear();
    std::vector<Local> state;
    const size_t findings = context_.reporter.size();
    if (fold_state(aggregate, filter, *group, span, state)) result = finish_state(aggregate, std::move(state));
    if (!variables->empty()) instance_fails(call, *variables, findings);
    row_ = row;
    place_ = here;
  }
  present_ = present;
  locals_ = std::move(outer);
  group_ = group;
  return is_poison(result) ? result : typed::called_from(result, declaration.item->span, span);
}

}  // namespace braid::checking
