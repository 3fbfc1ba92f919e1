// Values of the type `json`: `payload.customer.id`, `payload["a b"][0]`, and literals that stand for JSON.
#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"
#include "runtime/data/json_text.h"
#include "runtime/data/text_forms.h"

namespace braid::checking {

/// What the function `name` of JSON and of one other argument gives.
typed::ExpressionRef Expressions::json_part(const char* name, const typed::ExpressionRef& json,
                                            const typed::ExpressionRef& part, Span span) {
  for (const FunctionDeclaration* function : context_.input.functions.overloads(name))
    if (function->parameters.size() == 2 && is(function->parameters[0].type, TypeKind::json) &&
        same(function->parameters[1].type, part->type))
      return typed::make(json_type(), span, typed::FunctionCall{function, {json, part}});
  return poison(span);
}

typed::ExpressionRef Expressions::json_field(const typed::ExpressionRef& json, const ast::Name& name, Span span) {
  return json_part("field", json, make_constant(string_type(), name.span, Value{name.text}), span);
}

typed::ExpressionRef Expressions::json_index(const typed::ExpressionRef& json, const typed::ExpressionRef& place,
                                             Span span) {
  if (is(place->type, TypeKind::string)) return json_part("field", json, place, span);
  const typed::ExpressionRef whole = fit(place, int_type());
  if (whole != nullptr) return json_part("element", json, whole, span);
  mismatch(place, int_type(), {});
  return poison(span);
}

bool Expressions::append_written_json(const ast::Expr& expression, std::string& json) {
  if (const auto* list = std::get_if<ast::List>(&expression.node)) {
    json += "[";
    for (const ast::ExprPtr& element : list->elements) {
      if (&element != &list->elements.front()) json += ",";
      if (element == nullptr || !append_written_json(*element, json)) return false;
    }
    json += "]";
    return true;
  }
  if (const auto* object = std::get_if<ast::Struct>(&expression.node)) {
    json += "{";
    for (const ast::Entry& entry : object->entries) {
      const auto* named = std::get_if<ast::NamedEntry>(&entry.node);
      if (named == nullptr || named->value == nullptr) return false;
      if (&entry != &object->entries.front()) json += ",";
      append_json_string(json, named->name.text);
      json += ":";
      if (!append_written_json(*named->value, json)) return false;
    }
    json += "}";
    return true;
  }
  const size_t findings = context_.reporter.size();
  const typed::ExpressionRef value = check(expression);
  const typed::ExpressionRef constant =
      is_poison(value) || is(value->type, TypeKind::json) ? value : json_literal(value);
  const auto* known = constant == nullptr ? nullptr : std::get_if<typed::Constant>(&constant->node);
  if (known != nullptr && !is_poison(constant)) return json += known->value.text(), true;
  context_.reporter.truncate(findings);  // whoever checks it again reports it
  return false;
}

/// A constant as JSON: `{ id: 7, tags: ["a"] }` where JSON is wanted. Null if it is none.
typed::ExpressionRef Expressions::json_literal(const typed::ExpressionRef& value) const {
  if (is(value->type, TypeKind::null)) return make_constant(json_type(), value->span, Value{std::string("null")});
  if (holds_null(value->type) || holds_error(value->type)) return nullptr;
  const std::optional<Value> known = evaluate(value);
  if (!known) return nullptr;
  std::string canonical;
  if (canonical_json(to_json(value->type, *known), canonical) != JsonFault::none) return nullptr;
  return make_constant(json_type(), value->span, Value{std::move(canonical)});
}

}  // namespace braid::checking
