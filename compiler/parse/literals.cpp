#include "compiler/parse/literals.h"

#include <charconv>

namespace braid::grammar {
namespace {

void append_utf8(std::string& text, uint32_t point) {
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xC0 | point >> 6);
    text += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    text += static_cast<char>(0xE0 | point >> 12);
    text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | point >> 18);
    text += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (point & 0x3F));
  }
}

/// The length of `\u{…}` at the start of `rest` and its code point, or nothing.
std::optional<std::pair<size_t, uint32_t>> code_point(std::string_view rest) {
  if (!rest.starts_with("\\u{")) return std::nullopt;
  const size_t close = rest.find('}');
  if (close == std::string_view::npos || close == 3 || close > 3 + 6) return std::nullopt;
  uint32_t point = 0;
  const auto [end, error] = std::from_chars(rest.data() + 3, rest.data() + close, point, 16);
  if (error != std::errc{} || end != rest.data() + close) return std::nullopt;
  if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return std::nullopt;
  return std::pair{close + 1, point};
}

char simple_escape(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '\\':
    case '"':
    case '\'':
    case '{':
    case '}':
      return letter;
    default:
      return 0;
  }
}

size_t code_point_length(std::string_view text) {
  size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) ++length;
  return length;
}

std::optional<ast::DurationUnit> unit_of(std::string_view text) {
  using enum ast::DurationUnit;
  if (text == "us") return us;
  if (text == "ms") return ms;
  if (text == "s") return s;
  if (text == "m") return m;
  if (text == "h") return h;
  if (text == "d") return d;
  if (text == "w") return w;
  if (text == "mo") return mo;
  if (text == "y") return y;
  return std::nullopt;
}

int number_at(std::string_view text, size_t offset, size_t length) {
  int value = 0;
  std::from_chars(text.data() + offset, text.data() + offset + length, value);
  return value;
}

int days_in(int year, int month) {
  if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

std::string date_mistake(std::string_view date) {
  const int year = number_at(date, 0, 4), month = number_at(date, 5, 2), day = number_at(date, 8, 2);
  if (year == 0) return "years begin with 0001";
  if (month < 1 || month > 12) return "there is no month " + std::string(date.substr(5, 2));
  if (day < 1 || day > days_in(year, month))
    return std::string(date.substr(0, 7)) + " has " + std::to_string(days_in(year, month)) + " days";
  return {};
}

std::string clock_mistake(std::string_view clock) {
  if (number_at(clock, 0, 2) > 23) return "hours go from 00 to 23";
  if (number_at(clock, 3, 2) > 59) return "minutes go from 00 to 59";
  if (clock.size() > 5 && number_at(clock, 6, 2) > 59) return "seconds go from 00 to 59";
  if (clock.size() > 9 + 6) return "times are kept to the microsecond: six digits after the point";
  return {};
}

}  // namespace

DecodedText decode_text(std::string_view source) {
  DecodedText decoded;
  for (size_t i = 0; i < source.size();) {
    if (source[i] != '\\' || i + 1 == source.size()) {
      decoded.value += source[i++];
    } else if (const auto point = code_point(source.substr(i))) {
      append_utf8(decoded.value, point->second);
      i += point->first;
    } else if (source[i + 1] == '0') {
      decoded.value += '\0';
      i += 2;
    } else if (const char escaped = simple_escape(source[i + 1])) {
      decoded.value += escaped;
      i += 2;
    } else {
      const size_t length = 1 + code_point_length(source.substr(i + 1));
      decoded.bad.push_back({i, length});
      decoded.value += source.substr(i, length);
      i += length;
    }
  }
  return decoded;
}

std::optional<std::vector<ast::DurationPart>> duration_parts(std::string_view text) {
  std::vector<ast::DurationPart> parts;
  while (!text.empty()) {
    const size_t unit_begin = text.find_first_not_of("0123456789");
    if (unit_begin == 0 || unit_begin == std::string_view::npos) return std::nullopt;
    size_t unit_end = text.find_first_of("0123456789", unit_begin);
    if (unit_end == std::string_view::npos) unit_end = text.size();
    const auto count = whole_number(text.substr(0, unit_begin));
    const auto unit = unit_of(text.substr(unit_begin, unit_end - unit_begin));
    if (!count || !unit) return std::nullopt;
    parts.push_back({*count, *unit});
    text.remove_prefix(unit_end);
  }
  return parts;
}

std::optional<std::string> meant_duration(std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> kSpellings[] = {
      {"sec", "s"},   {"secs", "s"},    {"second", "s"},  {"seconds", "s"}, {"S", "s"},       {"min", "m"},
      {"mins", "m"},  {"minute", "m"},  {"minutes", "m"}, {"M", "m"},       {"hr", "h"},      {"hrs", "h"},
      {"hour", "h"},  {"hours", "h"},   {"H", "h"},       {"day", "d"},     {"days", "d"},    {"D", "d"},
      {"week", "w"},  {"weeks", "w"},   {"W", "w"},       {"month", "mo"},  {"months", "mo"}, {"mon", "mo"},
      {"year", "y"},  {"years", "y"},   {"yr", "y"},      {"Y", "y"},       {"msec", "ms"},   {"millis", "ms"},
      {"usec", "us"}, {"micros", "us"}, {"µs", "us"}};
  const size_t unit_begin = text.find_first_not_of("0123456789_");
  if (unit_begin == 0 || unit_begin == std::string_view::npos) return std::nullopt;
  for (const auto& [spelled, unit] : kSpellings)
    if (text.substr(unit_begin) == spelled) return std::string(text.substr(0, unit_begin)) + std::string(unit);
  return std::nullopt;
}

std::optional<int64_t> whole_number(std::string_view digits) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string time_mistake(std::string_view text, ast::TimeKind kind) {
  switch (kind) {
    case ast::TimeKind::date:
      return date_mistake(text);
    case ast::TimeKind::time:
      return clock_mistake(text);
    case ast::TimeKind::instant: {
      std::string mistake = date_mistake(text.substr(0, 10));
      if (!mistake.empty()) return mistake;
      const std::string_view rest = text.substr(11);
      const size_t zone = rest.find_first_of("Z+-");
      mistake = clock_mistake(rest.substr(0, zone));
      if (!mistake.empty() || rest[zone] == 'Z') return mistake;
      const std::string_view offset = rest.substr(zone + 1);
      if (number_at(offset, 0, 2) > 18 || number_at(offset, 3, 2) > 59) return "offsets go from -18:00 to +18:00";
      const int ahead = number_at(offset, 0, 2) * 60 + number_at(offset, 3, 2);
      const int clock = number_at(rest, 0, 2) * 60 + number_at(rest, 3, 2);
      if (text.starts_with("0001-01-01") && rest[zone] == '+' && clock < ahead) return "in UTC before the year 0001";
      if (text.starts_with("9999-12-31") && rest[zone] == '-' && clock + ahead >= 24 * 60)
        return "in UTC after the year 9999";
      return {};
    }
  }
  return {};
}

}  // namespace braid::grammar
