#include "runtime/base/clock.h"

#include <chrono>

namespace braid {
namespace {

template <class Source>
int64_t reading_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Source::now().time_since_epoch()).count();
}

class SystemClock : public Clock {
 public:
  int64_t now_us() override { return reading_us<std::chrono::system_clock>(); }
  int64_t steady_us() override { return reading_us<std::chrono::steady_clock>(); }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace braid
