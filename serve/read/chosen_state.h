// Which state of the views a read is of: the one of now, once it has reached an epoch, or the one of a token. And why
// there is none, which all ways in say in the same words. Pure functions of the host; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/view/view_host.h"

namespace braid::serve {

struct NoState {
  enum class Is : uint8_t {
    not_ready,  ///< the job has not begun, or has ended
    to_come,    ///< the epoch has not been committed yet
    gone        ///< the state of the token is not kept any more
  };
  Is is = Is::not_ready;
  std::string message;  ///< a sentence
};
using ChosenState = Result<std::shared_ptr<const ViewsState>, NoState>;

/// The state of now. `min_epoch`: that it has to have reached.
ChosenState newest_state(const ViewHost& host, std::optional<uint64_t> min_epoch = {});
/// The state of that epoch. `token`: the name under which the token came, such as `after`.
ChosenState kept_state(const ViewHost& host, uint64_t epoch, const std::string& token);

}  // namespace braid::serve
