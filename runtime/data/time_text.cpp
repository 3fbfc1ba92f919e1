#include "runtime/data/time_text.h"

#include <cstring>

namespace braid {
namespace {

/// Reads fixed digits; anything that is no digit shows in `bad` once all are read.
struct Digits {
  const char* text;
  uint32_t bad = 0;

  uint32_t one(size_t at) {
    uint32_t digit = static_cast<uint8_t>(text[at]) - uint32_t{'0'};
    bad |= static_cast<uint32_t>(digit > 9);
    return digit;
  }
  uint32_t two(size_t at) { return one(at) * 10 + one(at + 1); }
  uint32_t four(size_t at) { return two(at) * 100 + two(at + 2); }
};

/// The first ten characters.
bool read_date(const char* text, int64_t* days) {
  Digits digits{text};
  auto year = static_cast<int64_t>(digits.four(0));
  auto month = static_cast<int32_t>(digits.two(5));
  auto day = static_cast<int32_t>(digits.two(8));
  if (digits.bad != 0 || text[4] != '-' || text[7] != '-') return false;
  if (month < 1 || month > 12 || day < 1 || (day > 28 && day > days_in_month(year, month))) return false;
  *days = days_from_civil(year, month, day);
  return true;
}

/// [.digits], at least one; what stands for less than a microsecond is dropped. Moves `at`.
bool read_fraction(std::string_view text, size_t& at, int64_t* micros) {
  *micros = 0;
  if (at >= text.size() || text[at] != '.') return true;
  size_t first = ++at;
  int64_t unit = 100'000;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) *micros += unit * (text[at] - '0');
  return at > first;
}

enum class Seconds { required, optional };

/// HH:MM[:SS[.f]] from `at`, which moves behind it.
bool read_clock(std::string_view text, size_t& at, Seconds seconds_rule, bool leap_second, int64_t* micros) {
  if (text.size() < at + 5 || text[at + 2] != ':') return false;
  Digits digits{text.data()};
  uint32_t hour = digits.two(at), minute = digits.two(at + 3);
  at += 5;
  uint32_t second = 0;
  int64_t fraction = 0;
  if (at + 3 <= text.size() && text[at] == ':') {
    second = digits.two(at + 1);
    at += 3;
    if (!read_fraction(text, at, &fraction)) return false;
  } else if (seconds_rule == Seconds::required) {
    return false;
  }
  if (digits.bad != 0 || hour > 23 || minute > 59 || second > (leap_second ? 60u : 59u)) return false;
  *micros = hour * kMicrosPerHour + minute * kMicrosPerMinute + second * kMicrosPerSecond + fraction;
  return true;
}

/// Z or ±HH:MM, to the end of the text.
bool read_offset(std::string_view text, size_t at, int64_t* micros) {
  *micros = 0;
  if (at + 1 == text.size() && (text[at] == 'Z' || text[at] == 'z')) return true;
  if (at + 6 != text.size() || (text[at] != '+' && text[at] != '-') || text[at + 3] != ':') return false;
  Digits digits{text.data()};
  uint32_t hour = digits.two(at + 1), minute = digits.two(at + 4);
  if (digits.bad != 0 || hour > 23 || minute > 59) return false;
  *micros = (hour * kMicrosPerHour + minute * kMicrosPerMinute) * (text[at] == '-' ? -1 : 1);
  return true;
}

bool is_separator(char c) {
  return c == 'T' || c == 't' || c == ' ';
}

/// Date, separator, clock; `at` ends behind them.
bool read_date_and_clock(std::string_view text, size_t& at, Seconds seconds, bool leap_second, int64_t* micros) {
  int64_t days = 0;
  if (text.size() < 16 || !is_separator(text[10]) || !read_date(text.data(), &days)) return false;
  at = 11;
  if (!read_clock(text, at, seconds, leap_second, micros)) return false;
  *micros += days * kMicrosPerDay;
  return true;
}

bool parse_instant(std::string_view text, Seconds seconds, int64_t* micros) {
  size_t at = 0;
  int64_t local = 0, offset = 0;
  if (!read_date_and_clock(text, at, seconds, true, &local) || !read_offset(text, at, &offset)) return false;
  *micros = local - offset;
  return true;
}

void append_padded(std::string& out, uint64_t value, int width) {
  char digits[20];
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  out.append(static_cast<size_t>(width > count ? width - count : 0), '0');
  while (count > 0) out.push_back(digits[--count]);
}

void append_fraction(std::string& out, int64_t micros) {
  if (micros == 0) return;
  int width = 6;
  for (; micros % 10 == 0; micros /= 10) --width;
  out.push_back('.');
  append_padded(out, static_cast<uint64_t>(micros), width);
}

/// Adds value · unit to `sum`; false when it leaves 64 bits.
bool add_units(int64_t value, int64_t unit, int64_t& sum) {
  int64_t product = 0;
  return !__builtin_mul_overflow(value, unit, &product) && !__builtin_add_overflow(sum, product, &sum);
}

}  // namespace

bool parse_date(std::string_view text, int32_t* days) {
  int64_t wide = 0;
  if (text.size() != 10 || !read_date(text.data(), &wide)) return false;
  *days = static_cast<int32_t>(wide);
  return true;
}

bool parse_time(std::string_view text, int64_t* micros) {
  size_t at = 0;
  return read_clock(text, at, Seconds::optional, false, micros) && at == text.size();
}

bool parse_timestamp(std::string_view text, int64_t* micros) {
  return parse_instant(text, Seconds::required, micros);
}

bool parse_timestamp_literal(std::string_view text, int64_t* micros) {
  return parse_instant(text, Seconds::optional, micros);
}

bool parse_local_timestamp(std::string_view text, int64_t* micros) {
  size_t at = 0;
  return read_date_and_clock(text, at, Seconds::optional, false, micros) && at == text.size();
}

bool parse_duration_literal(std::string_view text, int64_t* micros) {
  size_t at = 0;
  bool negative = !text.empty() && text[0] == '-';
  if (negative) ++at;
  if (at == text.size()) return false;
  int64_t sum = 0;
  while (at < text.size()) {
    if (text[at] < '0' || text[at] > '9') return false;
    int64_t value = 0;
    for (; at < text.size() && ((text[at] >= '0' && text[at] <= '9') || text[at] == '_'); ++at) {
      if (text[at] == '_') continue;
      if (__builtin_mul_overflow(value, int64_t{10}, &value) ||
          __builtin_add_overflow(value, int64_t{text[at] - '0'}, &value))
        return false;
    }
    size_t begin = at;
    while (at < text.size() && text[at] >= 'a' && text[at] <= 'z') ++at;
    std::string_view unit = text.substr(begin, at - begin);
    int64_t micros_each = unit == "us"   ? 1
                          : unit == "ms" ? 1000
                          : unit == "s"  ? kMicrosPerSecond
                          : unit == "m"  ? kMicrosPerMinute
                          : unit == "h"  ? kMicrosPerHour
                          : unit == "d"  ? kMicrosPerDay
                          : unit == "w"  ? 7 * kMicrosPerDay
                                         : 0;
    if (micros_each == 0 || !add_units(negative ? -value : value, micros_each, sum)) return false;
  }
  *micros = sum;
  return true;
}

bool parse_duration_iso(std::string_view text, int64_t* micros) {
  size_t at = 0;
  int64_t sign = 1;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    sign = text[0] == '-' ? -1 : 1;
    ++at;
  }
  if (at >= text.size() || text[at] != 'P') return false;
  ++at;
  int64_t sum = 0;
  int last_rank = 0;  // parts come in the order W D T H M S, each once
  bool after_t = false, any = false;
  while (at < text.size()) {
    if (text[at] == 'T') {
      if (after_t || ++at == text.size()) return false;
      after_t = true;
      continue;
    }
    if (text[at] < '0' || text[at] > '9') return false;
    int64_t value = 0, fraction = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      if (__builtin_mul_overflow(value, int64_t{10}, &value) ||
          __builtin_add_overflow(value, int64_t{text[at] - '0'}, &value))
        return false;
    }
    bool has_fraction = at < text.size() && text[at] == '.';
    if (!read_fraction(text, at, &fraction) || at == text.size()) return false;
    char unit = text[at++];
    int rank = 0;
    int64_t micros_each = 0;
    if (!after_t) {
      rank = unit == 'W' ? 1 : unit == 'D' ? 2 : 0;
      micros_each = unit == 'W' ? 7 * kMicrosPerDay : kMicrosPerDay;
    } else {
      rank = unit == 'H' ? 3 : unit == 'M' ? 4 : unit == 'S' ? 5 : 0;
      micros_each = unit == 'H' ? kMicrosPerHour : unit == 'M' ? kMicrosPerMinute : kMicrosPerSecond;
    }
    if (rank <= last_rank || (has_fraction && rank != 5)) return false;
    last_rank = rank;
    any = true;
    if (!add_units(sign * value, micros_each, sum) || !add_units(sign * fraction, 1, sum)) return false;
  }
  if (!any) return false;
  *micros = sum;
  return true;
}

