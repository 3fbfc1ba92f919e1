// Time zones by their IANA names, from the system's tzdata, and the calendar periods (day, week, month, year) of a zone
// that windows are cut by. Instants are microseconds since 1970-01-01T00:00Z; local times are what a wall clock shows,
// written as if it were UTC.
//
// Rules. A local time that a zone skips (clocks go forward) means the instant of the change; one that occurs twice
// means the earlier one. So every local day, week, month and year begins at exactly one instant, and periods leave no
// gap. Days are 23 to 25 hours long. Weeks begin on Monday. Periods of several units are counted from fixed points:
// days from 1970-01-01, weeks from the Monday 1969-12-29, months and years from the year 0 (so 3 months are quarters).
// tzdata lists changes up to 2037; later years keep the last offset.
//
// A TimeZone is immutable once loaded; threads may share it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

enum class CalendarUnit : uint8_t { day, week, month, year };

class TimeZone {
 public:
  const std::string& name() const { return name_; }
  /// Local time minus UTC at that instant.
  int64_t offset_at(int64_t instant_us) const;
  int64_t to_local(int64_t instant_us) const { return instant_us + offset_at(instant_us); }
  int64_t from_local(int64_t local_us) const;

  /// First instant of the period of `count` units that contains `instant_us`; `count` ≥ 1.
  int64_t floor(int64_t instant_us, CalendarUnit unit, int64_t count) const;
  /// First instant of the period after that one: the end of its window.
  int64_t next(int64_t instant_us, CalendarUnit unit, int64_t count) const;
  /// The instant with the same local time `count` units earlier; in a month without its day, on the last one.
  int64_t before(int64_t instant_us, CalendarUnit unit, int64_t count) const;

 private:
  friend std::unique_ptr<TimeZone> load_time_zone(std::string_view name);
  struct Change {
    int64_t from_us;  ///< the instant; the first entry stands for all time before the second
    int64_t offset_us;
  };
  const Change& change_at(int64_t instant_us) const;
  int64_t period_start(int64_t index, CalendarUnit unit, int64_t count) const;
  int64_t period_index(int64_t instant_us, CalendarUnit unit, int64_t count) const;

  std::string name_;
  std::vector<Change> changes_;
};

/// Null if there is no such zone.
std::unique_ptr<TimeZone> load_time_zone(std::string_view name);
/// All names, sorted, for suggestions.
std::vector<std::string> time_zone_names();

}  // namespace braid
