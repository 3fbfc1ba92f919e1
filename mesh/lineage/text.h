// Lineage as a tree for people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mesh/lineage/graph.h"

namespace braid::mesh {

/// What lineage is asked for: a relation, or some of its fields.
struct Subject {
  typed::RelationId relation;
  std::vector<Origin> fields;  ///< empty: the whole relation
};

/// What each field is made of, hop by hop up to the sources, and what decides the rows; labels that a flow takes off.
std::string text_up(const Graph& graph, const Subject& subject);
/// What is made of the fields, hop by hop, and whose rows they decide; then every product and label that is reached.
std::string text_down(const Graph& graph, const Subject& subject);

/// " #pii #health", or "".
std::string labels_text(const lineage::Shape& shape);
/// An edge from a field to one made of it.
struct Use {
  Origin field;
  Kind kind;
};
/// Of each field, what is made of it in one hop.
std::map<Origin, std::vector<Use>> uses(const Graph& graph);
/// Everything that is made of the fields, and the relations whose rows they decide.
struct Reached {
  std::map<Origin, Kind> fields;  ///< with the strongest kind on the way
  std::map<Reading, std::set<Influence>> rows;
  std::set<std::string> labels;
};
Reached reached(const Graph& graph, const Subject& subject);

}  // namespace braid::mesh
