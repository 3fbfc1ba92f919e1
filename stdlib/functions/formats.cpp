// Numbers as people and other programs write them, and back. No locale has a say: marks are arguments.
#include <fast_float/fast_float.h>

#include <cmath>

#include "runtime/data/decimal.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "stdlib/functions/made_text.h"
#include "stdlib/functions/utf8.h"

namespace braid {

using Text = std::string_view;

namespace {

/// `digits` with a mark between groups of three, and a sign.
void append_grouped(std::string& out, Text number, Text group, Text point) {
  if (number.starts_with('-')) {
    out += '-';
    number.remove_prefix(1);
  }
  const size_t dot = std::min(number.find('.'), number.size());
  for (size_t i = 0; i < dot; ++i) {
    if (i > 0 && (dot - i) % 3 == 0) out += group;
    out += number[i];
  }
  if (dot < number.size()) out.append(point).append(number.substr(dot + 1));
}

/// Marks that would make a number longer than a text can be are not meant.
bool marks_fit(Text group, Text point) {
  return group.size() <= 16 && point.size() <= 16;
}
constexpr std::string_view kLongMarks = "a mark in a number has at most 16 bytes";

}  // namespace

// ---- for people ----------------------------------------------------------------------------------------------------

static Fallible<Text> format_number_int(CallContext& context, int64_t value, Text group) {
  if (!marks_fit(group, "")) return fails(context, kLongMarks);
  return make_text(context, [&](std::string& out) { append_grouped(out, std::to_string(value), group, "."); });
}
BRAID_FUNCTION(formats, format_number_int,
               {.name = "format_number",
                .summary = "A whole number with marks between thousands. Fails for a mark of more than 16 bytes.",
                .parameters = {{"value", "Number to write."},
                               {"group", "Mark between groups of three digits.", R"(",")"}},
                .examples = {{"format_number(-1234567)", R"("-1,234,567")"},
                             {R"(format_number(1234, "."))", R"("1.234")"},
                             {R"(format_number(999, repeat(".", 99)))", "fails"}}})

static Fallible<Text> format_number_decimal(CallContext& context, Decimal value, Text group, Text point) {
  if (!marks_fit(group, point)) return fails(context, kLongMarks);
  return make_text(context, [&](std::string& out) {
    std::string plain;
    append_decimal(plain, value.unscaled, value.scale);
    append_grouped(out, plain, group, point);
  });
}
BRAID_FUNCTION(
    formats, format_number_decimal,
    {.name = "format_number",
     .summary = "A decimal with marks between thousands and all its digits after the point. Fails for a mark of "
                "more than 16 bytes.",
     .parameters = {{"value", "Number to write; `round(x, 2)` sets the digits."},
                    {"group", "Mark between groups of three digits.", R"(",")"},
                    {"point", "Mark before the fraction.", R"(".")"}},
     .examples = {{"format_number(1234567.50)", R"("1,234,567.50")"},
                  {R"(format_number(-1234.5, ".", ","))", R"("-1.234,5")"},
                  {R"(format_number(0.5, repeat(".", 99)))", "fails"}}})

static Fallible<Text> format_fixed(CallContext& context, double value, int64_t digits) {
  if (digits < 0 || digits > 30) return fails(context, "a float is written with 0 to 30 digits after the point");
  return make_text(context, [&](std::string& out) {
    if (!std::isfinite(value)) {
      append_float(out, value);
      return;
    }
    char text[400];  // a float has at most 309 digits before the point
    const int size = std::snprintf(text, sizeof text, "%.*f", static_cast<int>(digits), value);
    out.append(text, static_cast<size_t>(size));
  });
}
BRAID_FUNCTION(
    formats, format_fixed,
    {.summary = "A float with so many digits after the point, rounded exactly. Fails unless these are 0 to 30.",
     .parameters = {{"value", "Number to write."}, {"digits", "Digits after the point."}},
     .examples = {{"format_fixed(3.14159e0, 2)", R"("3.14")"},
                  {"format_fixed(1e21, 0)", R"("1000000000000000000000")"},
                  {"format_fixed(1e0, 31)", "fails"}}})

static Fallible<Text> format_scientific(CallContext& context, double value, int64_t digits) {
  if (digits < 1 || digits > 17) return fails(context, "a float has 1 to 17 significant digits");
  return make_text(context, [&](std::string& out) {
    if (!std::isfinite(value)) {
      append_float(out, value);
      return;
    }
    char text[40];
    const int size = std::snprintf(text, sizeof text, "%.*e", static_cast<int>(digits - 1), value);
    out.append(text, static_cast<size_t>(size));
  });
}
BRAID_FUNCTION(
    formats, format_scientific,
    {.summary = "A float as one digit, its fraction and a power of ten. Fails unless its digits are 1 to 17.",
     .parameters = {{"value", "Number to write."}, {"digits", "Digits that count."}},
     .examples = {{"format_scientific(12345e0, 3)", R"("1.23e+04")"},
                  {"format_scientific(0e0, 1)", R"("0e+00")"},
                  {"format_scientific(1e0, 0)", "fails"}}})

static Text format_size(CallContext& context, int64_t bytes) {
  constexpr Text kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  const uint64_t size = bytes < 0 ? 0 - static_cast<uint64_t>(bytes) : static_cast<uint64_t>(bytes);
  int unit = 0;
  while (unit < 6 && size >> (10 * (unit + 1)) != 0) ++unit;
  uint64_t tenths = size * 10;
  if (unit > 0) {  // rounded to the nearest tenth; what reaches the next unit is written in it
    const uint64_t each = uint64_t{1} << 10 * unit;
    tenths = static_cast<uint64_t>((static_cast<uint128>(size) * 10 + each / 2) / each);
    if (tenths >= 10240 && unit < 6) tenths = 10, ++unit;
  }
  return make_text(context, [&](std::string& out) {
    if (bytes < 0) out += '-';
    if (unit == 0) {
      out += std::to_string(size);
    } else {
      out += std::to_string(tenths / 10);
      out += '.';
      out += static_cast<char>('0' + tenths % 10);
    }
    out += ' ';
    out += kUnits[unit];
  });
}
BRAID_FUNCTION(formats, format_size,
               {.summary = "A number of bytes in the unit that fits: B, KiB, MiB and so on.",
                .parameters = {{"bytes", "Number of bytes."}},
                .examples = {{"format_size(1536)", R"("1.5 KiB")"},
                             {"format_size(1_048_575)", R"("1.0 MiB")"},
                             {"format_size(-1)", R"("-1 B")"}}})

static Fallible<int64_t> parse_size(CallContext& context, Text text) {
  Text rest = utf8::trim_front(utf8::trim_back(text));
  const size_t end = std::min(rest.find_first_not_of("0123456789."), rest.size());
  int128 value = 0;
  if (end == 0 || end > 20 || parse_decimal(rest.substr(0, end), 38, 18, &value) != DecimalFault::none)
    return cannot_convert(context, text);
  std::string unit;
  for (const char c : utf8::trim_front(rest.substr(end))) {
    if (unit.size() == 3) return cannot_convert(context, text);
    unit += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  if (unit.ends_with('B')) unit.pop_back();
  const bool binary = unit.size() == 2 && unit[1] == 'I';
  const size_t power = unit.empty() ? 0 : Text("KMGTPE").find(unit[0]) + 1;
  if (!unit.empty() && (power == 0 || (unit.size() == 2 && !binary))) return cannot_convert(context, text);
  for (size_t i = 0; i < power; ++i)
    if (__builtin_mul_overflow(value, binary ? 1024 : 1000, &value)) return overflow();
  const int128 whole = (value + power_of_ten(18) / 2) / power_of_ten(18);
  if (whole > INT64_MAX) return overflow();
  return static_cast<int64_t>(whole);
}
BRAID_FUNCTION(
    formats, parse_size,
    {.summary = "The number of bytes that a text such as `1.5 MB` or `64KiB` names; `k` is 1000, `Ki` 1024. Fails "
                "for anything else.",
     .parameters = {{"text", "A number and a unit; none means bytes."}},
     .examples = {{R"(parse_size("1.5 MB"))", "1500000"},
                  {R"(parse_size("64KiB"))", "65536"},
                  {R"(parse_size("12"))", "12"},
                  {R"(parse_size("1 XB"))", "fails"}}})

static Text format_duration(CallContext& context, Duration value) {
  return make_text(context, [&](std::string& out) {
    const uint64_t size =
        value.micros < 0 ? 0 - static_cast<uint64_t>(value.micros) : static_cast<uint64_t>(value.micros);
    const uint64_t seconds = size / static_cast<uint64_t>(kMicrosPerSecond);
    if (value.micros < 0) out += '-';
    const auto two = [&out](uint64_t number) {
      out += static_cast<char>('0' + number / 10);
      out += static_cast<char>('0' + number % 10);
    };
    const uint64_t hours = seconds / 3600;
    if (hours < 10) out += '0';
    out += std::to_string(hours);
    out += ':';
    two(seconds / 60 % 60);
    out += ':';
    two(seconds % 60);
  });
}
BRAID_FUNCTION(formats, format_duration,
               {.summary = "A duration as hours, minutes and seconds, cut to whole ones.",
                .parameters = {{"value", "Duration to write."}},
                .examples = {{"format_duration(90m)", R"("01:30:00")"},
                             {"format_duration(-100h)", R"("-100:00:00")"},
                             {"format_duration(0s)", R"("00:00:00")"}}})

static Text ordinal(CallContext& context, int64_t value) {
  return make_text(context, [&](std::string& out) {
    out += std::to_string(value);
    const int64_t hundred = std::abs(value % 100), ten = hundred % 10;
    const bool teen = hundred >= 11 && hundred <= 13;
    out += teen ? "th" : ten == 1 ? "st" : ten == 2 ? "nd" : ten == 3 ? "rd" : "th";
  });
}
BRAID_FUNCTION(formats, ordinal,
               {.summary = "A whole number with its English ending: 1st, 2nd, 3rd, 4th.",
                .parameters = {{"value", "Number to write."}},
                .examples = {{"ordinal(22)", R"("22nd")"}, {"ordinal(111)", R"("111th")"}, {"ordinal(0)", R"("0th")"}}})

static Fallible<Text> roman(CallContext& context, int64_t value) {
  if (value < 1 || value > 3999) return fails(context, "Roman numbers run from 1 to 3999");
  constexpr int kValues[] = {1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1};
  constexpr Text kSigns[] = {"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"};
  return make_text(context, [&](std::string& out) {
    for (size_t i = 0; i < std::size(kValues); ++i)
      for (; value >= kValues[i]; value -= kValues[i]) out += kSigns[i];
  });
}
BRAID_FUNCTION(formats, roman,
               {.summary = "A whole number in Roman numerals. Fails outside 1 to 3999.",
                .parameters = {{"value", "Number to write."}},
                .examples = {{"roman(2026)", R"("MMXXVI")"}, {"roman(4)", R"("IV")"}, {"roman(0)", "fails"}}})

static Fallible<int64_t> from_roman(CallContext& context, Text text) {
  if (text.empty() || text.size() > 15) return cannot_convert(context, text);
  constexpr Text kLetters = "IVXLCDM";
  constexpr int kValues[] = {1, 5, 10, 50, 100, 500, 1000};
  int64_t sum = 0, next = 0;
  for (size_t i = text.size(); i-- > 0;) {
    const char upper = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 32) : text[i];
    const size_t at = kLetters.find(upper);
    if (at == Text::npos) return cannot_convert(context, text);
    sum += kValues[at] < next ? -kValues[at] : kValues[at];
    next = std::max<int64_t>(next, kValues[at]);
  }
  // There is one way to write a number: what reads back otherwise is none.
  if (sum < 1 || sum > 3999) return cannot_convert(context, text);
  const Text usual = roman(context, sum).value;
  bool same = usual.size() == text.size();
  for (size_t i = 0; same && i < text.size(); ++i) same = (usual[i] | 0x20) == (text[i] | 0x20);
  if (!same) return cannot_convert(context, text);
  return sum;
}
BRAID_FUNCTION(formats, from_roman,
               {.summary = "The number that Roman numerals of any case spell. Fails for anything else.",
                .parameters = {{"text", "Roman numerals, 1 to 3999."}},
                .examples = {{R"(from_roman("MCMXCIV"))", "1994"},
                             {R"(from_roman("iv"))", "4"},
                             {R"(from_roman("IIII"))", "fails"}}})

// ---- bases ---------------------------------------------------------------------------------------------------------

static Fallible<Text> to_base(CallContext& context, int64_t value, int64_t base, int64_t width) {
  if (base < 2 || base > 36) return fails(context, "a base is 2 to 36");
  char digits[64];
  size_t size = 0;
  uint64_t rest = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  do {
    digits[size++] = "0123456789abcdefghijklmnopqrstuvwxyz"[rest % static_cast<uint64_t>(base)];
    rest /= static_cast<uint64_t>(base);
  } while (rest != 0);
  while (size < 64 && static_cast<int64_t>(size) < width) digits[size++] = '0';
  return make_text(context, [&](std::string& out) {
    if (value < 0) out += '-';
    while (size > 0) out += digits[--size];
  });
}
BRAID_FUNCTION(
    formats, to_base,
    {.summary = "A whole number in the digits of a base, with a sign if it is negative. Fails unless the base is "
                "2 to 36.",
     .parameters = {{"value", "Number to write."},
                    {"base", "Base: 2 for binary, 16 for hexadecimal digits."},
                    {"width", "Least number of digits, filled up by zeros; 64 at most.", "0"}},
     .examples = {{"to_base(255, 16)", R"("ff")"},
                  {"to_base(5, 2, 8)", R"("00000101")"},
                  {"to_base(-9_223_372_036_854_775_807 - 1, 36)", R"("-1y2p0ij32e8e8")"},
                  {"to_base(1, 1)", "fails"}}})

static Fallible<int64_t> from_base(CallContext& context, Text text, int64_t base) {
  if (base < 2 || base > 36) return fails(context, "a base is 2 to 36");
  Text digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty()) return cannot_convert(context, text);
  int64_t value = 0;
  for (const char c : digits) {
    const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    const int digit = low >= '0' && low <= '9' ? low - '0' : low >= 'a' && low <= 'z' ? low - 'a' + 10 : 99;
    if (digit >= base) return cannot_convert(context, text);
    // Downwards, so that the least number fits too.
    if (__builtin_mul_overflow(value, base, &value) || __builtin_sub_overflow(value, digit, &value)) return overflow();
  }
  if (!negative && value == INT64_MIN) return overflow();
  return negative ? value : -value;
}
BRAID_FUNCTION(formats, from_base,
               {.summary = "The whole number that digits of a base spell. Fails for anything else, and beyond 64 bits.",
                .parameters = {{"text", "Digits of any case, with or without a sign."}, {"base", "Base, 2 to 36."}},
                .examples = {{R"(from_base("FF", 16))", "255"},
                             {R"(from_base("-101", 2))", "-5"},
                             {R"(from_base("2", 2))", "fails"},
                             {R"(from_base("ffffffffffffffff", 16))", "fails"}}})

