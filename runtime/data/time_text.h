// Dates, times, instants and durations as text and back. A date is days since 1970-01-01, everything else microseconds.
// Pure functions, no time zones beyond a written offset (time_zone.h has those), no locale. Parsers read the whole text
// or fail; years are 0000 to 9999 as in RFC 3339. Digits beyond the microsecond are cut off, towards the past.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace braid {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr int64_t kMicrosPerHour = 60 * kMicrosPerMinute;
inline constexpr int64_t kMicrosPerDay = 24 * kMicrosPerHour;

struct CivilDate {
  int64_t year;
  int32_t month;  ///< 1 to 12
  int32_t day;    ///< 1 to 31
};

/// Proleptic Gregorian calendar (the algorithms of H. Hinnant's "chrono-compatible low-level date algorithms").
constexpr int64_t days_from_civil(int64_t year, int32_t month, int32_t day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}
constexpr CivilDate civil_from_days(int64_t days) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted_month = (5 * day_of_year + 2) / 153;
  auto month = static_cast<int32_t>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2), month,
          static_cast<int32_t>(day_of_year - (153 * shifted_month + 2) / 5 + 1)};
}
constexpr int32_t days_in_month(int64_t year, int32_t month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}
/// Division that rounds towards the past: the day of an instant, for any sign.
constexpr int64_t floor_divide(int64_t value, int64_t unit) {
  int64_t quotient = value / unit;
  return quotient * unit > value ? quotient - 1 : quotient;
}

/// YYYY-MM-DD
bool parse_date(std::string_view text, int32_t* days);
/// HH:MM, HH:MM:SS, HH:MM:SS.f
bool parse_time(std::string_view text, int64_t* micros);
/// RFC 3339: YYYY-MM-DDTHH:MM:SS[.f](Z|±HH:MM); `t`, `z` and a blank for the T too; a leap second is the next second.
bool parse_timestamp(std::string_view text, int64_t* micros);
/// The same without offset, seconds optional: wall-clock time of a zone that the caller knows, as if it were UTC.
bool parse_local_timestamp(std::string_view text, int64_t* micros);
/// The text after the `@` of an instant in a script: as RFC 3339, seconds optional.
bool parse_timestamp_literal(std::string_view text, int64_t* micros);
/// 1h30m, 250ms, 7d (24 h), 1w; units us ms s m h d w; digits may have `_`. A leading `-` is allowed. `mo` and `y`
/// fail: their length is not fixed.
bool parse_duration_literal(std::string_view text, int64_t* micros);
/// ISO 8601: PT1H30M, P1DT2H, P2W, -PT0.5S. Years and months fail.
bool parse_duration_iso(std::string_view text, int64_t* micros);

/// 2026-01-01
void append_date(std::string& out, int64_t days);
/// 12:30:00, a fraction only if not zero, without trailing zeros
void append_time(std::string& out, int64_t micros);
/// The same text; returns behind it. Room for 15 bytes.
char* put_time(char* to, int64_t micros);
/// 2026-01-01T00:00:00Z, fraction alike
void append_timestamp(std::string& out, int64_t micros);
std::string timestamp_text(int64_t micros);
/// As parse_duration_literal reads it: 1h30m, 7d, 0s, -5m
void append_duration_literal(std::string& out, int64_t micros);
/// PT1H30M, P7D, P1DT2H0.5S, PT0S, -PT5M
void append_duration_iso(std::string& out, int64_t micros);

}  // namespace braid
