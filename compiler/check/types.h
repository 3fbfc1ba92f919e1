// Resolves written types; computes the digits of decimals. The rules are in docs/language, "Numbers".
#pragma once

#include "compiler/check/context.h"

namespace braid::checking {

/// Where a type stands decides what a bare `decimal` means: in parameters, results and params "as the call has it"
/// (precision 0), in fields it is a mistake.
enum class TypePlace { field, parameter };
Type resolve_type(Context& context, const Place& place, const ast::Type& type, TypePlace where);
/// The fields of a declared struct; reports duplicate names.
std::vector<Field> resolve_fields(Context& context, const Place& place, const ast::Fields& fields, TypePlace where);

inline bool is_error(const Type& type) {
  return is(type, TypeKind::error);
}
/// Whether any part of it is an error.
bool holds_error(const Type& type);
/// A null or an empty list whose type is unknown.
bool holds_null(const Type& type);
bool is_number(const Type& type);
inline bool is_bare_decimal(const Type& type) {
  return is(type, TypeKind::decimal) && type->precision == 0;
}
/// int and decimal as the decimal that arithmetic works on.
Type as_decimal(const Type& number);
/// Holds all values of both, capped at 38 digits.
Type common_decimal(const Type& a, const Type& b);
Type sum_type(const Type& a, const Type& b);
/// Null if the scale exceeds 38.
Type product_type(const Type& a, const Type& b);
/// Keeps the digits before the point of `a`: see quotient_scale.
Type quotient_type(const Type& a, const Type& b);
Type remainder_type(const Type& a, const Type& b);
/// Whether a value may be a key or be compared with `==`.
bool is_comparable(const Type& type);
/// "decimal" for a bare one, else as a script spells it.
std::string type_text(const Type& type);

}  // namespace braid::checking