namespace {

constexpr struct DigitPairs {
  char text[200];
  constexpr DigitPairs() : text() {
    for (int i = 0; i < 100; ++i) {
      text[2 * i] = static_cast<char>('0' + i / 10);
      text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
  }
} kDigitPairs;

inline char* put_two(char* to, uint32_t value) {
  std::memcpy(to, kDigitPairs.text + 2 * value, 2);
  return to + 2;
}

/// Room for 24 bytes: years have up to six digits and a sign.
char* put_date(char* to, int64_t days) {
  CivilDate date = civil_from_days(days);
  if (date.year >= 0 && date.year <= 9999) [[likely]] {
    to = put_two(to, static_cast<uint32_t>(date.year) / 100);
    to = put_two(to, static_cast<uint32_t>(date.year) % 100);
  } else {
    std::string year;
    append_padded(year, static_cast<uint64_t>(date.year < 0 ? -date.year : date.year), 4);
    *to++ = date.year < 0 ? '-' : '+';
    to += year.copy(to, year.size());
  }
  *to++ = '-';
  to = put_two(to, static_cast<uint32_t>(date.month));
  *to++ = '-';
  return put_two(to, static_cast<uint32_t>(date.day));
}

}  // namespace

char* put_time(char* to, int64_t micros) {
  auto seconds = static_cast<uint32_t>(micros / kMicrosPerSecond);
  auto fraction = static_cast<uint32_t>(micros % kMicrosPerSecond);
  to = put_two(to, seconds / 3600);
  *to++ = ':';
  to = put_two(to, seconds / 60 % 60);
  *to++ = ':';
  to = put_two(to, seconds % 60);
  if (fraction == 0) return to;
  *to++ = '.';
  to = put_two(to, fraction / 10'000);
  to = put_two(to, fraction / 100 % 100);
  to = put_two(to, fraction % 100);
  while (to[-1] == '0') --to;
  return to;
}

void append_date(std::string& out, int64_t days) {
  char text[32];
  out.append(text, static_cast<size_t>(put_date(text, days) - text));
}

void append_time(std::string& out, int64_t micros) {
  char text[16];
  out.append(text, static_cast<size_t>(put_time(text, micros) - text));
}

void append_timestamp(std::string& out, int64_t micros) {
  int64_t days = floor_divide(micros, kMicrosPerDay);
  char text[48];
  char* to = put_date(text, days);
  *to++ = 'T';
  // Unsigned: the first day of the range begins before the range does.
  to = put_time(to, static_cast<int64_t>(static_cast<uint64_t>(micros) - static_cast<uint64_t>(days) * kMicrosPerDay));
  *to++ = 'Z';
  out.append(text, static_cast<size_t>(to - text));
}

std::string timestamp_text(int64_t micros) {
  std::string text;
  append_timestamp(text, micros);
  return text;
}

void append_duration_literal(std::string& out, int64_t micros) {
  if (micros == 0) {
    out += "0s";
    return;
  }
  if (micros < 0) out.push_back('-');
  uint64_t rest = micros < 0 ? uint64_t{0} - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  static constexpr struct {
    uint64_t micros;
    std::string_view name;
  } kUnits[] = {{kMicrosPerDay, "d"},    {kMicrosPerHour, "h"}, {kMicrosPerMinute, "m"},
                {kMicrosPerSecond, "s"}, {1000, "ms"},          {1, "us"}};
  for (const auto& unit : kUnits) {
    if (rest < unit.micros) continue;
    append_padded(out, rest / unit.micros, 1);
    out += unit.name;
    rest %= unit.micros;
  }
}

void append_duration_iso(std::string& out, int64_t micros) {
  if (micros < 0) out.push_back('-');
  uint64_t rest = micros < 0 ? uint64_t{0} - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  out.push_back('P');
  if (rest >= kMicrosPerDay) {
    append_padded(out, rest / kMicrosPerDay, 1);
    out.push_back('D');
    rest %= kMicrosPerDay;
    if (rest == 0) return;
  }
  out.push_back('T');
  if (rest >= kMicrosPerHour) {
    append_padded(out, rest / kMicrosPerHour, 1);
    out.push_back('H');
    rest %= kMicrosPerHour;
  }
  if (rest >= kMicrosPerMinute) {
    append_padded(out, rest / kMicrosPerMinute, 1);
    out.push_back('M');
    rest %= kMicrosPerMinute;
  }
  if (rest > 0 || micros == 0) {
    append_padded(out, rest / kMicrosPerSecond, 1);
    append_fraction(out, static_cast<int64_t>(rest % kMicrosPerSecond));
    out.push_back('S');
  }
}

}  // namespace braid
