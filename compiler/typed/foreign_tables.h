// What stands for a table of another project in a script of ours (mesh/registry/interface_script.h).
#pragma once

#include <string_view>

namespace braid::typed {

/// The last field of such a table, a bool: whether the record ends its key. No script of users can write it without
/// backticks, and readers of the table do not have it.
inline constexpr std::string_view kEndsKey = "?ends";

}  // namespace braid::typed
