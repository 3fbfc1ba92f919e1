// Lineage across projects: a project, and behind it what the registry says of the products of others. Each of them is a
// relation with one hop, from what its flow reads at its own project's borders; so the graph, its composition and its
// forms need to know nothing of other projects.
//
// What the registry has comes from other hands: a hop that is not as it must be, or that would close a circle, is left
// out. Pure; plain values.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/lineage/flow.h"

namespace braid::mesh {

/// A product or public source that the registry has.
struct FarProduct {
  std::string domain, name;
  int64_t version = 1;
  std::vector<Field> row;                             ///< as its interface has it
  std::vector<std::vector<std::string>> labels = {};  ///< of each field
  std::string document;                               ///< its lineage: json_up
  /// Versions of what it reads of other domains, by their names with the domain.
  std::map<std::string, int64_t> reads = {};
  std::string qualified() const { return domain + "." + name; }
};

struct Across {
  typed::Project project;                    ///< the relations of ours under their ids, then those of others
  std::vector<lineage::RelationFlow> flows;  ///< of each
};

/// `foreign`: which relations of the project are others' products. Those that the project declares itself are taken
/// from there, whatever the registry has of them.
Across across(const typed::Project& project, const std::vector<FarProduct>& registered,
              const std::set<typed::RelationId>& foreign);

}  // namespace braid::mesh
