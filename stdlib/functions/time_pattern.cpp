#include "stdlib/functions/time_pattern.h"

#include <array>

#include "runtime/data/time_text.h"
#include "stdlib/functions/time_units.h"

namespace braid::time_pattern {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                       "Friday", "Saturday", "Sunday"};

/// One letter several times over, or text as it stands.
struct Part {
  char letter = 0;  ///< 0: `text` as it stands
  int count = 0;
  std::string_view text;
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Takes the next part off the pattern. A quoted part's text is between its quotes; `''` is one quote.
Part take(std::string_view& pattern) {
  if (pattern.starts_with("''")) {
    const Part part{0, 0, pattern.substr(0, 1)};
    pattern.remove_prefix(2);
    return part;
  }
  if (pattern.front() == '\'') {
    const size_t end = pattern.find('\'', 1);
    const Part part{0, 0, pattern.substr(1, end == std::string_view::npos ? end : end - 1)};
    pattern.remove_prefix(end == std::string_view::npos ? pattern.size() : end + 1);
    return part;
  }
  size_t size = 1;
  if (is_letter(pattern.front())) {
    while (size < pattern.size() && pattern[size] == pattern.front()) ++size;
    const Part part{pattern.front(), static_cast<int>(size), {}};
    pattern.remove_prefix(size);
    return part;
  }
  while (size < pattern.size() && !is_letter(pattern[size]) && pattern[size] != '\'') ++size;
  const Part part{0, 0, pattern.substr(0, size)};
  pattern.remove_prefix(size);
  return part;
}

bool known(const Part& part) {
  switch (part.letter) {
    case 'y':
      return part.count == 4 || part.count == 2;
    case 'M':
      return part.count <= 4;
    case 'E':
      return part.count == 3 || part.count == 4;
    case 'D':
      return part.count == 3;
    case 'd':
    case 'H':
    case 'h':
    case 'm':
    case 's':
      return part.count <= 2;
    case 'S':
      return part.count <= 6;
    case 'a':
      return part.count == 1;
    case 'X':
      return part.count == 3;
    default:
      return false;
  }
}

void append_number(std::string& out, int64_t value, int digits) {
  if (value < 0) {
    out += '-';
    value = -value;
  }
  const std::string text = std::to_string(value);
  for (int missing = digits - static_cast<int>(text.size()); missing > 0; --missing) out += '0';
  out += text;
}

/// Takes a number of `least` to `most` digits off the text.
std::optional<int64_t> take_number(std::string_view& text, int least, int most) {
  int64_t value = 0;
  int digits = 0;
  while (digits < most && static_cast<size_t>(digits) < text.size() && text[digits] >= '0' && text[digits] <= '9')
    value = value * 10 + (text[digits++] - '0');
  if (digits < least) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(digits));
  return value;
}

bool same_letters(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
  return true;
}

/// Takes one of the names off the text, whole or its first three letters; case does not matter.
template <size_t n>
std::optional<int64_t> take_name(std::string_view& text, const std::array<std::string_view, n>& names, bool whole) {
  for (size_t i = 0; i < n; ++i) {
    const std::string_view name = whole ? names[i] : names[i].substr(0, 3);
    if (!same_letters(text.substr(0, name.size()), name)) continue;
    text.remove_prefix(name.size());
    return static_cast<int64_t>(i);
  }
  return std::nullopt;
}

std::optional<int64_t> take_offset(std::string_view& text) {
  if (text.starts_with('Z')) {
    text.remove_prefix(1);
    return 0;
  }
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  const int64_t sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const std::optional<int64_t> hours = take_number(text, 2, 2);
  if (!hours || *hours > 18 || !text.starts_with(':')) return std::nullopt;
  text.remove_prefix(1);
  const std::optional<int64_t> minutes = take_number(text, 2, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * (*hours * kMicrosPerHour + *minutes * kMicrosPerMinute);
}

struct Fields {
  int64_t year = 1970, month = 1, day = 1, day_of_year = 0;
  int64_t hour = 0, minute = 0, second = 0, micros = 0;
  bool half_day = false, afternoon = false;
  std::optional<int64_t> offset;
};

/// Takes one part off the text; false if it is not there.
bool take_part(std::string_view& text, const Part& part, Fields& fields) {
  std::optional<int64_t> value;
  const int least = part.count > 1 ? 2 : 1;
  switch (part.letter) {
    case 0:
      if (!text.starts_with(part.text)) return false;
      text.remove_prefix(part.text.size());
      return true;
    case 'y':
      value = take_number(text, part.count, part.count);
      if (value) fields.year = *value + (part.count == 2 ? 2000 : 0);
      return value.has_value();
    case 'M':
      value = part.count >= 3 ? take_name(text, kMonths, part.count == 4) : take_number(text, least, 2);
      if (value) fields.month = *value + (part.count >= 3 ? 1 : 0);
      return value.has_value();
    case 'E':
      return take_name(text, kWeekdays, part.count == 4).has_value();
    case 'd':
      value = take_number(text, least, 2);
      if (value) fields.day = *value;
      return value.has_value();
    case 'D':
      value = take_number(text, 3, 3);
      if (value) fields.day_of_year = *value;
      return value && *value > 0;
    case 'H':
    case 'h':
      value = take_number(text, least, 2);
      if (value) fields.hour = *value;
      fields.half_day = part.letter == 'h';
      return value && (part.letter == 'H' ? *value <= 23 : *value >= 1 && *value <= 12);
    case 'm':
      value = take_number(text, least, 2);
      if (value) fields.minute = *value;
      return value && *value <= 59;
    case 's':
      value = take_number(text, least, 2);
      if (value) fields.second = *value;
      return value && *value <= 59;
    case 'S':
      value = take_number(text, part.count, part.count);
      if (!value) return false;
      fields.micros = *value;
      for (int i = part.count; i < 6; ++i) fields.micros *= 10;
      return true;
    case 'a':
      if (!same_letters(text.substr(0, 2), "am") && !same_letters(text.substr(0, 2), "pm")) return false;
      fields.afternoon = (text.front() | 0x20) == 'p';
      text.remove_prefix(2);
      return true;
    case 'X':
      fields.offset = take_offset(text);
      return fields.offset.has_value();
    default:
      return false;
  }
}

}  // namespace

