// What can go wrong when a job is watched, as errors with their codes (runtime/report/watch_diagnostics.def).
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace braid::cli {

/// 7024
Error cannot_listen(const std::string& address, const std::string& reason);
/// 7025
Error no_answer(const std::string& address, const std::string& reason);
/// 7026
Error not_listening(const std::string& store);
/// 7027
Error no_store(const std::string& store);

}  // namespace braid::cli
