// Times written by a pattern, as `format` and `parse_timestamp` take it: "yyyy-MM-dd HH:mm". English, no locale. Pure.
//
//   yyyy year · yy its last two digits (parsed: 2000 to 2099) · MM M month · MMM MMMM its name · dd d day · DDD day of
//   the year · EEE EEEE weekday · HH H hour 0–23 · hh h hour 1–12 · a AM or PM · mm m minute · ss s second · S…
//   fraction, as many digits · XXX offset such as +01:00, or Z · 'text' unchanged, '' a quote · characters that
//   are not letters unchanged
//
// Doubled letters have two digits, single ones as many as needed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace braid::time_pattern {

enum class Use { format_instant, format_date, parse_instant, parse_date };

/// The fault of a pattern, "" if it is right.
std::string problem(std::string_view pattern, Use use);

/// Wall-clock time: days since 1970-01-01, microseconds of the day, and what the clocks are ahead of UTC.
void append(std::string& out, std::string_view pattern, int64_t days, int64_t of_day, int64_t offset);

struct Parsed {
  int64_t local = 0;
  std::optional<int64_t> offset;  ///< where the pattern has XXX
};
/// The whole text, or nothing. Parts that the pattern leaves out are 1970, January, the first, midnight.
std::optional<Parsed> parse(std::string_view text, std::string_view pattern);

}  // namespace braid::time_pattern
