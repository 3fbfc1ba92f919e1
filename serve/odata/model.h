// The products of a job as OData has them: an entity set, with its type, for each.
//
// A product whose key has values that OData allows in keys has that key; of all others, streams among them, `_row` says
// which row it is. Immutable; threads may share it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serve/odata/shape.h"
#include "serve/rest/api.h"

namespace braid::serve::odata {

inline constexpr std::string_view kNamespace = "Braid";

struct EntitySet {
  std::string name;  ///< of its type, too
  size_t view = 0;   ///< place of the product in the host's views
  const ApiProduct* product = nullptr;
  Shape shape;
  /// A key without a row id: the properties, or parts of them, in the order of the product's key.
  struct KeyPart {
    std::string alias;  ///< in addresses: `customer`, `window_start`
    std::string path;   ///< `customer`, `window/start`
    Resolved field;
  };
  std::vector<KeyPart> key = {};
  bool has_row_id() const { return key.empty(); }
  std::string row_id_name = {};
};

class Model {
 public:
  /// `products` outlive this. `flat`: structs are taken apart, and lists are texts, for programs that know tables only.
  Model(const std::vector<ApiProduct>& products, bool flat);

  const std::vector<EntitySet>& sets() const { return sets_; }
  const EntitySet* find(std::string_view name) const;
  bool is_flat() const { return flat_; }

 private:
  std::vector<EntitySet> sets_;
  bool flat_;
};

/// Types of properties as CSDL names them. `owner`: the entity set in whose type a struct or an enum stands, and the
/// path to it, as `shop_order_v1` and `address`.
struct TypeName {
  std::string name;  ///< without `Collection()`: "Edm.Int64", "Braid.shop_order_v1_address"
  bool collection = false;
  bool null_elements = false;
};
TypeName type_name(const Type& type, const std::string& owner, const std::string& path);
/// Of elements that are lists or maps: they are texts.
bool is_json_element(const Type& element);

/// CSDL as XML, and as JSON, of these sets of a model.
std::string xml_of(const std::vector<const EntitySet*>& sets);
std::string json_of(const std::vector<const EntitySet*>& sets);

}  // namespace braid::serve::odata
