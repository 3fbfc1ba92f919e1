#include "runtime/operators/due_keys.h"

#include <algorithm>

namespace braid {

KeyedRows::Timers DueKeys::timers(uint32_t table, int64_t length) {
  constexpr int64_t kLeast = int64_t{1} << 20, kMost = int64_t{1} << 36;  // about a second, and 19 hours
  return {table, std::clamp(length / 16, kLeast, kMost)};
}

void DueKeys::begin(RowHandle row, int64_t time) {
  KeyDue& due = of(rows_.value(row));
  due.time = due.armed = time;
  timers_.push({time, rows_.hash(row), row});
}

Status DueKeys::take(int64_t time, std::vector<RowHandle>& due) {
  const int64_t limit = add_time(time, 1);
  if (limit == kNoTime) return {};
  BRAID_TRY(rows_.bring_due(limit));
  for (;;) {
    passed_.clear();
    timers_.take_before(limit, passed_);
    if (passed_.empty()) return {};
    for (const KeyTimer& timer : passed_) {
      if (!is_set(timer)) continue;
      KeyDue& own = of(rows_.value(timer.key));
      if (own.time < limit) {
        own.armed = kNoTime;
        due.push_back(timer.key);
      } else {
        begin(timer.key, own.time);
      }
    }
  }
}

void DueKeys::forget_evicted() {
  timers_.erase_if([this](const KeyTimer& timer) { return !is_set(timer); });
}

}  // namespace braid
