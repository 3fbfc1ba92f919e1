#include "serve/odata/model.h"

#include "runtime/declare/path_template.h"
#include "serve/odata/datum.h"
#include "serve/odata/names.h"

namespace braid::serve::odata {
namespace {

/// What OData allows in a key.
bool fits_key(const Type& type) {
  if (is_optional(type)) return false;
  switch (kind_of(type)) {
    case Kind::null:
    case Kind::floating:
    case Kind::bytes:
    case Kind::structure:
    case Kind::list:
      return false;
    case Kind::text:
      return is(type, TypeKind::string);
    default:
      return true;
  }
}

std::vector<EntitySet::KeyPart> key_of(const ApiProduct& product, const Shape& shape) {
  std::vector<EntitySet::KeyPart> made;
  if (!product.keyed) return made;
  for (const std::string& written : product.key) {
    const std::vector<int> path = path_in_row(product.row, written);
    if (path.empty()) return {};
    EntitySet::KeyPart part;
    const std::vector<Field>* fields = &product.row;
    for (const int place : path) {
      const Field& field = fields->at(static_cast<size_t>(place));
      const std::string name = odata_name(field.name);
      part.alias += (part.alias.empty() ? "" : "_") + name;
      part.path += (part.path.empty() ? "" : "/") + name;
      if (is(without_optional(field.type), TypeKind::structure)) fields = &without_optional(field.type)->fields;
    }
    part.field = {.name = part.alias, .path = path, .place = place_of(product.row, path)};
    if (!fits_key(part.field.place.type)) return {};
    // Flat, the property has a name of its own.
    for (const Property& property : shape.properties)
      if (property.path == path) part.alias = part.path = property.name;
    made.push_back(std::move(part));
  }
  return made;
}

}  // namespace

Model::Model(const std::vector<ApiProduct>& products, bool flat) : flat_(flat) {
  for (size_t i = 0; i < products.size(); ++i) {
    const ApiProduct& product = products[i];
    EntitySet set{.name = set_name(product.domain, product.name, product.version),
                  .view = i,
                  .product = &product,
                  .shape = flat ? flat_shape_of(product.row) : shape_of(product.row)};
    while (find(set.name) != nullptr) set.name += '_';
    for (Property& property : set.shape.properties)
      if (property.path.size() == 1 && static_cast<size_t>(property.path[0]) < product.field_docs.size())
        property.doc = product.field_docs[static_cast<size_t>(property.path[0])];
    set.key = key_of(product, set.shape);
    if (set.has_row_id()) {
      set.row_id_name = "_row";
      while (set.shape.find(set.row_id_name) != nullptr) set.row_id_name += '_';
      set.shape.properties.insert(set.shape.properties.begin(), {.name = set.row_id_name, .doc = "Which row it is."});
    }
    sets_.push_back(std::move(set));
  }
}

const EntitySet* Model::find(std::string_view name) const {
  for (const EntitySet& set : sets_)
    if (set.name == name) return &set;
  return nullptr;
}

bool is_json_element(const Type& element) {
  return kind_of(element) == Kind::list;
}

TypeName type_name(const Type& type, const std::string& owner, const std::string& path) {
  const Type& plain = without_optional(type);
  const Kind kind = kind_of(plain);
  if (kind == Kind::list) {
    const Type& element = plain->element;
    TypeName made = is_json_element(element) ? TypeName{.name = "Edm.String"} : type_name(element, owner, path);
    made.collection = true;
    made.null_elements = is_optional(element);
    return made;
  }
  if (kind == Kind::structure || kind == Kind::enumeration)
    return {.name = fmt::format("{}.{}_{}", kNamespace, owner, path)};
  return {.name = edm_name(kind)};
}

}  // namespace braid::serve::odata
