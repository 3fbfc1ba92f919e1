#include "cli/commands/read_store.h"

#include "runtime/base/clock.h"
#include "runtime/state/rocks_store.h"

namespace braid::cli {

Result<std::unique_ptr<StateStore>> open_to_read(const std::string& state) {
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    Result<std::unique_ptr<StateStore>> opened = open_rocks_store_to_read(state);
    if (opened.ok() || attempt == kAttempts) return opened;
    system_clock().sleep_us(20'000);
  }
}

}  // namespace braid::cli
