// A contract of the ODCS as declarations of a script: for each schema object a stream or table, and, where the contract
// has rules, a product that keeps them. What has no place in a script is named in comments and reported as a warning.
#pragma once

#include <optional>
#include <string>

#include "mesh/standards/document.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid::mesh {

struct ImportOptions {
  std::string object;  ///< name of the only schema object to read; empty: all
  std::string name;    ///< of the declaration; empty: that of the object
  std::string form;    ///< "stream", "table"; empty: by what the contract says
};

/// `contract` was read from that file by read_odcs. Reports and gives nothing if there is nothing to declare (E7305,
/// E7309).
std::optional<std::string> script_of_contract(const Node& contract, const SourceSet& sources, uint32_t file,
                                              const ImportOptions& options, Reporter& reporter);

}  // namespace braid::mesh
