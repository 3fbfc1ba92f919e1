// Which values fit which types: literals fit what holds them, int widens to decimal, T fits T?, and nothing else
// converts by itself.
#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/expressions.h"
#include "compiler/check/type_findings.h"
#include "runtime/data/map_entries.h"

namespace braid::checking {
namespace {

typed::ExpressionRef convert(typed::Conversion conversion, const Type& to, const typed::ExpressionRef& value) {
  return typed::make(to, value->span, typed::Convert{conversion, value});
}

bool is_text_literal(const Context& context, const typed::ExpressionRef& value) {
  if (!std::holds_alternative<typed::Constant>(value->node) || !is(value->type, TypeKind::string)) return false;
  const std::string_view text = context.text(value->span);
  return text.starts_with("\"") || text.starts_with("r\"");
}

/// `2026-01-31`, or `@2026-01-31` where an instant is wanted: that date; else nothing.
std::string unquoted_date(std::string_view text) {
  if (text.starts_with('@')) text.remove_prefix(1);
  if (text.size() != 10) return "";
  for (size_t i = 0; i < text.size(); ++i)
    if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9') return "";
  return std::string(text);
}

}  // namespace

bool Expressions::is_literal(const typed::ExpressionRef& value) const {
  if (!std::holds_alternative<typed::Constant>(value->node) || !is_number(value->type)) return false;
  std::string_view text = context_.text(value->span);
  // `-5`, and not `-(5)` or `-least` of a param: those have a value and a type of their own.
  if (text.starts_with('-')) text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n", 1), text.size()));
  return !text.empty() && text[0] >= '0' && text[0] <= '9';
}

typed::ExpressionRef Expressions::fit(const typed::ExpressionRef& value, const Type& to, bool narrow) {
  const Type& from = value->type;
  if (is_error(from) || is_error(to) || same(from, to)) return value;
  if (const auto* fail = std::get_if<typed::Fail>(&value->node))
    return typed::make(to, value->span, typed::Fail{fail->message});
  if (is(to, TypeKind::json)) return json_literal(value);
  if (is_optional(to)) {
    if (is(from, TypeKind::null)) return make_constant(to, value->span, Value{});
    if (is_optional(from)) {
      // Only what may convert at all: null stays null.
      const auto* constant = std::get_if<typed::Constant>(&value->node);
      if (constant != nullptr && constant->value.is_null()) return make_constant(to, value->span, Value{});
      const typed::ExpressionRef probe = typed::make(from->element, {}, typed::LocalRead{-1});
      const typed::ExpressionRef present = fit(probe, to->element, narrow);
      if (present == nullptr) return nullptr;
      // A bare decimal has the digits of what it is made from.
      const Type made = is_bare_decimal(to->element) ? optional_type(present->type) : to;
      return with_value(value, [&](const typed::ExpressionRef& read) {
        const typed::ExpressionRef inner =
            fit(convert(typed::Conversion::unwrap, from->element, read), to->element, narrow);
        return typed::make(made, value->span,
                           typed::Choose{typed::make(bool_type(), value->span, typed::IsNull{read}),
                                         make_constant(made, value->span, Value{}),
                                         convert(typed::Conversion::to_optional, made, inner)});
      });
    }
    const typed::ExpressionRef inner = fit(value, to->element, narrow);
    if (inner == nullptr) return nullptr;
    if (const auto* constant = std::get_if<typed::Constant>(&inner->node))
      return make_constant(is_bare_decimal(to->element) ? optional_type(inner->type) : to, value->span,
                           constant->value);
    return convert(typed::Conversion::to_optional, is_bare_decimal(to->element) ? optional_type(inner->type) : to,
                   inner);
  }
  if (is_literal(value) && is_number(to)) {
    const std::string_view text = context_.text(value->span);
    if (!is_bare_decimal(to)) {
      if (std::optional<Value> exact = number_value(text, to)) return make_constant(to, value->span, *exact);
      return nullptr;
    }
    if (is(from, TypeKind::decimal)) return value;
    // As many digits as are written; a hexadecimal one has more value in fewer.
    const size_t digits = text.find("0x") == std::string_view::npos ? text.size() : 19;
    const Type natural = decimal_type(static_cast<int>(std::clamp<size_t>(digits, 1, 38)), 0);
    if (std::optional<Value> exact = number_value(text, natural)) return make_constant(natural, value->span, *exact);
    return nullptr;
  }
  if (is(to, TypeKind::decimal)) {
    if (is(from, TypeKind::integer)) {
      if (is_bare_decimal(to)) return convert(typed::Conversion::integer_to_decimal, decimal_type(19, 0), value);
      if (to->precision - to->scale >= 19) return convert(typed::Conversion::integer_to_decimal, to, value);
      if (!narrow) return nullptr;
      return convert(typed::Conversion::narrow_decimal, to,
                     convert(typed::Conversion::integer_to_decimal, decimal_type(19, 0), value));
    }
    if (is(from, TypeKind::decimal)) {
      if (is_bare_decimal(to)) return value;
      const bool wider = to->scale >= from->scale && to->precision - to->scale >= from->precision - from->scale;
      if (wider) return convert(typed::Conversion::widen_decimal, to, value);
      return narrow ? convert(typed::Conversion::narrow_decimal, to, value) : nullptr;
    }
  }
  if (is_text_literal(context_, value) && (is(to, TypeKind::enumeration) || is(to, TypeKind::uuid))) {
    const std::string& text = std::get<typed::Constant>(value->node).value.text();
    if (std::optional<Value> known = literal_value(text, to)) return make_constant(to, value->span, *known);
    return nullptr;
  }
  if (is(to, TypeKind::list) && is(from, TypeKind::list)) {
    if (const auto* loop = std::get_if<typed::Loop>(&value->node);
        loop != nullptr && loop->kind == typed::LoopKind::map) {
      typed::Loop made = *loop;
      made.body = fit(loop->body, to->element, narrow);
      return made.body == nullptr ? nullptr : typed::make(to, value->span, std::move(made));
    }
    const auto* list = std::get_if<typed::MakeList>(&value->node);
    if (list == nullptr) return nullptr;
    std::vector<typed::ExpressionRef> items;
    for (const typed::ExpressionRef& item : list->items) {
      items.push_back(fit(item, to->element, narrow));
      if (items.back() == nullptr) return nullptr;
    }
    return typed::make(to, value->span, typed::MakeList{std::move(items)});
  }
  if (is(to, TypeKind::structure) && is(from, TypeKind::structure)) {
    const auto* made = std::get_if<typed::MakeStruct>(&value->node);
    if (made == nullptr || from->fields.size() > to->fields.size()) return nullptr;
    std::vector<typed::ExpressionRef> fields;
    size_t used = 0;
    for (const Field& field : to->fields) {
      const int index = find_field(from->fields, field.name);
      if (index >= 0) {
        fields.push_back(fit(made->fields[static_cast<size_t>(index)], field.type, narrow));
        ++used;
      } else {
        fields.push_back(is_optional(field.type) ? make_constant(field.type, value->span, Value{}) : nullptr);
      }
      if (fields.back() == nullptr) return nullptr;
    }
    if (used != from->fields.size()) return nullptr;
    return typed::make(to, value->span, typed::MakeStruct{std::move(fields)});
  }
  if (is(to, TypeKind::map) && is(from, TypeKind::structure)) return map_literal(value, to, narrow);
  // Literals inside: `if big then 1 else 2` fits a decimal as 1 and 2 do.
  if (const auto* choose = std::get_if<typed::Choose>(&value->node)) {
    const typed::ExpressionRef then = fit(choose->then, to, narrow), otherwise = fit(choose->otherwise, to, narrow);
    if (then == nullptr || otherwise == nullptr) return nullptr;
    return typed::make(to, value->span, typed::Choose{choose->condition, then, otherwise});
  }
  if (const auto* bind = std::get_if<typed::Bind>(&value->node)) {
    const typed::ExpressionRef body = fit(bind->body, to, narrow);
    return body == nullptr ? nullptr : typed::make(to, value->span, typed::Bind{bind->slot, bind->value, body});
  }
  return nullptr;
}

Type Expressions::common_type(const typed::ExpressionRef& a, const typed::ExpressionRef& b) {
  const Type &x = a->type, &y = b->type;
  if (is_error(x)) return y;
  if (is_error(y) || same(x, y)) return x;
  if (std::holds_alternative<typed::Fail>(a->node)) return y;
  if (std::holds_alternative<typed::Fail>(b->node)) return x;
  if (is(x, TypeKind::null)) return optional_type(y);
  if (is(y, TypeKind::null)) return optional_type(x);
  if (is_optional(x) || is_optional(y)) {
    // A literal keeps its reading under the optional of the other side.
    auto plain = [&](const typed::ExpressionRef& value) {
      return is_optional(value->type) ? typed::make(value->type->element, {}, typed::LocalRead{-1}) : value;
    };
    const Type inner = common_type(plain(a), plain(b));
    return inner == nullptr ? nullptr : optional_type(inner);
  }
  if (is_literal(a) != is_literal(b)) {
    if (is_literal(a) && fit(a, y) != nullptr) return y;
    if (is_literal(b) && fit(b, x) != nullptr) return x;
  }
  const bool exact =
      (is(x, TypeKind::decimal) || is(x, TypeKind::integer)) && (is(y, TypeKind::decimal) || is(y, TypeKind::integer));
  if (exact) {
    const typed::ExpressionRef p = is_literal(a) ? fit(a, decimal_type(0, 0)) : a;
    const typed::ExpressionRef q = is_literal(b) ? fit(b, decimal_type(0, 0)) : b;
    return common_decimal((p ? p : a)->type, (q ? q : b)->type);
  }
  if (fit(a, y) != nullptr) return y;
  if (fit(b, x) != nullptr) return x;
  return nullptr;
}

void Expressions::mismatch(const typed::ExpressionRef& value, const Type& wanted, Span declared) {
  const Type& needed = without_optional(wanted);
  const std::string written(context_.text(value->span));
  if (is(value->type, TypeKind::null)) {
    auto report = context_.reporter.report(diag::TypeMismatch{.expected = type_text(wanted), .found = "null"});
    report.at(value->span, "null is not a `" + type_text(wanted) + "`");
    if (!declared.empty()) report.also(declared, "declared here");
    return;
  }
  if (is_literal(value) && is_number(needed)) {
    auto report = context_.reporter.report(diag::NumberDoesNotFit{.number = written, .type = type_text(needed)});
    report.at(value->span, "cannot be represented exactly as `" + type_text(needed) + "`");
    if (!declared.empty()) report.also(declared, "declared here");
    return;
  }
  if (is(needed, TypeKind::enumeration) && is_text_literal(context_, value)) {
    const std::string& symbol = std::get<typed::Constant>(value->node).value.text();
    auto report = context_.reporter.report(
        diag::UnknownSymbol{.subject = type_text(needed), .symbol = symbol, .symbols = needed->symbols});
    report.at(value->span, "no symbol of this enum");
    if (!declared.empty()) report.also(declared, "declared here");
    if (const auto meant = closest(symbol, needed->symbols))
      report.fix(Applicability::likely, "use `\"" + *meant + "\"`", {{value->span, "\"" + *meant + "\""}});
    else
      report.note("write one of its symbols; if records have `" + symbol + "`, add it where the enum is declared");
    return;
  }
  if (is_optional(value->type) && !is_optional(wanted) && same(value->type->element, wanted)) {
    auto report = context_.reporter.report(
        diag::OptionalValue{.expression = written, .type = type_text(value->type), .operation = type_text(wanted)});
    report.at(value->span, "may be null");
    label_declaration(report, value);
    report.note("`??` gives another value where it is null, and `where … is not null` leaves such rows out");
    return;
  }
  if (const auto* made = std::get_if<typed::MakeStruct>(&value->node); made != nullptr && is(needed, TypeKind::map)) {
    // Of a literal the first entry that does not fit is shown.
    for (size_t i = 0; i < made->fields.size(); ++i) {
      const std::string& name = value->type->fields[i].name;
      Value key;
      if (!parse_key_text(key_of(needed), name, &key)) {
        context_.reporter.report(diag::MapLiteralKey{.name = name, .type = type_text(key_of(needed))})
            .at(value->span, "has the key `" + name + "`");
        return;
      }
      if (fit(made->fields[i], value_of(needed)) == nullptr)
        return mismatch(made->fields[i], value_of(needed), declared);
    }
  }
  auto report =
      context_.reporter.report(diag::TypeMismatch{.expected = type_text(wanted), .found = type_text(value->type)});
  report.at(value->span, "this is `" + type_text(value->type) + "`");
  if (!declared.empty()) report.also(declared, "declared here");
  label_declaration(report, value);
  show_literal(report, value, needed);
}

void Expressions::show_literal(DiagnosticBuilder& report, const typed::ExpressionRef& text, const Type& wanted) const {
  const std::string unquoted = unquoted_date(context_.text(text->span));
  if (!is_text_literal(context_, text) && unquoted.empty()) return;
  if (is_number(wanted) && unquoted.empty()) {
    const std::string inner = std::get<typed::Constant>(text->node).value.text();
    if (!inner.empty() &&
        literal_value(inner, is(wanted, TypeKind::decimal) ? decimal_type(38, wanted->scale) : wanted))
      report.fix(Applicability::likely, "leave out the quotes", {{text->span, inner}});
    return;
  }
  std::string written = unquoted.empty() ? std::get<typed::Constant>(text->node).value.text() : unquoted;
  const bool instant = is(wanted, TypeKind::timestamp);
  if (is(wanted, TypeKind::duration)) {
    if (unquoted.empty() && literal_value(written, wanted))
      report.fix(Applicability::likely, "leave out the quotes", {{text->span, written}});
    return;
  }
  if (!instant && !is(wanted, TypeKind::date) && !is(wanted, TypeKind::time)) return;
  if (instant && written.size() > 10 && written[10] == ' ') written[10] = 'T';
  if (instant && written.size() == 10) written += "T00:00";
  if (instant && written.size() > 10 && written.find_first_of("Z+-", 10) == std::string::npos) written += 'Z';
  if (!literal_value("@" + written, wanted)) return;
  report.note(instant ? "an instant is written with `@`, and its zone: `@2026-01-31T12:30Z`"
                      : "it is written with `@` and without quotes");
  report.fix(Applicability::likely, "write `@" + written + "`", {{text->span, "@" + written}});
}

}  // namespace braid::checking
