// When something of a key is due, for many keys, in no order within a time: the timers of a second lie together, and
// come out together when time has passed them. So a timer costs an append and being looked at when its second comes.
// One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "runtime/data/time_text.h"
#include "runtime/state/group_table.h"

namespace braid {

struct KeyTimer {
  int64_t time;
  uint64_t hash;  ///< of the key: tells whether it is still the same
  RowHandle key;
};

class KeyTimers {
 public:
  static constexpr int64_t kWidth = int64_t{1} << 20;  ///< about a second
  /// The first time behind the second of `time`.
  static int64_t second_end(int64_t time) {
    const int64_t second = floor_divide(time, kWidth);
    return second >= INT64_MAX / kWidth ? INT64_MAX : (second + 1) * kWidth;
  }

  void push(const KeyTimer& timer) {
    const int64_t second = floor_divide(timer.time, kWidth);
    if (last_ == nullptr || second != last_second_) {
      last_ = &seconds_[second];
      last_second_ = second;
    }
    last_->push_back(timer);
    first_ = std::min(first_, timer.time);
    ++size_;
  }
  bool empty() const { return size_ == 0; }
  uint64_t bytes() const { return size_ * sizeof(KeyTimer); }
  /// If there are any: no later than the first of them.
  int64_t first_time() const { return std::max(first_, seconds_.begin()->first * kWidth); }
  /// Those before `time` go to the end of `due`.
  void take_before(int64_t time, std::vector<KeyTimer>& due) {
    const size_t before = due.size();
    while (!seconds_.empty() && seconds_.begin()->first * kWidth < time) {
      auto first = seconds_.begin();
      std::vector<KeyTimer>& timers = first->second;
      if (second_end(first->first * kWidth) > time) {
        auto kept =
            std::partition(timers.begin(), timers.end(), [time](const KeyTimer& each) { return each.time >= time; });
        due.insert(due.end(), kept, timers.end());
        timers.erase(kept, timers.end());
        if (!timers.empty()) break;
      } else {
        due.insert(due.end(), timers.begin(), timers.end());
      }
      if (last_second_ == first->first) last_ = nullptr;
      seconds_.erase(first);
    }
    size_ -= due.size() - before;
    first_ = std::max(first_, time);
  }
  template <class Gone>
  void erase_if(Gone gone) {
    for (auto second = seconds_.begin(); second != seconds_.end();) {
      size_ -= std::erase_if(second->second, gone);
      second = second->second.empty() ? seconds_.erase(second) : std::next(second);
    }
    last_ = nullptr;
  }

 private:
  std::map<int64_t, std::vector<KeyTimer>> seconds_;
  std::vector<KeyTimer>* last_ = nullptr;  ///< of the last push
  int64_t last_second_ = 0;
  int64_t first_ = INT64_MAX;  ///< none is before it
  size_t size_ = 0;
};

}  // namespace braid
