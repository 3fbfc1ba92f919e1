// The contract of a product as a document of the ODCS, version 3.1.0. Pure functions; one interface gives one text.
#pragma once

#include <map>
#include <string>

#include "mesh/contract/interface.h"
#include "mesh/standards/document.h"

namespace braid::mesh {

/// What stands around the products of a project.
struct Surroundings {
  std::string tenant;                          ///< empty: it is not named, and URNs have `local`
  std::map<std::string, std::string> brokers;  ///< by environment: "host:port,host:port"
  std::map<std::string, Node> examples = {};   ///< of the product, by field: a list of values
};

/// Of each field with a value that is a text, a number or a truth value: those that the rows have, each once, in their
/// order. `rows`: JSON, a line each.
std::map<std::string, Node> examples_of(const Interface& interface, std::string_view rows);

/// `urn:braid:{tenant}:{domain}:{product}:{major}`: the id of its contract, the same for all minors of a major.
std::string contract_id(const Interface& interface, const Surroundings& around);
/// "2.0.0": the minors of a major are counted by whoever keeps the contracts.
std::string contract_version(const Interface& interface);
/// Where its rows are to be had: a topic, a path, or "domain.name.v2".
std::string physical_name(const Interface& interface);
/// "draft", "active", or "deprecated".
std::string status_word(const Interface& interface);

Node odcs_of(const Interface& interface, const Surroundings& around);

/// The text of a length of time in the standard's units: {5, "m"}.
struct AmountAndUnit {
  std::string amount, unit;
};
AmountAndUnit amount_and_unit(int64_t us);

}  // namespace braid::mesh
