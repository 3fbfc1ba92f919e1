#include "compiler/check/closest.h"

namespace braid::checking {

std::optional<std::string> closest(std::string_view written, const std::vector<Candidate>& candidates) {
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates)
    if (candidate.fits) names.push_back(candidate.name);
  return braid::closest(written, names);
}

}  // namespace braid::checking
