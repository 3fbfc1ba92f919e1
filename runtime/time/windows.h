// Which windows a row belongs to: tumbling and hopping ones of fixed length, aligned to 1970-01-01T00:00Z, and calendar
// ones in a time zone. A WindowAssigner belongs to one operator and one thread: it remembers the last window.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/data/time_zone.h"

namespace braid {

struct WindowRange {
  int64_t start;
  int64_t end;  ///< not in the window
};

/// The windows of an instant: those that end from `first_end` to `last_end`. All instants in [from, to) have the same.
struct WindowSpan {
  int64_t from, to;
  int64_t first_end, last_end;
};

/// The shape of windows; a copy of the plan's values.
struct WindowCut {
  bool calendar = false;
  int64_t size = 0, slide = 0;  ///< µs, or units of the calendar; slide = size: tumbling
  CalendarUnit unit = CalendarUnit::day;
  std::string zone;
};

class WindowAssigner {
 public:
  /// Fails if the zone is unknown to this machine.
  static Result<WindowAssigner> make(const WindowCut& cut);

  /// The windows that contain `time`, earliest end first; at least one. Replaces the content of `windows`.
  void assign(int64_t time, std::vector<WindowRange>& windows);
  /// The same windows as two ends, in constant time but for calendar windows that overlap.
  WindowSpan span(int64_t time);
  /// The end of the next window; `end` is the end of a window.
  int64_t next_end(int64_t end) { return span(end).first_end; }
  /// The start of the window that ends there.
  int64_t start_of(int64_t end);
  /// Rows belong to exactly one window.
  bool tumbling() const { return cut_.slide == cut_.size; }

 private:
  WindowRange calendar_window(int64_t start) const;

  WindowCut cut_;
  std::unique_ptr<TimeZone> zone_;
  WindowRange last_ = {0, 0};
  std::vector<WindowRange> overlapping_;
};

}  // namespace braid
