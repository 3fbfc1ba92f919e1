// Which views a job keeps of its products, by [env.NAME.serve] of braid.toml, and what the server says of them.
#pragma once

#include <vector>

#include "cli/project/project.h"
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

/// `all`: also of products that the environment does not name. What is wrong is reported.
BoundViews bind_views(const Program& program, const typed::Project& project, const Environment& environment, bool all,
                      Reporter& reporter);

}  // namespace braid::cli
