// Lineage as plain JSON: { "up": … } or { "down": … }, for scripts.
#pragma once

#include <string>

#include "mesh/lineage/text.h"

namespace braid::mesh {

/// { relation, kind, version, fields: [{ name, type, labels, from: [{ relation, field, kind }], conditions: […] }],
///   rows: [{ relation, field, kind }], declassified: [{ label, because }] }. `from` is up at the sources, `direct` one
/// hop.
std::string json_up(const Graph& graph, const Subject& subject);
/// { relation, kind, fields: [names], reaches: [{ relation, field, kind, labels }], rows: [{ relation, kinds }],
///   products: [{ name, version }], labels: [names] }
std::string json_down(const Graph& graph, const Subject& subject);

}  // namespace braid::mesh
