// Values of map<K, V>: `m["a"]`, `m.keys()`, `"a" in m`, literals. What is read of a map is read of the list of its
// entries, which are in the order of their keys; what makes another keeps that order, or is made by `to_map_last` of
// the library. Functions with a lambda are in lambdas.cpp.
#include <algorithm>

#include "compiler/check/expressions.h"
#include "runtime/data/map_entries.h"

namespace braid::checking {
namespace {

struct MapFunction {
  std::string_view name;
  size_t arguments;
  std::string_view form;
};
constexpr MapFunction kFunctions[] = {
    {"entries", 1, "m.entries()"},  {"keys", 1, "m.keys()"},         {"values", 1, "m.values()"},
    {"size", 1, "m.size()"},        {"length", 1, "m.length()"},     {"is_empty", 1, "m.is_empty()"},
    {"has", 2, "m.has(key)"},       {"put", 3, "m.put(key, value)"}, {"remove", 2, "m.remove(key)"},
    {"merge", 2, "m.merge(other)"}, {"json", 1, "m.json()"}};

const MapFunction* find_map_function(std::string_view name) {
  for (const MapFunction& one : kFunctions)
    if (one.name == name) return &one;
  return nullptr;
}

}  // namespace

/// Other languages have functions of these names, too, of other things.
bool Expressions::is_of_map(const ast::Name& function, const ast::Expr* first) {
  if (first == nullptr || find_map_function(function.text) == nullptr) return false;
  const size_t findings = context_.reporter.size();
  const size_t aggregates = group_ == nullptr ? 0 : group_->aggregates.size();
  const typed::ExpressionRef value = check(*first);
  context_.reporter.truncate(findings);
  if (group_ != nullptr) group_->aggregates.resize(aggregates);
  return is(without_optional(value->type), TypeKind::map);
}

typed::ExpressionRef Expressions::entries_of(const typed::ExpressionRef& map, Span span) const {
  return typed::make(list_type(map->type->element), span, typed::Convert{typed::Conversion::map_entries, map});
}

typed::ExpressionRef Expressions::key_for(const typed::ExpressionRef& map, const typed::ExpressionRef& key) {
  const Type& wanted = key_of(map->type);
  if (is_poison(key)) return key;
  if (is_optional(key->type) && !is_optional(wanted)) return optional_operand(key, "a key");
  if (const typed::ExpressionRef fitting = fit(key, wanted)) return fitting;
  mismatch(key, wanted, declaration_of(map));
  return poison(key->span);
}

/// A loop over the entries that asks whether the key is `key`, or is not.
typed::ExpressionRef Expressions::over_keys(typed::LoopKind kind, const Type& type, const typed::ExpressionRef& map,
                                            typed::Operator op, const typed::ExpressionRef& key, Span span) {
  const int element = next_slot_;
  next_slot_ += 2;
  const typed::ExpressionRef own = typed::make(
      key_of(map->type), span, typed::FieldRead{typed::make(map->type->element, span, typed::LocalRead{element}), 0});
  const typed::ExpressionRef test = typed::make(bool_type(), span, typed::Operation{op, {own, key}});
  return typed::make(type, span,
                     typed::Loop{kind, element, element + 1, -1, entries_of(map, map->span), nullptr, test});
}

typed::ExpressionRef Expressions::map_has(const typed::ExpressionRef& map, const typed::ExpressionRef& key, Span span) {
  const typed::ExpressionRef wanted = key_for(map, key);
  if (is_poison(wanted)) return poison(span);
  return with_value(wanted, [&](const typed::ExpressionRef& read) {
    return over_keys(typed::LoopKind::any, bool_type(), map, typed::Operator::equal, read, span);
  });
}

typed::ExpressionRef Expressions::map_value(const typed::ExpressionRef& map, const typed::ExpressionRef& key,
                                            Span span) {
  const typed::ExpressionRef wanted = key_for(map, key);
  if (is_poison(wanted)) return poison(span);
  return with_value(wanted, [&](const typed::ExpressionRef& read) {
    const typed::ExpressionRef found =
        over_keys(typed::LoopKind::find, optional_type(map->type->element), map, typed::Operator::equal, read, span);
    return if_present(found, span, [&](const typed::ExpressionRef& entry) {
      return typed::make(value_of(map->type), span, typed::FieldRead{entry, 1});
    });
  });
}

typed::ExpressionRef Expressions::map_call(const Call& call) {
  if (call.arguments.empty() || !is(without_optional(call.arguments[0].value->type), TypeKind::map)) return nullptr;
  const auto* known = find_map_function(call.function.text);
  const Declarations::Found own = context_.declarations.find(place_, NameKind::function, call.function.text);
  if (known == nullptr || own.silent || own.declaration != nullptr) return nullptr;
  const Span span = call.span;
  const typed::ExpressionRef& map = call.arguments[0].value;
  if (is_optional(map->type)) return optional_operand(map, call.function.text);
  if (call.arguments.size() != known->arguments) {
    const size_t wanted = known->arguments - 1;
    context_.reporter
        .report(diag::ArgumentCount{.function = call.function.text,
                                    .expected = std::to_string(wanted) + (wanted == 1 ? " argument" : " arguments"),
                                    .count = static_cast<int64_t>(call.arguments.size() - 1)})
        .at(span, "written as `" + std::string(known->form) + "`");
    return poison(span);
  }
  for (const Argument& argument : call.arguments) {
    if (argument.name == nullptr) continue;
    context_.reporter.report(diag::UnknownParameter{.function = call.function.text, .name = argument.name->text})
        .at(argument.name->span, "its arguments have no names");
    return poison(span);
  }
  const std::string_view name = known->name;
  const typed::ExpressionRef entries = entries_of(map, map->span);
  auto library = [&](const char* function, const typed::ExpressionRef& value) {
    const ast::Name called{function, call.function.span};
    return library_call({called, {{nullptr, value, span, nullptr}}, span},
                        context_.input.functions.overloads(function));
  };
  auto argument = [&](size_t index) { return call.arguments[index].value; };
  /// Entries of the same map behind these: of one key the last counts.
  auto with_entries = [&](const typed::ExpressionRef& more) {
    return library("to_map_last",
                   typed::make(entries->type, span, typed::Operation{typed::Operator::add, {entries, more}}));
  };
  if (name == "entries") return entries;
  if (name == "keys" || name == "values") {
    const int part = name == "keys" ? 0 : 1;
    return typed::make(list_type(map->type->element->fields[static_cast<size_t>(part)].type), span,
                       typed::ListField{entries, part});
  }
  if (name == "size" || name == "length") return library("length", entries);
  if (name == "is_empty") return library("is_empty", entries);
  if (name == "has") return map_has(map, argument(1), span);
  if (name == "json") return library("json_object", entries);
  if (name == "merge") {
    const typed::ExpressionRef other = fit(argument(1), map->type);
    if (other != nullptr) return with_entries(entries_of(other, other->span));
    mismatch(argument(1), map->type, declaration_of(map));
    return poison(span);
  }
  const typed::ExpressionRef key = key_for(map, argument(1));
  if (is_poison(key)) return poison(span);
  if (name == "put") {
    const typed::ExpressionRef value = fit(argument(2), value_of(map->type));
    if (value == nullptr) {
      mismatch(argument(2), value_of(map->type), declaration_of(map));
      return poison(span);
    }
    const typed::ExpressionRef entry = typed::make(map->type->element, span, typed::MakeStruct{{key, value}});
    return with_entries(typed::make(entries->type, span, typed::MakeList{{entry}}));
  }
  return with_value(key, [&](const typed::ExpressionRef& read) {
    const typed::ExpressionRef kept =
        over_keys(typed::LoopKind::filter, entries->type, map, typed::Operator::not_equal, read, span);
    return typed::make(map->type, span, typed::Convert{typed::Conversion::entries_map, kept});
  });
}

typed::ExpressionRef Expressions::map_literal(const typed::ExpressionRef& value, const Type& to, bool narrow) {
  const auto* made = std::get_if<typed::MakeStruct>(&value->node);
  if (made == nullptr) return nullptr;
  std::vector<std::pair<Value, typed::ExpressionRef>> entries;
  for (size_t i = 0; i < made->fields.size(); ++i) {
    Value key;
    if (!parse_key_text(key_of(to), value->type->fields[i].name, &key)) return nullptr;
    const typed::ExpressionRef fitting = fit(made->fields[i], value_of(to), narrow);
    if (fitting == nullptr) return nullptr;
    const typed::ExpressionRef own = make_constant(key_of(to), value->span, key);
    entries.emplace_back(std::move(key), typed::make(to->element, fitting->span, typed::MakeStruct{{own, fitting}}));
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return braid::compare(a.first, b.first) < 0; });
  std::vector<typed::ExpressionRef> items;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i > 0 && equal(entries[i - 1].first, entries[i].first)) return nullptr;  // two spellings of one key
    items.push_back(entries[i].second);
  }
  return typed::make(to, value->span,
                     typed::Convert{typed::Conversion::entries_map, typed::make(list_type(to->element), value->span,
                                                                                typed::MakeList{std::move(items)})});
}

}  // namespace braid::checking
