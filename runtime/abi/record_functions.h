// Fast paths for the values that most records consist of: text without escapes, numbers with few digits, dates, and
// instants such as "2013-01-01T10:15:00Z". The codec reads every other form, and these forms too; both must agree. The
// codec calls these functions; the code generator links them as bitcode
// (compiler/codegen/linked/record_operations.cpp). So they throw nothing and refer to nothing outside of this header.
//
// JSON: the text ends in a line end ('\n'), which no value contains, and kScanPadding readable bytes follow it.
// Therefore no function needs the end of the text. A null result means that the value is not of this form.
#pragma once

#include <smmintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "runtime/data/decimal.h"
#include "runtime/data/slot.h"
#include "runtime/data/time_text.h"

namespace braid {

inline constexpr size_t kScanPadding = 288;
/// Readable bytes that a direct reader of a number, a date or an instant requires from its beginning on.
inline constexpr size_t kDirectBytes = 64;

inline const char* skip_blanks(const char* at) {
  while (*at == ' ' || *at == '\t' || *at == '\r') ++at;
  return at;
}

/// A bit for each of the sixteen bytes that is not a digit; the bits above are set.
inline uint32_t find_no_digits(const char* at) {
  __m128i digits = _mm_sub_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)), _mm_set1_epi8('0'));
  __m128i found = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
  return ~static_cast<uint32_t>(_mm_movemask_epi8(found));
}

/// First quote, backslash or control character from `at` on.
inline const char* find_string_special(const char* at) {
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1F);
  while (true) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                                 _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    auto mask = static_cast<uint32_t>(_mm_movemask_epi8(found));
    if (mask != 0) return at + __builtin_ctz(mask);
    at += 16;
  }
}

/// A JSON number in the first sixteen bytes from `text` on. Found without a branch on its sign or its number of digits:
/// both differ from record to record, and mispredicted branches would cost more than the rest.
struct DirectNumber {
  uint32_t negative;  ///< 1: it begins with `-`
  uint32_t whole;     ///< digits before the point
  uint32_t fraction;  ///< digits after it; 0: there is no point
  uint32_t length;    ///< of the text; 0: not a number, or one that is not read here
};
inline DirectNumber find_direct_number(const char* text) {
  DirectNumber number{};
  number.negative = *text == '-';
  // The sign counts as a digit, so that the end does not wait for it.
  uint32_t others = find_no_digits(text) & ~number.negative;
  auto run = static_cast<uint32_t>(__builtin_ctz(others));
  number.whole = run - number.negative;
  auto leading_zero = static_cast<uint32_t>(text[number.negative] == '0') & static_cast<uint32_t>(number.whole > 1);
  if ((static_cast<uint32_t>(number.whole - 1 > 13) | leading_zero) != 0) return number;
  if (text[run] == '.') {
    number.fraction = static_cast<uint32_t>(__builtin_ctz(others >> (run + 1)));
    run += 1 + number.fraction;
    if (number.fraction == 0 || run > 15) return number;
  }
  if ((text[run] | 0x20) == 'e') return number;
  number.length = run;
  return number;
}

/// Eight digits, the first in the lowest byte.
inline uint64_t eight_digits(uint64_t digits) {
  digits = digits * 10 + (digits >> 8);
  return ((digits & 0x000000FF000000FF) * (100 + (uint64_t{1000000} << 32)) +
          (digits >> 16 & 0x000000FF000000FF) * (1 + (uint64_t{10000} << 32))) >>
         32;
}

/// The value of 1 to 16 digits; the eight bytes from `digits` on may be read. The bytes after the digits are shifted
/// out; the bytes that are shifted in count as leading zeros.
inline uint64_t direct_digits(const char* digits, uint32_t count) {
  uint64_t first = 0;
  std::memcpy(&first, digits, 8);
  if (count <= 8) [[likely]]
    return eight_digits((first - 0x3030303030303030) << (64 - 8 * count));
  uint64_t second = 0;
  std::memcpy(&second, digits + count - 8, 8);
  return eight_digits((first - 0x3030303030303030) << (128 - 8 * count)) * 100000000 +
         eight_digits(second - 0x3030303030303030);
}

