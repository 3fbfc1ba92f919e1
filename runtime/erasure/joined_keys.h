// Which fields of sources meet in the joins of a program: who is named by the one is named by the other. Traced through
// steps that hand a field on as it is; what is computed meets nothing. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "runtime/abi/program.h"

namespace braid {

struct SourceField {
  std::string source;  ///< domain.name
  std::string field;
  auto operator<=>(const SourceField&) const = default;
};

/// The keys of one join that are fields of sources, on both sides: one[i] meets other[i].
struct JoinedKeys {
  std::vector<SourceField> one, other;
};

std::vector<JoinedKeys> joined_keys(const Program& program);

}  // namespace braid
