// Types of the language in the words of the ODCS, and back. Pure functions.
#pragma once

#include <string>

#include "mesh/standards/document.h"
#include "runtime/data/type.h"

namespace braid::mesh {

/// Adds logicalType, logicalTypeOptions, physicalType (the type as a script writes it), `properties` or `items` and
/// `required` to a property, or to the items of one.
void put_type(Node& property, const Type& type);

/// A name that the standard takes for an `id`: letters, digits, `_` and `-`.
std::string stable_id(std::string_view name);

/// The type of a property as a script writes it, without `?` of the property itself.
struct ScriptType {
  std::string text;     ///< empty: there is none
  std::string why_not;  ///< the reason then
  std::string remark;   ///< what the reader should know
};
/// `physicalType` decides where it is the text of a type here that fits the logical type, or names a size; else the
/// logical type and its options do. Lines of structs are indented by `indent` more than the field.
ScriptType script_type(const Node& property, const std::string& indent);

}  // namespace braid::mesh
