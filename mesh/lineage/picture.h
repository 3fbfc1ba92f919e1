// What a picture of lineage shows, and how it is written: DOT, for Graphviz, and SVG. The layout of the SVG is ours: a
// column for each step away from the sources, in it a box for each relation with a line for each field, and curves from
// field to field. Graphviz would have to be installed wherever a page is made; this needs nothing.
#pragma once

#include <string>

#include "mesh/lineage/text.h"

namespace braid::mesh {

struct Picture {
  struct Box {
    Reading reading;
    std::vector<Origin> fields;  ///< those that edges touch, in their order
    int column = 0;              ///< 0: reads nothing that is shown
  };
  struct Edge {
    Origin from, to;
    Kind kind;
  };
  std::vector<Box> boxes;  ///< by column
  std::vector<Edge> edges;
};

/// Everything that the fields are made of (`up`), or that is made of them.
Picture picture(const Graph& graph, const Subject& subject, bool up);
std::string dot(const Graph& graph, const Picture& picture);
std::string svg(const Graph& graph, const Picture& picture);

}  // namespace braid::mesh
