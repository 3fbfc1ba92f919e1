// A data product as a document of the Open Data Product Standard (Bitol), version 1.0.0: what it reads, what it gives,
// and where it is watched. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "mesh/contract/interface.h"
#include "mesh/standards/document.h"
#include "mesh/standards/odcs_write.h"

namespace braid::mesh {

struct OutputPort {
  Interface interface;
  std::vector<Interface> inputs;  ///< what it is made of
  Node schema = {};               ///< JSON Schema of its rows, for forms that carry one; null: not told
};

struct ProductGraph {
  std::string id, name, version, domain, description, owner;
  LifeState state = LifeState::active;  ///< of the versions together
  std::vector<OutputPort> outputs;
  std::string address;  ///< "host:port" at which its job answers; empty: it does not
};

/// Of one product in all its versions; `outputs` has one at least.
ProductGraph graph_of_product(std::vector<OutputPort> outputs, const Surroundings& around);
/// Of all products of a domain; what one of them gives another is no input.
ProductGraph graph_of_domain(const std::string& domain, const std::string& owner, const std::string& description,
                             std::vector<OutputPort> outputs, const Surroundings& around);

Node odps_of(const ProductGraph& graph, const Surroundings& around);

}  // namespace braid::mesh
