// Finding the end of JSON values, with their grammar checked: the hot loops of the NDJSON decoder, also used for values
// that nothing reads. Plain functions over bytes.
//
// Contract: the text ends in a line end ('\n'), which no JSON value contains, and kScanPadding readable bytes lie
// behind that. Therefore no function needs to know where the text ends. A result of null means broken text; `ScanError`
// then says why and where.
#pragma once

#include <emmintrin.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace braid {

inline constexpr size_t kScanPadding = 288;

struct ScanError {
  const char* at = nullptr;
  std::string_view reason;  ///< of a literal
  bool too_deep = false;
};

inline const char* skip_blanks(const char* at) {
  while (*at == ' ' || *at == '\t' || *at == '\r') ++at;
  return at;
}

/// A bit for each of the sixteen bytes that is no digit; those above are set.
inline uint32_t find_no_digits(const char* at) {
  __m128i digits = _mm_sub_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)), _mm_set1_epi8('0'));
  __m128i found = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
  return ~static_cast<uint32_t>(_mm_movemask_epi8(found));
}

/// scan_json_number for numbers of any length; looks at no byte behind their end.
const char* scan_long_json_number(const char* at);

/// Behind the last byte of the number, null if there is none. Without a branch on how many digits there are: lengths
/// differ from record to record, and guessing them is what numbers would cost.
inline const char* scan_json_number(const char* at) {
  const char* digits = at + (*at == '-');
  uint32_t others = find_no_digits(digits);
  auto run = static_cast<uint32_t>(__builtin_ctz(others));
  if (run - 1 > 13) return scan_long_json_number(at);
  if (*digits == '0' && run > 1) return digits + 1;
  if (digits[run] == '.') {
    auto fraction = static_cast<uint32_t>(__builtin_ctz(others >> (run + 1)));
    run += 1 + fraction;
    if (fraction == 0 || run > 15) return scan_long_json_number(at);
  }
  if ((digits[run] | 0x20) == 'e') return scan_long_json_number(at);
  return digits + run;
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

/// `at` is behind the opening quote; the result behind the closing one. Escapes are checked, also their surrogates.
const char* scan_json_string(const char* at, bool* escaped, ScanError& error);
/// Any value from its first byte; `depth` levels are open around it.
const char* skip_json_value(const char* at, int depth, ScanError& error);
/// The content of a scanned string with escapes; `to` has room for text.size() bytes, or is the text. Returns the length.
size_t unescape_json(std::string_view text, char* to);

}  // namespace braid
