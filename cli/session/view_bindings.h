// Which views a job keeps of its products, by [env.NAME.serve] of braid.toml, and what the server says of them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cli/project/project.h"
#include "cli/session/foreign_products.h"
#include "compiler/typed/project.h"
#include "runtime/report/diagnostic.h"
#include "runtime/view/view_layout.h"
#include "serve/rest/api.h"

namespace braid::cli {

struct BoundViews {
  std::vector<ViewSpec> specs;                         ///< in the order of the program's products
  std::vector<serve::ApiProduct> products;             ///< of each spec
  std::vector<const typed::Relation*> relations = {};  ///< of each product; they belong to the project
};

/// `all`: also of products that the environment does not name. What is wrong is reported. `foreign`: what the scripts
/// use, of which `braid serve` keeps views (topic_views.h).
BoundViews bind_views(const Program& program, const typed::Project& project, const Environment& environment, bool all,
                      Reporter& reporter, const ForeignProducts* foreign = nullptr);

/// The view of a product of another project.
struct ForeignView {
  ProductSpec product;  ///< as its readers know it
  ViewSpec spec = {};
  serve::ApiProduct served = {};
  bool has_time = false;
};
/// `readable`: the fields that the project may read. What is wrong is reported.
ForeignView bind_foreign_view(const mesh::Interface& interface, const ServeConfig& config,
                              const std::set<std::string>& readable, Reporter& reporter);

}  // namespace braid::cli
