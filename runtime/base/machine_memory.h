// How much memory there is for this process: that of the machine, or less if the process is in a container (a control
// group, version 1 or 2, with a limit). Read through an Fs from /proc and /sys.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/fs.h"

namespace braid {

/// In bytes; none if nothing says.
std::optional<int64_t> machine_memory(Fs& fs);

}  // namespace braid
