#include "runtime/time/windows.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/data/time_text.h"
#include "runtime/time/partition_clock.h"

namespace braid {

Result<WindowAssigner> WindowAssigner::make(const WindowCut& cut) {
  BRAID_CHECK(cut.size > 0 && cut.slide > 0);
  WindowAssigner assigner;
  assigner.cut_ = cut;
  if (cut.calendar) {
    assigner.zone_ = load_time_zone(cut.zone.empty() ? "UTC" : cut.zone);
    if (!assigner.zone_) return Error{ErrorKind::usage, "this machine knows no time zone `" + cut.zone + "`", 0, 0};
  }
  return assigner;
}

WindowRange WindowAssigner::calendar_window(int64_t start) const {
  if (cut_.size == cut_.slide) return {start, zone_->next(start, cut_.unit, cut_.size)};
  int64_t end = start;
  for (int64_t i = 0; i < cut_.size; ++i) end = zone_->next(end, cut_.unit, 1);
  return {start, end};
}

void WindowAssigner::assign(int64_t time, std::vector<WindowRange>& windows) {
  windows.clear();
  if (tumbling()) {
    if (time < last_.start || time >= last_.end) {
      if (cut_.calendar) {
        last_ = calendar_window(zone_->floor(time, cut_.unit, cut_.size));
      } else {
        int64_t start = floor_divide(time, cut_.size) * cut_.size;
        last_ = {start, add_time(start, cut_.size)};
      }
    }
    windows.push_back(last_);
    return;
  }
  if (cut_.calendar) {
    int64_t start = zone_->floor(time, cut_.unit, cut_.slide);
    for (WindowRange window = calendar_window(start); window.end > time;
         start = zone_->floor(start - 1, cut_.unit, cut_.slide), window = calendar_window(start))
      windows.push_back(window);
  } else {
    int64_t start = floor_divide(time, cut_.slide) * cut_.slide;
    for (; start > time - cut_.size; start -= cut_.slide) windows.push_back({start, start + cut_.size});
  }
  std::reverse(windows.begin(), windows.end());
}

WindowSpan WindowAssigner::span(int64_t time) {
  if (!tumbling() && !cut_.calendar) {
    int64_t start = floor_divide(time, cut_.slide) * cut_.slide;
    int64_t first_end = floor_divide(time - cut_.size, cut_.slide) * cut_.slide + cut_.slide + cut_.size;
    return {std::max(start, first_end - cut_.slide), std::min(start + cut_.slide, first_end), first_end,
            start + cut_.size};
  }
  assign(time, overlapping_);
  const WindowRange first = overlapping_.front(), last = overlapping_.back();
  if (tumbling()) return {first.start, first.end, first.end, first.end};
  int64_t ended = calendar_window(zone_->floor(first.start - 1, cut_.unit, cut_.slide)).end;
  return {std::max(last.start, ended), std::min(zone_->next(last.start, cut_.unit, cut_.slide), first.end), first.end,
          last.end};
}

int64_t WindowAssigner::start_of(int64_t end) {
  if (!tumbling() && !cut_.calendar) return end - cut_.size;
  assign(end - 1, overlapping_);
  return overlapping_.front().start;
}

}  // namespace braid
