// The path of a request behind the service's root: which resource it names.
#pragma once

#include <functional>
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

/// Of a set whose key is a row id, of a table: the bytes of a key as a condition on each of its fields. False: they are
/// no such key.
bool key_conditions(const EntitySet& set, std::string_view bytes, std::vector<Condition>& made);
/// 404.
Wrong no_such_set(const std::string& name);

/// `parts`: of the path, decoded. 404: there is nothing there, or nothing that the reader may read.
Parsed<Resource> read_resource(const std::vector<std::string>& parts, const Model& model,
                               const std::function<bool(const EntitySet&)>& may_read);

}  // namespace braid::serve::odata
