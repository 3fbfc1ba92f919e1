#include "runtime/base/clock.h"

#include <chrono>
#include <thread>

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
  void sleep_us(int64_t us) override { std::this_thread::sleep_for(std::chrono::microseconds(us)); }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace braid
