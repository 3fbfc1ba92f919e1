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

WindowRange WindowAssigner::whole(int64_t time) const {
  if (cut_.calendar) return {zone_->floor(time, cut_.unit, cut_.size), zone_->next(time, cut_.unit, cut_.size)};
  const int64_t start = floor_divide(time, cut_.size) * cut_.size;
  return {start, add_time(start, cut_.size)};
}

WindowSpan WindowAssigner::cumulative_span(int64_t time) const {
  const WindowRange all = whole(time);
  int64_t from = all.start, to = all.start;
  if (cut_.calendar && !cut_.fixed_slide) {
    while (to <= time) {
      from = to;
      for (int64_t i = 0; i < cut_.slide && to < all.end; ++i)
        to = zone_->next(to, cut_.slide_unit.value_or(cut_.unit), 1);
    }
  } else {
    from = all.start + (time - all.start) / cut_.slide * cut_.slide;
    to = add_time(from, cut_.slide);
  }
  to = std::min(to, all.end);
  return {from, to, to, all.end};
}

WindowSpan WindowAssigner::mixed_span(int64_t time) const {
  auto start_of = [this](int64_t end) { return zone_->before(end, cut_.unit, cut_.size); };
  const int64_t first = zone_->next(time, *cut_.slide_unit, cut_.slide);
  int64_t last = first, next = zone_->next(last, *cut_.slide_unit, cut_.slide);
  for (; start_of(next) <= time; next = zone_->next(last, *cut_.slide_unit, cut_.slide)) last = next;
  return {std::max(zone_->floor(time, *cut_.slide_unit, cut_.slide), start_of(last)), std::min(first, start_of(next)),
          first, last};
}

void WindowAssigner::assign(int64_t time, std::vector<WindowRange>& windows) {
  windows.clear();
  if (cut_.cumulative || mixed()) {
    const WindowSpan all = span(time);
    for (int64_t end = all.first_end;; end = next_end(end)) {
      windows.push_back({start_of(end), end});
      if (end == all.last_end) return;
    }
  }
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
  if (cut_.cumulative) return cumulative_span(time);
  if (mixed()) return mixed_span(time);
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
  if (cut_.cumulative) return whole(end - 1).start;
  if (mixed()) return zone_->before(end, cut_.unit, cut_.size);
  if (!tumbling() && !cut_.calendar) return end - cut_.size;
  assign(end - 1, overlapping_);
  return overlapping_.front().start;
}

}  // namespace braid