/// The value of the digits among the first `count` bytes, 1 to 16, in any number without a branch on it; other bytes
/// count as zeros. Sixteen bytes may be read.
inline uint64_t digits_among(const char* text, uint32_t count) {
  alignas(16) static constexpr int8_t kMoves[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                                    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15};
  __m128i digits = _mm_sub_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text)), _mm_set1_epi8('0'));
  digits = _mm_and_si128(digits, _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits));
  // To the right end of the register, zeros before them; then numbers of two, four and eight digits.
  digits = _mm_shuffle_epi8(digits, _mm_loadu_si128(reinterpret_cast<const __m128i*>(kMoves + count)));
  const __m128i twos = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
  const __m128i fours = _mm_madd_epi16(twos, _mm_set1_epi32(0x00010064));
  const __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710));
  const auto both = static_cast<uint64_t>(_mm_cvtsi128_si64(eights));
  return (both & 0xFFFFFFFF) * 100'000'000 + (both >> 32);
}

inline int64_t with_sign(uint64_t magnitude, uint64_t negative) {
  return static_cast<int64_t>((magnitude ^ (uint64_t{0} - negative)) + negative);
}

/// Whole numbers of up to fourteen digits.
inline const char* read_direct_integer(const char* at, int64_t* value) {
  DirectNumber number = find_direct_number(at);
  if (number.length == 0 || number.fraction != 0) return nullptr;
  *value = with_sign(digits_among(at, number.length), number.negative);
  return at + number.length;
}

/// Numbers of up to fourteen digits: number and power of ten are exact then, so their quotient is the nearest double.
inline bool direct_float(const char* text, DirectNumber number, double* value) {
  constexpr double kPowers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
  if (number.length == 0) return false;
  const char* digits = text + number.negative;
  uint64_t all = direct_digits(digits, number.whole);
  double magnitude = 0;
  if (number.fraction == 0) {
    magnitude = static_cast<double>(static_cast<int64_t>(all));
  } else {
    all = all * static_cast<uint64_t>(kPowers[number.fraction]) +
          direct_digits(digits + number.whole + 1, number.fraction);
    magnitude = static_cast<double>(static_cast<int64_t>(all)) / kPowers[number.fraction];
  }
  *value = number.negative != 0 ? -magnitude : magnitude;
  return true;
}

inline const char* read_direct_float(const char* at, double* value) {
  DirectNumber number = find_direct_number(at);
  return direct_float(at, number, value) ? at + number.length : nullptr;
}

/// Unscaled. False also if the value does not fit decimal(precision, scale).
inline bool direct_decimal(const char* text, DirectNumber number, int precision, int scale, int128* value) {
  if (number.length == 0 || number.fraction > static_cast<uint32_t>(scale)) return false;
  if (static_cast<int>(number.whole) + scale > kDecimalDigits) return false;
  const char* digits = text + number.negative;
  auto unscaled = static_cast<int128>(direct_digits(digits, number.whole));
  if (number.fraction > 0)
    unscaled = unscaled * static_cast<int64_t>(power_of_ten(static_cast<int>(number.fraction))) +
               static_cast<int64_t>(direct_digits(digits + number.whole + 1, number.fraction));
  unscaled *= power_of_ten(scale - static_cast<int>(number.fraction));
  if (!decimal_fits(unscaled, precision)) return false;
  *value = number.negative != 0 ? -unscaled : unscaled;
  return true;
}

inline const char* read_direct_decimal(const char* at, int precision, int scale, int128* value) {
  DirectNumber number = find_direct_number(at);
  return direct_decimal(at, number, precision, scale, value) ? at + number.length : nullptr;
}

/// The last date read: neighbours in a stream usually have the same date.
struct LastDate {
  char text[16] = "1970-01-01";
  int64_t days = 0;
};

