#include "serve/odata/shape.h"

#include <fmt/ranges.h>

#include <set>

#include "serve/odata/datum.h"
#include "serve/odata/names.h"

namespace braid::serve::odata {
namespace {

/// Fields of a struct, one by one; the names of those that are met by another one get an underscore more.
void append_flat(const std::vector<Field>& row, std::vector<int> path, const std::string& name, const Type& type,
                 std::set<std::string>& taken, std::vector<Property>& made) {
  const Type& plain = without_optional(type);
  if (is(plain, TypeKind::structure)) {
    for (size_t i = 0; i < plain->fields.size(); ++i) {
      path.push_back(static_cast<int>(i));
      append_flat(row, path, name + "_" + odata_name(plain->fields[i].name), plain->fields[i].type, taken, made);
      path.pop_back();
    }
    return;
  }
  std::string free = name;
  while (!taken.insert(free).second) free += '_';
  made.push_back({.name = free, .path = path, .place = place_of(row, path), .as_json = kind_of(type) == Kind::list});
}

}  // namespace

int field_named(const std::vector<Field>& fields, std::string_view name) {
  for (size_t i = 0; i < fields.size(); ++i)
    if (odata_name(fields[i].name) == name) return static_cast<int>(i);
  return -1;
}

const Property* Shape::find(std::string_view name) const {
  for (const Property& property : properties)
    if (property.name == name) return &property;
  return nullptr;
}

std::optional<Resolved> Shape::resolve(const std::vector<std::string>& names) const {
  const Property* property = names.empty() ? nullptr : find(names.front());
  if (property == nullptr) return std::nullopt;
  Resolved made = *property;
  for (size_t i = 1; i < names.size(); ++i) {
    if (made.is_row_id() || made.as_json || !is(made.type(), TypeKind::structure)) return std::nullopt;
    const int field = field_named(made.type()->fields, names[i]);
    if (field < 0) return std::nullopt;
    made.path.push_back(field);
    made.place = place_of(row, made.path);
    made.name = names[i];
    made.doc.clear();
  }
  return made;
}

std::string Shape::names() const {
  std::vector<std::string> made;
  for (const Property& property : properties) made.push_back(property.name);
  return fmt::format("{}", fmt::join(made, ", "));
}

Shape shape_of(std::vector<Field> row) {
  Shape made{.row = std::move(row), .properties = {}};
  for (size_t i = 0; i < made.row.size(); ++i) {
    const std::vector<int> path{static_cast<int>(i)};
    made.properties.push_back({.name = odata_name(made.row[i].name), .path = path, .place = place_of(made.row, path)});
  }
  return made;
}

Shape flat_shape_of(std::vector<Field> row) {
  Shape made{.row = std::move(row), .properties = {}};
  std::set<std::string> taken;
  for (const Field& field : made.row)
    if (!is(without_optional(field.type), TypeKind::structure)) taken.insert(odata_name(field.name));
  for (size_t i = 0; i < made.row.size(); ++i) {
    const std::string name = odata_name(made.row[i].name);
    if (!is(without_optional(made.row[i].type), TypeKind::structure)) taken.erase(name);
    append_flat(made.row, {static_cast<int>(i)}, name, made.row[i].type, taken, made.properties);
    taken.insert(name);
  }
  return made;
}

}  // namespace braid::serve::odata
