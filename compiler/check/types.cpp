#include "compiler/check/types.h"

#include "compiler/check/closest.h"
#include "compiler/check/type_findings.h"
#include "runtime/base/overloaded.h"
#include "runtime/declare/foreign_type.h"

namespace braid::checking {
namespace {

constexpr int kDigits = 38;

Type standard_type(const std::string& name) {
  if (name == "bool") return bool_type();
  if (name == "int") return int_type();
  if (name == "float") return float_type();
  if (name == "decimal") return decimal_type(0, 0);
  if (name == "string") return string_type();
  if (name == "bytes") return bytes_type();
  if (name == "uuid") return uuid_type();
  if (name == "date") return date_type();
  if (name == "time") return time_type();
  if (name == "timestamp") return timestamp_type();
  if (name == "duration") return duration_type();
  if (name == "json") return json_type();
  return nullptr;
}

/// What a body of any type is checked with (generics.cpp): a struct whose field no script can name.
bool is_any_type(const Type& type) {
  return is(type, TypeKind::structure) && type->fields.size() == 1 && type->fields[0].name.starts_with("any ");
}

/// Types of other languages, types of Braid in capitals, and slips of the pen.
void report_unknown(Context& context, const Place& place, const ast::Path& path, TypePlace where) {
  const ast::Name& last = path.parts.back();
  auto report = context.reporter.report(diag::UnknownType{.name = path_text(path)});
  std::vector<std::string> names = context.declarations.names(place, NameKind::type);
  if (path.parts.size() == 1) {
    const ForeignType* known = find_foreign_type(last.text);
    std::string meant(braid_type_name(last.text));
    if (known != nullptr) {
      report.at(path.span, "a type of " + std::string(known->languages));
      if (!known->note.empty()) report.note(std::string(known->note));
    } else {
      report.at(path.span, meant.empty() ? "no such type" : "names of types are in lower case");
    }
    const bool digits = meant == "decimal" && where != TypePlace::parameter;
    if (digits) meant = "decimal(18,2)";
    if (!meant.empty())
      report.fix(digits                                    ? Applicability::sketch
                 : known != nullptr && known->note.empty() ? Applicability::certain
                                                           : Applicability::likely,
                 "use `" + meant + "`", {{last.span, meant}});
    if (known != nullptr || !meant.empty()) return;
  } else {
    report.at(path.span, "no such type");
  }
  for (const std::string_view name : type_names()) names.emplace_back(name);
  if (const auto meant = closest(last.text, names))
    report.fix(Applicability::likely, "use `" + *meant + "`", {{last.span, *meant}});
}

Type named_type(Context& context, const Place& place, const ast::Path& path, TypePlace where) {
  const ast::Name& last = path.parts.back();
  if (path.parts.size() == 1) {
    if (place.variables != nullptr)
      if (const auto known = place.variables->find(last.text); known != place.variables->end()) return known->second;
    if (Type found = standard_type(last.text)) {
      if (!is_bare_decimal(found) || where == TypePlace::parameter) return found;
      context.reporter.report(diag::BareDecimal{})
          .at(path.span, "how many digits, and how many after the point?")
          .fix(Applicability::sketch, "say its digits", {{path.span, "decimal(18,2)"}});
      return error_type();
    }
  }
  Declarations::Found found;
  if (path.parts.size() == 1) {
    found = context.declarations.find(place, NameKind::type, last.text);
  } else {
    ast::Path prefix = path;
    prefix.parts.pop_back();
    if (const Domain* domain = context.declarations.find_domain(path_text(prefix))) {
      const auto type = domain->types.find(last.text);
      if (type != domain->types.end()) found.declaration = type->second;
      if (found.declaration != nullptr && domain != place.domain && !found.declaration->item->is_public) {
        context.reporter.report(diag::NotPublic{.name = last.text, .domain_name = domain->name})
            .at(path.span, "not to be seen from outside its domain")
            .also(found.declaration->name.span, "declared here without `public`");
        return error_type();
      }
    }
  }
  if (found.silent) return error_type();
  if (found.declaration == nullptr) {
    report_unknown(context, place, path, where);
    return error_type();
  }
  const Declaration& alias = *found.declaration;
  context.declarations.note(alias);
  if (const auto known = context.aliases.find(&alias); known != context.aliases.end()) return known->second;
  if (!context.aliases_working.insert(&alias).second) {
    context.reporter.report(diag::CyclicType{.name = alias.name.text})
        .at(alias.name.span, "defined by itself")
        .also(path.span, "used in its own definition here")
        .note("rows have a fixed depth; a list of keys can refer to other rows");
    return error_type();
  }
  Type made = error_type();
  if (const auto* node = std::get_if<ast::TypeAlias>(&alias.item->node); node != nullptr && node->type != nullptr)
    made = resolve_type(context, place_of(alias), *node->type, TypePlace::field);
  context.aliases_working.erase(&alias);
  context.aliases[&alias] = made;
  return made;
}

Type plain_type(Context& context, const Place& place, const ast::Type& type, TypePlace where) {
  return std::visit(
      Overloaded{
          [&](const ast::NamedType& named) -> Type {
            return named.path.parts.empty() ? error_type() : named_type(context, place, named.path, where);
          },
          [&](const ast::DecimalType& decimal) -> Type {
            const int64_t precision = decimal.precision.value, scale = decimal.scale.value;
            if (decimal.precision.too_large || decimal.scale.too_large) return error_type();
            if (precision >= 1 && precision <= kDigits && scale <= precision)
              return decimal_type(static_cast<int>(precision), static_cast<int>(scale));
            context.reporter.report(diag::DecimalShape{.precision = precision, .scale = scale})
                .at(type.span, "1 to 38 digits, some of them after the point");
            return error_type();
          },
          [&](const ast::EnumType& node) -> Type {
            if (node.broken) return error_type();
            std::vector<std::string> symbols;
            for (const ast::Name& symbol : node.symbols) {
              if (std::find(symbols.begin(), symbols.end(), symbol.text) != symbols.end())
                context.reporter.report(diag::DuplicateField{.field = symbol.text})
                    .at(symbol.span, "this symbol occurs twice");
              symbols.push_back(symbol.text);
            }
            return enum_type(std::move(symbols));
          },
          [&](const ast::ListType& list) -> Type {
            const Type element = list.element ? resolve_type(context, place, *list.element, where) : error_type();
            return is_error(element) ? element : list_type(element);
          },
          [&](const ast::MapType& map) -> Type {
            const Type key = map.key ? resolve_type(context, place, *map.key, where) : error_type();
            const Type value = map.value ? resolve_type(context, place, *map.value, where) : error_type();
            if (is_error(key) || is_error(value)) return error_type();
            // The sample of a type parameter: what a call gives is looked at there.
            if (is_map_key(key) || is_any_type(key)) return map_type(key, value);
            auto report = context.reporter.report(diag::MapKeyType{.type = type_text(key)});
            report.at(map.key->span, "has no text, or several")
                .note("keys are texts, symbols, whole numbers, decimals, UUIDs, dates, times and `bool`");
            return error_type();
          },
          [&](const ast::FunctionType&) -> Type {
            context.reporter.report(diag::FunctionIsNoValue{})
                .at(type.span, "has no bytes that a state or a file could hold")
                .note("a parameter of a `function` may be one: it is known where the call is written");
            return error_type();
          },
          [&](const ast::StructType& node) -> Type {
            if (node.fields.broken) {
              resolve_fields(context, place, node.fields, where);
              return error_type();
            }
            return struct_type(resolve_fields(context, place, node.fields, where));
          },
          [&](const ast::ErrorType&) -> Type { return error_type(); },
      },
      type.node);
}

}  // namespace

Type resolve_type(Context& context, const Place& place, const ast::Type& type, TypePlace where) {
  const Type plain = plain_type(context, place, type, where);
  return type.optional && !is_error(plain) ? optional_type(plain) : plain;
}

std::vector<Field> resolve_fields(Context& context, const Place& place, const ast::Fields& fields, TypePlace where) {
  std::vector<Field> made;
  std::vector<const ast::Field*> seen;
  for (const ast::Field& field : fields.list) {
    const Type type = field.type ? resolve_type(context, place, *field.type, where) : error_type();
    if (const int before = find_field(made, field.name.text); before >= 0) {
      const ast::Field& first = *seen[static_cast<size_t>(before)];
      context.reporter.report(diag::DuplicateField{.field = field.name.text})
          .at(field.name.span, "named again")
          .also(first.type ? cover(first.name.span, first.type->span) : first.name.span, "first named here");
      continue;
    }
    made.push_back({field.name.text, type});
    seen.push_back(&field);
  }
  return made;
}

bool holds_error(const Type& type) {
  if (type == nullptr || is_error(type)) return true;
  if (type->element != nullptr && holds_error(type->element)) return true;
  return std::any_of(type->fields.begin(), type->fields.end(),
                     [](const Field& field) { return holds_error(field.type); });
}

bool holds_null(const Type& type) {
  if (is(type, TypeKind::null)) return true;
  if (type->element != nullptr && holds_null(type->element)) return true;
  return std::any_of(type->fields.begin(), type->fields.end(),
                     [](const Field& field) { return holds_null(field.type); });
}

bool is_number(const Type& type) {
  return is(type, TypeKind::integer) || is(type, TypeKind::floating) || is(type, TypeKind::decimal);
}

Type as_decimal(const Type& number) {
  return is(number, TypeKind::integer) ? decimal_type(19, 0) : number;
}

Type common_decimal(const Type& a, const Type& b) {
  const Type x = as_decimal(a), y = as_decimal(b);
  const int scale = std::max(x->scale, y->scale);
  const int whole = std::max(x->precision - x->scale, y->precision - y->scale);
  return decimal_type(std::clamp(whole + scale, 1, kDigits), scale);
}

Type sum_type(const Type& a, const Type& b) {
  const Type x = as_decimal(a), y = as_decimal(b);
  const int scale = std::max(x->scale, y->scale);
  const int whole = std::max(x->precision - x->scale, y->precision - y->scale) + 1;
  return decimal_type(std::min(whole + scale, kDigits), scale);
}

Type product_type(const Type& a, const Type& b) {
  const Type x = as_decimal(a), y = as_decimal(b);
  const int scale = x->scale + y->scale;
  if (scale > kDigits) return nullptr;
  return decimal_type(std::min(x->precision + y->precision, kDigits), scale);
}

Type quotient_type(const Type& a, const Type& b) {
  const Type x = as_decimal(a), y = as_decimal(b);
  const int scale = quotient_scale(x);
  // A divisor can be as small as its last digit.
  const int whole = x->precision - x->scale + y->scale;
  return decimal_type(std::clamp(whole + scale, 1, kDigits), scale);
}

Type remainder_type(const Type& a, const Type& b) {
  const Type x = as_decimal(a), y = as_decimal(b);
  const int scale = std::max(x->scale, y->scale);
  const int whole = std::min(x->precision - x->scale, y->precision - y->scale);
  return decimal_type(std::clamp(whole + scale, 1, kDigits), scale);
}

bool is_comparable(const Type& type) {
  return !is(type, TypeKind::null) && !is(type, TypeKind::checked);
}

std::string type_text(const Type& type) {
  if (is_bare_decimal(type)) return "decimal";
  if (is(type, TypeKind::null)) return "null";
  if (is(type, TypeKind::optional)) return type_text(type->element) + "?";
  return to_string(type);
}

}  // namespace braid::checking
