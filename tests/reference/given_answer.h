// What services answer where the engine is compared with the oracle: a function of the arguments, so that it does not
// matter when and how often they are asked. Some answer nothing, and some not at all.
#pragma once

#include <string>
#include <vector>

#include "runtime/data/value.h"

namespace braid::reference {

struct GivenAnswer {
  enum class Kind { found, nothing, failed } kind = Kind::nothing;
  Value value = {Null{}};  ///< found: the struct
};

/// `result`: fields of ints, texts, bools, decimals, floats and optional ones of these.
GivenAnswer given_answer(const std::vector<Field>& result, const std::vector<std::string>& arguments);

}  // namespace braid::reference