// ---- from other programs -------------------------------------------------------------------------------------------

static Fallible<double> parse_number(CallContext& context, Text text, Text group, Text point) {
  if (!marks_fit(group, point) || point.empty()) return fails(context, "a mark in a number has 1 to 16 bytes");
  if (text.size() > 1000) return cannot_convert(context, text);
  std::string plain;
  Text rest = utf8::trim_front(utf8::trim_back(text));
  bool fraction = false, digit = false;
  while (!rest.empty()) {
    if (rest.front() >= '0' && rest.front() <= '9') {
      digit = true;
    } else if (!fraction && rest.starts_with(point)) {
      fraction = true;
      plain += '.';
      rest.remove_prefix(point.size());
      continue;
    } else if (!fraction && digit && !group.empty() && rest.starts_with(group)) {
      rest.remove_prefix(group.size());
      continue;
    } else if (!(plain.empty() && (rest.front() == '-' || rest.front() == '+')) &&
               !(digit && ((rest.front() | 0x20) == 'e' || rest.front() == '-' || rest.front() == '+'))) {
      return cannot_convert(context, text);
    }
    plain += rest.front();
    rest.remove_prefix(1);
  }
  double value = 0;
  const char* const begin = plain.data() + (plain.starts_with('+') ? 1 : 0);
  const char* const end = plain.data() + plain.size();
  const auto read = fast_float::from_chars(begin, end, value);
  if (!digit || read.ec != std::errc() || read.ptr != end || !std::isfinite(value))
    return cannot_convert(context, text);
  return value;
}
BRAID_FUNCTION(formats, parse_number,
               {.summary = "The float that a text with marks between thousands spells. Fails for anything else.",
                .parameters = {{"text", "Number such as `1,234.5`; blanks around it do not count."},
                               {"group", "Mark between groups of digits; it may be missing.", R"(",")"},
                               {"point", "Mark before the fraction.", R"(".")"}},
                .examples = {{R"(parse_number("1,234.5"))", "1234.5e0"},
                             {R"(parse_number("-1.234,5", ".", ","))", "-1234.5e0"},
                             {R"(parse_number("12 pieces"))", "fails"}}})

static Fallible<bool> parse_flag(CallContext& context, Text text) {
  char word[6] = {};
  const Text trimmed = utf8::trim_front(utf8::trim_back(text));
  if (trimmed.empty() || trimmed.size() > 5) return cannot_convert(context, text);
  for (size_t i = 0; i < trimmed.size(); ++i)
    word[i] = trimmed[i] >= 'A' && trimmed[i] <= 'Z' ? static_cast<char>(trimmed[i] + 32) : trimmed[i];
  const Text low(word, trimmed.size());
  if (low == "true" || low == "t" || low == "yes" || low == "y" || low == "on" || low == "1") return true;
  if (low == "false" || low == "f" || low == "no" || low == "n" || low == "off" || low == "0") return false;
  return cannot_convert(context, text);
}
BRAID_FUNCTION(
    formats, parse_flag,
    {.summary = "Yes or no as programs write it: `true yes on t y 1`, `false no off f n 0`, of any case. Fails "
                "for anything else.",
     .parameters = {{"text", "Word to read."}},
     .examples = {
         {R"(parse_flag("Yes"))", "true"}, {R"(parse_flag(" off "))", "false"}, {R"(parse_flag("maybe"))", "fails"}}})

BRAID_GROUP(formats)

}  // namespace braid
