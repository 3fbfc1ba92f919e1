// The known name that was probably meant, where only some names have the type that the place needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/report/suggest.h"

namespace braid::checking {

using braid::closest;

struct Candidate {
  std::string name;
  bool fits = true;  ///< has the type that its place needs
};

/// Among those that fit only.
std::optional<std::string> closest(std::string_view written, const std::vector<Candidate>& candidates);

}  // namespace braid::checking
