// Contracts of the Open Data Contract Standard (Bitol), versions 3.0.0 to 3.2.0: what such a document must be. A
// document stays a tree (document.h): keys that are not known here are kept, and only named.
#pragma once

#include <cstdint>
#include <optional>

#include "mesh/standards/document.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid::mesh {

inline constexpr const char* kOdcsWritten = "v3.1.0";

/// The document in a file of `sources`. Reports and gives nothing if it is not YAML (E7300), no contract of the ODCS
/// (E7301), or not as the standard has it (E7302, E7303). Keys that the standard does not have are reported as a
/// warning (W7304).
std::optional<Node> read_odcs(const SourceSet& sources, uint32_t file, Reporter& reporter);

/// Where a node of that file stands.
inline Span span_of(const Node& node, uint32_t file) {
  return {file, node.begin, node.end};
}

/// "a list", "`12`", "nothing": for messages.
std::string shown(const Node& node);

}  // namespace braid::mesh
