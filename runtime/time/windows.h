// Which windows a row belongs to: tumbling, hopping and cumulative ones of fixed length, aligned to 1970-01-01T00:00Z,
// and calendar ones in a time zone. Cumulative windows begin with each `size` and end after each `slide` in it, counted
// from its beginning, the last with it. Months that move on by days (in general: a size and a slide of two units) end
// at each slide and begin a size before: by their dates, and a day that a month lacks is its last. A WindowAssigner
// belongs to one operator and one thread: it remembers the last window.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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
  bool cumulative = false;
  int64_t size = 0, slide = 0;  ///< µs, or units of the calendar; slide = size: tumbling
  CalendarUnit unit = CalendarUnit::day;
  std::optional<CalendarUnit> slide_unit;  ///< of `slide`; none: the same
  bool fixed_slide = false;                ///< of a cumulative calendar window: `slide` is µs
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
  bool tumbling() const { return cut_.slide == cut_.size && !cut_.cumulative && !mixed(); }

 private:
  /// Hops of one unit over windows of another.
  bool mixed() const { return cut_.calendar && !cut_.cumulative && cut_.slide_unit.value_or(cut_.unit) != cut_.unit; }
  WindowRange calendar_window(int64_t start) const;
  /// The whole of a cumulative window.
  WindowRange whole(int64_t time) const;
  WindowSpan cumulative_span(int64_t time) const;
  WindowSpan mixed_span(int64_t time) const;

  WindowCut cut_;
  std::unique_ptr<TimeZone> zone_;
  WindowRange last_ = {0, 0};
  std::vector<WindowRange> overlapping_;
};

}  // namespace braid
