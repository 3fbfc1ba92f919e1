#include "runtime/data/time_zone.h"

#include <algorithm>
#include <exception>
#include <limits>

#include "runtime/base/check.h"
#include "runtime/data/time_text.h"

#define USE_OS_TZDB 1
#include <date/tz.h>

namespace braid {

std::unique_ptr<TimeZone> load_time_zone(std::string_view name) {
  const date::time_zone* zone = nullptr;
  try {
    zone = date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;  // the library has no other way to say that it does not know the name
  }
  auto loaded = std::make_unique<TimeZone>();
  loaded->name_ = name;
  // Between these bounds the library lists every change; beyond them it has none.
  using std::chrono::seconds;
  date::sys_seconds at = date::sys_days(date::year(1800) / 1 / 1);
  const date::sys_seconds end = date::sys_days(date::year(2200) / 1 / 1);
  while (at < end) {
    date::sys_info info = zone->get_info(at);
    int64_t offset_us = std::chrono::duration_cast<seconds>(info.offset).count() * kMicrosPerSecond;
    bool first = loaded->changes_.empty();
    if (first || loaded->changes_.back().offset_us != offset_us) {
      loaded->changes_.push_back(
          {first ? std::numeric_limits<int64_t>::min() : at.time_since_epoch().count() * kMicrosPerSecond, offset_us});
    }
    if (info.end <= at) break;
    at = info.end;
  }
  return loaded;
}

std::vector<std::string> time_zone_names() {
  std::vector<std::string> names;
  try {
    const date::tzdb& database = date::get_tzdb();
    for (const date::time_zone& zone : database.zones) names.push_back(zone.name());
  } catch (const std::exception&) {
    // A machine without tzdata has no zones.
  }
  std::sort(names.begin(), names.end());
  return names;
}

const TimeZone::Change& TimeZone::change_at(int64_t instant_us) const {
  auto after = std::upper_bound(changes_.begin(), changes_.end(), instant_us,
                                [](int64_t instant, const Change& change) { return instant < change.from_us; });
  return *(after - 1);
}

int64_t TimeZone::offset_at(int64_t instant_us) const {
  return change_at(instant_us).offset_us;
}

int64_t TimeZone::from_local(int64_t local_us) const {
  // Offsets are below 48 h, so the answer is near: try the stretches around it, earliest first.
  const Change* at = &change_at(local_us - 2 * kMicrosPerDay);
  const Change* last = changes_.data() + changes_.size() - 1;
  for (;; ++at) {
    int64_t instant = local_us - at->offset_us;
    if (at == last || instant < at[1].from_us) {
      // Before the stretch began: the time was skipped at its beginning.
      return at == changes_.data() ? instant : std::max(instant, at->from_us);
    }
  }
}

int64_t TimeZone::period_index(int64_t instant_us, CalendarUnit unit, int64_t count) const {
  BRAID_CHECK(count >= 1);
  int64_t days = floor_divide(to_local(instant_us), kMicrosPerDay);
  switch (unit) {
    case CalendarUnit::day:
      return floor_divide(days, count);
    case CalendarUnit::week:
      return floor_divide(floor_divide(days + 3, 7), count);
    case CalendarUnit::month: {
      CivilDate date = civil_from_days(days);
      return floor_divide(date.year * 12 + date.month - 1, count);
    }
    case CalendarUnit::year:
      return floor_divide(civil_from_days(days).year, count);
  }
  BRAID_UNREACHABLE("calendar unit");
}

int64_t TimeZone::period_start(int64_t index, CalendarUnit unit, int64_t count) const {
  int64_t first = index * count, days = 0;
  switch (unit) {
    case CalendarUnit::day:
      days = first;
      break;
    case CalendarUnit::week:
      days = first * 7 - 3;
      break;
    case CalendarUnit::month:
      days =
          days_from_civil(floor_divide(first, 12), static_cast<int32_t>(first - floor_divide(first, 12) * 12) + 1, 1);
      break;
    case CalendarUnit::year:
      days = days_from_civil(first, 1, 1);
      break;
  }
  return from_local(days * kMicrosPerDay);
}

int64_t TimeZone::floor(int64_t instant_us, CalendarUnit unit, int64_t count) const {
  int64_t index = period_index(instant_us, unit, count);
  // Where clocks go back over midnight a day's last hour comes again after the next day began: it belongs to that one.
  int64_t next_start = period_start(index + 1, unit, count);
  return instant_us >= next_start ? next_start : period_start(index, unit, count);
}

int64_t TimeZone::next(int64_t instant_us, CalendarUnit unit, int64_t count) const {
  int64_t index = period_index(instant_us, unit, count);
  int64_t next_start = period_start(index + 1, unit, count);
  return instant_us >= next_start ? period_start(index + 2, unit, count) : next_start;
}

int64_t TimeZone::before(int64_t instant_us, CalendarUnit unit, int64_t count) const {
  const int64_t local = to_local(instant_us), days = floor_divide(local, kMicrosPerDay);
  const int64_t time_of_day = local - days * kMicrosPerDay;
  auto at = [&](int64_t day) { return from_local(day * kMicrosPerDay + time_of_day); };
  if (unit == CalendarUnit::day) return at(days - count);
  if (unit == CalendarUnit::week) return at(days - 7 * count);
  const CivilDate date = civil_from_days(days);
  const int64_t month = date.year * 12 + date.month - 1 - (unit == CalendarUnit::year ? 12 : 1) * count;
  auto first_of = [](int64_t index) {
    const int64_t year = floor_divide(index, 12);
    return days_from_civil(year, static_cast<int32_t>(index - year * 12) + 1, 1);
  };
  return at(std::min(first_of(month) + date.day, first_of(month + 1)) - 1);
}

}  // namespace braid
