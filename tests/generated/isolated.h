// Work that may end its process or never end: done in a child, so that the caller goes on and can say what it was.
#pragma once

#include <functional>
#include <string>

namespace braid::generated {

/// What `work` gave; of a child that ended by a signal, or was still at work after so many seconds, a text that says
/// so. What the child writes to standard error stays there.
std::string isolated(const std::function<std::string()>& work, int seconds);
inline constexpr const char* kEnded = "ended by ";

}  // namespace braid::generated
