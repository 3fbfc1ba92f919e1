// The path of a request behind the service's root: which resource it names.
#pragma once

#include <string>
#include <vector>

#include "serve/odata/model.h"
#include "serve/odata/parser.h"
#include "serve/read/read_plan.h"

namespace braid::serve::odata {

struct Resource {
  enum class Kind : uint8_t { service, metadata, collection, count, entity, property, property_value, property_count };
  Kind kind = Kind::service;
  const EntitySet* set = nullptr;
  std::vector<Condition> key = {};     ///< entity and behind: of each part of the product's key
  std::string row_id = {};             ///< of sets without such a key: bytes
  std::vector<std::string> path = {};  ///< property
  Resolved property = {};
  /// As it was asked for, for contexts: `shop_order_v1(7)`.
  std::string entity = {};
};

/// `parts`: of the path, decoded. 404: there is nothing there.
Parsed<Resource> read_resource(const std::vector<std::string>& parts, const Model& model);

}  // namespace braid::serve::odata
