// Parts of Braid that are libraries of their own, opened when they are first needed.
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace braid {

/// The symbol `entry` of the library with that file name, in ../lib beside the folder of the executable or in that
/// folder. Once opened a library stays. Any thread. Fails with the reason alone: the library is missing or of another
/// build.
Result<void*> find_in_own_library(const std::string& library, const char* entry);

}  // namespace braid
