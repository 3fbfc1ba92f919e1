// Paths and queries of requests as their parts. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::serve {

/// `%2F` and the like as bytes; with `plus_is_space` also `+`. None: a `%` that two hexadecimal digits do not follow,
/// or bytes that are no UTF-8.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space = false);
/// Letters, digits and `-._~` stay.
std::string percent_encoded(std::string_view bytes);

/// The parts between the slashes, decoded; the path begins with one. None: it cannot be decoded, or has an empty part.
std::optional<std::vector<std::string>> path_parts(std::string_view path);

/// `a=1&b=` in order; a name without `=` has an empty value. None: it cannot be decoded.
std::optional<std::vector<std::pair<std::string, std::string>>> query_parts(std::string_view query);

/// Bytes as text for URLs and back: base64 with `-` and `_`, without `=`.
std::string base64_url(std::string_view bytes);
std::optional<std::string> base64_url_decoded(std::string_view text);

}  // namespace braid::serve