/// "YYYY-MM-DD" at the beginning of sixteen readable bytes.
inline bool read_direct_date(const char* text, LastDate& last, int64_t* days) {
  __m128i date = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  __m128i known = _mm_loadu_si128(reinterpret_cast<const __m128i*>(last.text));
  constexpr uint32_t kTenBytes = 0x3FF;
  if ((static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(date, known))) & kTenBytes) != kTenBytes) {
    uint32_t bad = 0;
    auto digit = [text, &bad](int place) {
      uint32_t value = static_cast<uint8_t>(text[place]) - uint32_t{'0'};
      bad |= static_cast<uint32_t>(value > 9);
      return static_cast<int32_t>(value);
    };
    int32_t year = digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3);
    int32_t month = digit(5) * 10 + digit(6), day = digit(8) * 10 + digit(9);
    if (bad != 0 || text[4] != '-' || text[7] != '-') return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return false;
    std::memcpy(last.text, text, 10);
    last.days = days_from_civil(year, month, day);
  }
  *days = last.days;
  return true;
}

/// "YYYY-MM-DDTHH:MM:SS", up to six digits behind a point, `Z` or an offset, at the beginning of kDirectBytes readable
/// bytes. Returns the byte after it; null if it has another form.
inline const char* read_direct_instant(const char* text, LastDate& last, int64_t* value) {
  // Each byte of the clock as its digit; 0 at a colon.
  uint64_t clock = 0;
  std::memcpy(&clock, text + 11, 8);
  clock ^= 0x30303A30303A3030;
  if ((((clock + 0x76767F76767F7676) | clock) & 0x8080808080808080) != 0 || text[10] != 'T') return nullptr;
  clock = clock * 10 + (clock >> 8);
  auto hour = static_cast<int64_t>(clock & 0xFF), minute = static_cast<int64_t>(clock >> 24 & 0xFF),
       second = static_cast<int64_t>(clock >> 48 & 0xFF);
  int64_t days = 0;
  if (hour > 23 || minute > 59 || second > 59 || !read_direct_date(text, last, &days)) return nullptr;
  int64_t micros = days * kMicrosPerDay + hour * kMicrosPerHour + minute * kMicrosPerMinute + second * kMicrosPerSecond;
  const char* at = text + 19;
  if (*at == '.') {
    constexpr int64_t kUnits[] = {0, 100'000, 10'000, 1000, 100, 10, 1};
    auto count = static_cast<uint32_t>(__builtin_ctz(find_no_digits(at + 1)));
    if (count - 1 > 5) return nullptr;
    micros += static_cast<int64_t>(direct_digits(at + 1, count)) * kUnits[count];
    at += 1 + count;
  }
  if (*at == 'Z') {
    *value = micros;
    return at + 1;
  }
  if ((*at != '+' && *at != '-') || at[3] != ':') return nullptr;
  uint32_t digits[4] = {static_cast<uint8_t>(at[1]) - uint32_t{'0'}, static_cast<uint8_t>(at[2]) - uint32_t{'0'},
                        static_cast<uint8_t>(at[4]) - uint32_t{'0'}, static_cast<uint8_t>(at[5]) - uint32_t{'0'}};
  for (uint32_t digit : digits)
    if (digit > 9) return nullptr;
  int64_t hours = digits[0] * 10 + digits[1], minutes = digits[2] * 10 + digits[3];
  if (hours > 23 || minutes > 59) return nullptr;
  int64_t offset = hours * kMicrosPerHour + minutes * kMicrosPerMinute;
  *value = *at == '-' ? micros + offset : micros - offset;
  return at + 6;
}

inline const char* read_direct_timestamp(const char* at, LastDate& last, int64_t* value) {
  if (*at != '"') return nullptr;
  const char* end = read_direct_instant(at + 1, last, value);
  return end != nullptr && *end == '"' ? end + 1 : nullptr;
}

/// Returns the byte after the closing quote; null if there are escapes.
inline const char* read_direct_text(const char* at, Bytes* value) {
  if (*at != '"') return nullptr;
  const char* end = find_string_special(at + 1);
  if (*end != '"') return nullptr;
  *value = {at + 1, static_cast<uint64_t>(end - at - 1)};
  return end + 1;
}

}  // namespace braid
