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
  /// Rows belong to exactly one window.
  bool tumbling() const { return cut_.slide == cut_.size; }

 private:
  WindowRange calendar_window(int64_t start) const;

  WindowCut cut_;
  std::unique_ptr<TimeZone> zone_;
  WindowRange last_ = {0, 0};
};

}  // namespace braid
