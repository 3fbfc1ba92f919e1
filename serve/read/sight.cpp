#include "serve/read/sight.h"

#include <algorithm>

namespace braid::serve {

bool is_masked(const Sight& sight, const std::vector<int>& path) {
  if (sight.rows == nullptr) return false;
  return std::ranges::any_of(sight.rows->masked(), [&](const std::vector<int>& masked) {
    const size_t both = std::min(masked.size(), path.size());
    return std::equal(masked.begin(), masked.begin() + static_cast<ptrdiff_t>(both), path.begin());
  });
}

}  // namespace braid::serve
