// Texts of users, cut to fit a message. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace braid {

/// At most the first `most` bytes; no character of UTF-8 is cut in two.
std::string_view beginning_of(std::string_view text, size_t most);
/// The same, with `…` behind it if something was cut.
std::string shortened(std::string_view text, size_t most);

}  // namespace braid
