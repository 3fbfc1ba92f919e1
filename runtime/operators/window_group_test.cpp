// Windows that grow, and windows that rows bring with them, against the rows of each.
#include "runtime/operators/window_group.h"

#include <algorithm>
#include <map>
#include <set>

#include "runtime/operators/test_group.h"

namespace braid {
namespace {

using Windows = std::vector<WindowRange>;

std::vector<Output> groups_of(const std::vector<Input>& rows, const WindowSpec& window,
                              const std::function<Windows(const Input&)>& windows_of) {
  std::map<std::tuple<int64_t, int64_t, int64_t>, std::vector<int64_t>> groups;  // values, by key and window
  for (const Input& row : rows) {
    const int64_t passed = window.span ? std::max(row.watermark, row.time) : row.watermark;
    for (const WindowRange& range : windows_of(row))
      if (add_time(range.end, window.late_us) > passed) groups[{row.key, range.start, range.end}].push_back(row.value);
  }
  std::vector<Output> outputs;
  for (const auto& [group, values] : groups) {
    int64_t sum = 0;
    for (int64_t value : values) sum += value;
    const auto different = static_cast<int64_t>(std::set<int64_t>(values.begin(), values.end()).size());
    const auto& [key, start, end] = group;
    outputs.push_back({key, start, end, values.size(), sum, different});
  }
  return outputs;
}

void compare(const WindowSpec& window, int64_t keys, const std::function<Windows(const Input&)>& windows_of) {
  compare_with(window, keys, [&](const std::vector<Input>& rows) { return groups_of(rows, window, windows_of); });
}

TEST(WindowGroup, cumulative_windows_have_all_rows_since_they_began) {
  for (const int64_t late : {0, 2'500'000}) {
    const WindowSpec window{.cumulative = true, .size_us = 12'000'000, .slide_us = 3'000'000, .late_us = late};
    compare(window, 5, [&](const Input& row) {
      Windows windows;
      const int64_t start = floor_divide(row.time, window.size_us) * window.size_us;
      for (int64_t end = start + window.slide_us; end <= start + window.size_us; end += window.slide_us)
        if (end > row.time) windows.push_back({start, end});
      return windows;
    });
  }
}

TEST(WindowGroup, of_spans_has_the_rows_that_say_so) {
  for (const int64_t late : {0, 1'500'000})
    compare({.span = true, .late_us = late}, 3, [](const Input& row) { return Windows{{row.start, row.end}}; });
}

}  // namespace
}  // namespace braid
