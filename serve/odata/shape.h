// Rows as OData sees them: the properties of an entity, or of what $apply makes. Their names in expressions resolve
// here.
//
// Plain values; threads may share them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/view/view_layout.h"

namespace braid::serve::odata {

struct Property {
  std::string name;
  std::vector<int> path = {};  ///< into the row; empty: it says which stored row it is
  FieldPlace place = {};
  std::string doc = {};
  bool as_json = false;  ///< a text, in which a value of another shape stands as JSON

  bool is_row_id() const { return path.empty(); }
  /// Without the optional around it.
  const Type& type() const { return without_optional(place.own); }
  bool nullable() const { return !is_row_id() && is_optional(place.type); }
};

/// A property, or a part of one by a path like `window/start`.
using Resolved = Property;

struct Shape {
  std::vector<Field> row;
  std::vector<Property> properties;

  const Property* find(std::string_view name) const;
  /// `names`: of a property and of fields in it. None: there is no such one.
  std::optional<Resolved> resolve(const std::vector<std::string>& names) const;
  /// `id, city, amount`.
  std::string names() const;
};

/// Each field of the row is a property.
Shape shape_of(std::vector<Field> row);
/// Structs taken apart, `window_start`; lists, maps and json are texts.
Shape flat_shape_of(std::vector<Field> row);

/// The field of a struct by its name in OData; below 0: there is none.
int field_named(const std::vector<Field>& fields, std::string_view name);

}  // namespace braid::serve::odata
