// The state of a job beside the job that runs on it.
#pragma once

#include <memory>
#include <string>

#include "runtime/base/result.h"
#include "runtime/state/store.h"

namespace braid::cli {

/// As of its last commit; `state`: the folder `state` of a store. Files that go while it is opened are looked for
/// again.
Result<std::unique_ptr<StateStore>> open_to_read(const std::string& state);

}  // namespace braid::cli
