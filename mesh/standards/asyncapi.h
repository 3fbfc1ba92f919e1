// The products of a graph as a document of AsyncAPI 3.0.0, with Kafka bindings 0.5.0: a channel for each place that
// rows are written to or read from, `send` for what the products give and `receive` for what they read. Pure functions.
#pragma once

#include "mesh/standards/odps.h"

namespace braid::mesh {

Node asyncapi_of(const ProductGraph& graph, const Surroundings& around);

}  // namespace braid::mesh
