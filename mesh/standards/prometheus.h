// The promises of products as a file of Prometheus rules: who watches the metrics of their jobs is told when a promise
// is at risk, breached or not watched, and how much of a month's budget of rows is left. Pure functions.
#pragma once

#include "mesh/standards/odps.h"

namespace braid::mesh {

/// A group for each version of each product that promises something that a job watches; its metrics are those of
/// docs/operations/metrics.md.
Node prometheus_rules_of(const ProductGraph& graph, const Surroundings& around);

}  // namespace braid::mesh
