#include "serve/read/chosen_state.h"

namespace braid::serve {

ChosenState newest_state(const ViewHost& host, std::optional<uint64_t> min_epoch) {
  std::shared_ptr<const ViewsState> state = host.now();
  if (!state) return NoState{NoState::Is::not_ready, "the job has not begun, or has ended"};
  if (min_epoch && state->at.epoch < *min_epoch)
    return NoState{NoState::Is::to_come, fmt::format("epoch {} is the last one that is committed, and {} is asked for",
                                                     state->at.epoch, *min_epoch)};
  return state;
}

ChosenState kept_state(const ViewHost& host, uint64_t epoch, const std::string& token) {
  std::shared_ptr<const ViewsState> state = host.at_epoch(epoch);
  if (!state)
    return NoState{NoState::Is::gone,
                   fmt::format("epoch {} is not kept any more; begin again without `{}`", epoch, token)};
  return state;
}

}  // namespace braid::serve
