// Edits of a fix, applied to text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/report/diagnostic.h"

namespace braid {

/// `text` of the file `file` after the edits that concern it, in any order. Nothing if two edits overlap or one is
/// outside the text; two insertions at one place keep their order.
std::optional<std::string> apply_edits(std::string_view text, uint32_t file, const std::vector<Edit>& edits);

}  // namespace braid
