// Which name was probably meant: the closest candidate, or nothing. A wrong guess is worse than none.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// Insertions, deletions, replacements and swaps of neighbours that lead from one to the other (each letter moved at
/// most once). Letters that differ only in case cost nothing.
size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate closest to `name` among those for which `fits` returns true (the caller checks scope and type), if it
/// is close enough. Of equally close ones the first by spelling, so that the result does not depend on their order.
std::optional<std::string> closest(std::string_view name, const std::vector<std::string>& candidates,
                                   const std::function<bool(const std::string&)>& fits = {});

}  // namespace braid
