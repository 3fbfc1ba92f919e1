// What the life of a product means for those who publish and run it: drafts that products stand on, and versions whose
// end has passed. Pure functions of the checked project.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/typed/project.h"

namespace braid::cli {

/// A product that is no draft and is made of a draft of another domain.
struct StandsOn {
  std::string product;  ///< "kpi.turnover version 1"
  std::string draft;
  Span at;  ///< of the product
};
std::vector<StandsOn> stands_on_drafts(const typed::Project& project);

/// Of a version: when it ends.
struct ProductEnd {
  std::string product;  ///< "payments.booking version 1"
  std::string until;    ///< as written
  int64_t at_us = 0;    ///< from then on it is not made
  Span at;              ///< of the product
};
/// Of those that end, in their order.
std::vector<ProductEnd> ends_of(const typed::Project& project, const std::vector<typed::RelationId>& products);
/// Takes those out of `products` whose end is not after `now_us`; they are returned.
std::vector<ProductEnd> leave_out_ended(const typed::Project& project, std::vector<typed::RelationId>& products,
                                        int64_t now_us);

}  // namespace braid::cli
