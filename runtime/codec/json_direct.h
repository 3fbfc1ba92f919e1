// The values that most records are made of, read without a detour: text without escapes, integers of up to sixteen
// digits, instants as "2013-01-01T10:15:00Z", null. What looks any different is left to JsonReader::read_value, which
// reads these too; both must agree.
//
// Plain functions over bytes under the contract of json_scanner.h; a result of null means: not here.
#pragma once

#include <cstring>

#include "runtime/codec/json_scanner.h"
#include "runtime/data/slot.h"
#include "runtime/data/time_text.h"
#include "runtime/data/type.h"

namespace braid {

enum class DirectKind : uint8_t { none, text, integer, timestamp };

inline DirectKind direct_kind(TypeKind kind) {
  if (kind == TypeKind::string) return DirectKind::text;
  if (kind == TypeKind::integer) return DirectKind::integer;
  return kind == TypeKind::timestamp ? DirectKind::timestamp : DirectKind::none;
}

/// The date read last: those of neighbours in a stream are mostly the same.
struct LastDate {
  char text[16] = {};
  int64_t micros = 0;
};

/// Behind the closing quote; null if there are escapes.
inline const char* read_direct_text(const char* at, Bytes* value) {
  if (*at != '"') return nullptr;
  const char* end = find_string_special(at + 1);
  if (*end != '"') return nullptr;
  *value = {at + 1, static_cast<uint64_t>(end - at - 1)};
  return end + 1;
}

/// Eight digits, the first in the lowest byte.
inline uint64_t eight_digits(uint64_t digits) {
  digits = digits * 10 + (digits >> 8);
  return ((digits & 0x000000FF000000FF) * (100 + (uint64_t{1000000} << 32)) +
          (digits >> 16 & 0x000000FF000000FF) * (1 + (uint64_t{10000} << 32))) >>
         32;
}

inline const char* read_direct_integer(const char* at, int64_t* value) {
  uint64_t negative = *at == '-';
  const char* digits = at + negative;
  auto run = static_cast<uint32_t>(__builtin_ctz(find_no_digits(digits)));
  if (run - 1 > 14 || (*digits == '0' && run > 1)) return nullptr;
  char behind = digits[run];
  if (behind == '.' || (behind | 0x20) == 'e') return nullptr;
  // What stands behind the digits is shifted out; what is shifted in counts as leading zeros.
  uint64_t first = 0, magnitude = 0;
  std::memcpy(&first, digits, 8);
  if (run <= 8) [[likely]] {
    magnitude = eight_digits((first - 0x3030303030303030) << (64 - 8 * run));
  } else {
    uint64_t second = 0;
    std::memcpy(&second, digits + run - 8, 8);
    magnitude = eight_digits((first - 0x3030303030303030) << (128 - 8 * run)) * 100000000 +
                eight_digits(second - 0x3030303030303030);
  }
  *value = static_cast<int64_t>((magnitude ^ (uint64_t{0} - negative)) + negative);
  return digits + run;
}

inline const char* read_direct_timestamp(const char* at, LastDate& last, int64_t* value) {
  // "YYYY-MM-DDTHH:MM:SSZ"
  if (*at != '"' || at[11] != 'T' || at[14] != ':' || at[17] != ':' || at[20] != 'Z' || at[21] != '"') return nullptr;
  auto two = [at](int place, uint32_t* bad) {
    uint32_t high = static_cast<uint8_t>(at[place]) - uint32_t{'0'};
    uint32_t low = static_cast<uint8_t>(at[place + 1]) - uint32_t{'0'};
    *bad |= static_cast<uint32_t>(high > 9) | static_cast<uint32_t>(low > 9);
    return high * 10 + low;
  };
  uint32_t bad = 0;
  uint32_t hour = two(12, &bad), minute = two(15, &bad), second = two(18, &bad);
  bad |= static_cast<uint32_t>(hour > 23) | static_cast<uint32_t>(minute > 59) | static_cast<uint32_t>(second > 59);
  if (bad != 0) return nullptr;
  __m128i date = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 1));
  __m128i known = _mm_loadu_si128(reinterpret_cast<const __m128i*>(last.text));
  constexpr uint32_t kTenBytes = 0x3FF;
  if ((static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(date, known))) & kTenBytes) != kTenBytes) {
    int32_t days = 0;
    if (!parse_date({at + 1, 10}, &days)) return nullptr;
    std::memcpy(last.text, at + 1, 10);
    last.micros = int64_t{days} * kMicrosPerDay;
  }
  *value = last.micros + hour * kMicrosPerHour + minute * kMicrosPerMinute + second * kMicrosPerSecond;
  return at + 22;
}

}  // namespace braid
