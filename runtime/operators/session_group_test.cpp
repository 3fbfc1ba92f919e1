// Sessions against rows that are looked at one by one.
#include "runtime/operators/session_group.h"

#include <map>

#include "runtime/operators/test_group.h"

namespace braid {
namespace {

std::vector<Output> sessions_of(std::vector<Input> rows, const WindowSpec& window) {
  std::sort(rows.begin(), rows.end(), [](const Input& a, const Input& b) { return a.time < b.time; });
  std::map<int64_t, std::vector<Input>> by_key;
  for (const Input& row : rows)
    if (row.time >= subtract_time(row.watermark, window.late_us)) by_key[row.key].push_back(row);
  std::vector<Output> outputs;
  for (const auto& [key, own] : by_key) {
    std::vector<Input> session;
    auto close = [&] {
      if (session.empty()) return;
      int64_t end = session.back().time + window.gap_us, sum = 0;
      if (window.max_us > 0) end = std::min(end, session.front().time + window.max_us);
      std::vector<int64_t> values;
      for (const Input& row : session) sum += row.value, values.push_back(row.value);
      std::sort(values.begin(), values.end());
      const auto different = std::unique(values.begin(), values.end()) - values.begin();
      outputs.push_back({key, session.front().time, end, session.size(), sum, different});
      session.clear();
    };
    for (const Input& row : own) {
      if (!session.empty() && (row.time - session.back().time > window.gap_us ||
                               (window.max_us > 0 && row.time - session.front().time >= window.max_us)))
        close();
      session.push_back(row);
    }
    close();
  }
  std::sort(outputs.begin(), outputs.end());
  return outputs;
}

void compare_sessions(const WindowSpec& window, int64_t keys) {
  compare_with(window, keys, [&](const std::vector<Input>& rows) { return sessions_of(rows, window); });
}

TEST(SessionGroup, has_the_sessions_of_all_rows_in_time) {
  compare_sessions({.gap_us = 3'000'000}, 5);
  compare_sessions({.gap_us = 900'000}, 40);
}

TEST(SessionGroup, that_stay_open_longer) {
  compare_sessions({.gap_us = 2'000'000, .late_us = 1'500'000}, 5);
}

TEST(SessionGroup, that_are_cut) {
  compare_sessions({.gap_us = 3'000'000, .max_us = 7'000'000}, 3);
  compare_sessions({.gap_us = 2'000'000, .max_us = 2'500'000, .late_us = 1'000'000}, 12);
  compare_sessions({.gap_us = 4'000'000, .max_us = 60'000'000}, 1);
}

}  // namespace
}  // namespace braid