std::string problem(std::string_view pattern, Use use) {
  if (pattern.empty()) return "the pattern is empty";
  bool year = false, day = false, half_day = false, afternoon = false;
  for (std::string_view rest = pattern; !rest.empty();) {
    const std::string_view before = rest;
    const Part part = take(rest);
    if (before.front() == '\'' && !before.starts_with("''") && before.find('\'', 1) == std::string_view::npos)
      return "the pattern has a quote without its end";
    if (part.letter == 0) continue;
    if (!known(part)) {
      std::string text = "`" + std::string(static_cast<size_t>(part.count), part.letter) + "` is not part of a time";
      if (part.letter == 'Y') text += "; the year is `yyyy`";
      return text;
    }
    const bool of_date = std::string_view("yMdDE").find(part.letter) != std::string_view::npos;
    if (!of_date && (use == Use::format_date || use == Use::parse_date))
      return "`" + std::string(static_cast<size_t>(part.count), part.letter) + "` is not part of a date";
    year = year || part.letter == 'y';
    day = day || part.letter == 'd' || part.letter == 'D';
    half_day = half_day || part.letter == 'h';
    afternoon = afternoon || part.letter == 'a';
  }
  if (use == Use::parse_instant || use == Use::parse_date) {
    if (!year || !day) return "a pattern to read by needs at least a year and a day";
    if (half_day != afternoon) return "`h` and `a` go together; `H` is the hour of the whole day";
  }
  return "";
}

void append(std::string& out, std::string_view pattern, int64_t days, int64_t of_day, int64_t offset) {
  const CivilDate date = civil_from_days(days);
  const int64_t hour = of_day / kMicrosPerHour;
  while (!pattern.empty()) {
    const Part part = take(pattern);
    switch (part.letter) {
      case 0:
        out += part.text;
        break;
      case 'y':
        append_number(out, part.count == 2 ? (date.year % 100 + 100) % 100 : date.year, part.count);
        break;
      case 'M': {
        const std::string_view name = kMonths[static_cast<size_t>(date.month - 1)];
        if (part.count >= 3) {
          out += part.count == 3 ? name.substr(0, 3) : name;
        } else {
          append_number(out, date.month, part.count);
        }
        break;
      }
      case 'E': {
        const std::string_view name = kWeekdays[static_cast<size_t>(time_part::weekday(days) - 1)];
        out += part.count == 3 ? name.substr(0, 3) : name;
        break;
      }
      case 'd':
        append_number(out, date.day, part.count);
        break;
      case 'D':
        append_number(out, time_part::day_of_year(days), 3);
        break;
      case 'H':
        append_number(out, hour, part.count);
        break;
      case 'h':
        append_number(out, (hour + 11) % 12 + 1, part.count);
        break;
      case 'a':
        out += hour < 12 ? "AM" : "PM";
        break;
      case 'm':
        append_number(out, of_day / kMicrosPerMinute % 60, part.count);
        break;
      case 's':
        append_number(out, of_day / kMicrosPerSecond % 60, part.count);
        break;
      case 'S': {
        int64_t fraction = of_day % kMicrosPerSecond;
        for (int i = part.count; i < 6; ++i) fraction /= 10;
        append_number(out, fraction, part.count);
        break;
      }
      case 'X': {
        if (offset == 0) {
          out += 'Z';
          break;
        }
        const int64_t minutes = (offset < 0 ? -offset : offset) / kMicrosPerMinute;
        out += offset < 0 ? '-' : '+';
        append_number(out, minutes / 60, 2);
        out += ':';
        append_number(out, minutes % 60, 2);
        break;
      }
      default:  // `problem` let no other letter through
        break;
    }
  }
}

std::optional<Parsed> parse(std::string_view text, std::string_view pattern) {
  Fields fields;
  while (!pattern.empty())
    if (!take_part(text, take(pattern), fields)) return std::nullopt;
  if (!text.empty()) return std::nullopt;
  if (fields.half_day) fields.hour = fields.hour % 12 + (fields.afternoon ? 12 : 0);
  if (fields.month < 1 || fields.month > 12 || fields.day < 1 ||
      fields.day > days_in_month(fields.year, static_cast<int32_t>(fields.month)))
    return std::nullopt;
  int64_t days = days_from_civil(fields.year, static_cast<int32_t>(fields.month), static_cast<int32_t>(fields.day));
  if (fields.day_of_year > 0) {
    days = days_from_civil(fields.year, 1, 1) + fields.day_of_year - 1;
    if (civil_from_days(days).year != fields.year) return std::nullopt;
  }
  return Parsed{days * kMicrosPerDay + fields.hour * kMicrosPerHour + fields.minute * kMicrosPerMinute +
                    fields.second * kMicrosPerSecond + fields.micros,
                fields.offset};
}

}  // namespace braid::time_pattern
