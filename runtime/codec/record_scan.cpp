#include "runtime/codec/record_scan.h"

#include <immintrin.h>

#include <cstring>

#include "runtime/abi/record_functions.h"

namespace braid {
namespace {

/// Of 64 bytes, without those from `end` on.
inline uint64_t bits_before(uint32_t at, uint32_t end) {
  return end - at >= 64 ? ~uint64_t{0} : (uint64_t{1} << (end - at)) - 1;
}

/// Writes up to 64 positions, some beyond the last one, so that the number of rounds is mostly the same.
inline uint32_t* write_positions(uint64_t bits, uint32_t at, uint32_t* to) {
  uint32_t* behind = to + __builtin_popcountll(bits);
  while (bits != 0) {
    for (int i = 0; i < 8; ++i) {
      *to++ = at + static_cast<uint32_t>(__builtin_ctzll(bits | uint64_t{1} << 63));
      bits &= bits - 1;
    }
  }
  return behind;
}

inline uint64_t specials_sse2(const char* at) {
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1F);
  uint64_t bits = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * i));
    const __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                                       _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    bits |= uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(found))} << (16 * i);
  }
  return bits;
}

size_t find_sse2(const char* text, uint32_t begin, uint32_t end, uint32_t* to) {
  const uint32_t* first = to;
  for (uint32_t at = begin; at < end; at += 64)
    to = write_positions(specials_sse2(text + at) & bits_before(at, end), at, to);
  return static_cast<size_t>(to - first);
}

[[gnu::target("avx2")]] inline uint64_t specials_avx2(const char* at) {
  const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\'), control = _mm256_set1_epi8(0x1F);
  uint64_t bits = 0;
  for (int i = 0; i < 2; ++i) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32 * i));
    const __m256i found =
        _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, backslash)),
                        _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, control), bytes));
    bits |= uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(found))} << (32 * i);
  }
  return bits;
}

[[gnu::target("avx2,bmi,popcnt")]] size_t find_avx2(const char* text, uint32_t begin, uint32_t end, uint32_t* to) {
  const uint32_t* first = to;
  for (uint32_t at = begin; at < end; at += 64)
    to = write_positions(specials_avx2(text + at) & bits_before(at, end), at, to);
  return static_cast<size_t>(to - first);
}

#define BRAID_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt"

[[gnu::target(BRAID_AVX512)]] size_t find_avx512(const char* text, uint32_t begin, uint32_t end, uint32_t* to) {
  const uint32_t* first = to;
  alignas(64) uint8_t numbers[64];
  for (int i = 0; i < 64; ++i) numbers[i] = static_cast<uint8_t>(i);
  const __m512i places = _mm512_load_si512(numbers);
  const __m512i quote = _mm512_set1_epi8('"'), backslash = _mm512_set1_epi8('\\'), blank = _mm512_set1_epi8(0x20);
  for (uint32_t at = begin; at < end; at += 64) {
    const __m512i bytes = _mm512_loadu_si512(text + at);
    uint64_t bits = _mm512_cmpeq_epi8_mask(bytes, quote) | _mm512_cmpeq_epi8_mask(bytes, backslash) |
                    _mm512_cmplt_epu8_mask(bytes, blank);
    if (end - at < 64) [[unlikely]]
      bits &= bits_before(at, end);
    const auto count = static_cast<uint32_t>(__builtin_popcountll(bits));
    const __m512i packed = _mm512_maskz_compress_epi8(bits, places);
    const __m512i base = _mm512_set1_epi32(static_cast<int>(at));
    _mm512_storeu_si512(to, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed)), base));
    if (count > 16) [[unlikely]] {
      alignas(64) uint8_t all[64];
      _mm512_store_si512(all, packed);
      for (uint32_t i = 16; i < count; ++i) to[i] = at + all[i];
    }
    to += count;
  }
  return static_cast<size_t>(to - first);
}

inline bool rest_differs(const ExpectedBytes& expected, const char* at) {
  return std::memcmp(at + 64, expected.rest.data(), expected.rest.size()) != 0;
}

void compare_sse2(const ExpectedBytes& expected, const char* text, const uint32_t* specials, size_t stride,
                  size_t count, uint64_t* differing) {
  const auto* wanted = reinterpret_cast<const __m128i*>(expected.begin);
  const int parts = expected.length <= 16 ? 1 : expected.length <= 32 ? 2 : 4;
  for (size_t i = 0; i < count; ++i) {
    const char* at = text + specials[i * stride + expected.special] - expected.offset;
    uint64_t equal = 0;
    for (int part = 0; part < parts; ++part) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * part));
      equal |= uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted[part])))} << (16 * part);
    }
    differing[i] |= ~equal & expected.mask;
    if (!expected.rest.empty() && rest_differs(expected, at)) differing[i] = 1;
  }
}

[[gnu::target("avx2")]] void compare_avx2(const ExpectedBytes& expected, const char* text, const uint32_t* specials,
                                          size_t stride, size_t count, uint64_t* differing) {
  if (expected.length > 32) return compare_sse2(expected, text, specials, stride, count, differing);
  const __m256i wanted = _mm256_load_si256(reinterpret_cast<const __m256i*>(expected.begin));
  for (size_t i = 0; i < count; ++i) {
    const char* at = text + specials[i * stride + expected.special] - expected.offset;
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const auto equal = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, wanted)));
    differing[i] |= ~uint64_t{equal} & expected.mask;
  }
}

[[gnu::target(BRAID_AVX512)]] void compare_avx512(const ExpectedBytes& expected, const char* text,
                                                  const uint32_t* specials, size_t stride, size_t count,
                                                  uint64_t* differing) {
  if (expected.length > 32) {
    const __m512i wanted = _mm512_load_si512(expected.begin);
    for (size_t i = 0; i < count; ++i) {
      const char* at = text + specials[i * stride + expected.special] - expected.offset;
      differing[i] |= _mm512_mask_cmpneq_epi8_mask(expected.mask, _mm512_loadu_si512(at), wanted);
      if (!expected.rest.empty() && rest_differs(expected, at)) differing[i] = 1;
    }
    return;
  }
  const __m256i wanted = _mm256_load_si256(reinterpret_cast<const __m256i*>(expected.begin));
  const auto mask = static_cast<uint32_t>(expected.mask);
  const uint32_t* special = specials + expected.special;
  text -= expected.offset;
  for (size_t i = 0; i < count; ++i, special += stride) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + *special));
    differing[i] |= _mm256_mask_cmpneq_epi8_mask(mask, bytes, wanted);
  }
}

/// Whether [at, end) is a whole number of up to fifteen digits; its value.
inline bool read_integer(const char* at, const char* end, int64_t* value) {
  const auto length = static_cast<uint64_t>(end - at);
  if (length - 1 > 14) return false;
  const auto negative = static_cast<uint32_t>(*at == '-');
  const uint32_t digits = static_cast<uint32_t>(length) - negative;
  const uint32_t others = find_no_digits(at) & ~negative & ((1U << length) - 1);
  const auto leading_zero = static_cast<uint32_t>(at[negative] == '0') & static_cast<uint32_t>(digits > 1);
  if ((others | leading_zero) != 0 || digits == 0) return false;
  *value = with_sign(digits_among(at, static_cast<uint32_t>(length)), negative);
  return true;
}

uint64_t read_integers(const ValuePlaces& places, int64_t* to) {
  uint64_t failed = 0;
  int64_t value = 0;
  for (size_t i = 0; i < places.count; ++i)
    failed |= static_cast<uint64_t>(!read_integer(places.begin_of(i), places.end_of(i), to ? to + i : &value)) << i;
  return failed;
}

alignas(16) constexpr int8_t kMoves[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                           0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15};

[[gnu::target(BRAID_AVX512), gnu::always_inline]] inline __m512i load_lanes(const void* a, const void* b, const void* c,
                                                                            const void* d) {
  const __m512i low = _mm512_castsi128_si512(_mm_loadu_si128(static_cast<const __m128i*>(a)));
  const __m512i two = _mm512_inserti32x4(low, _mm_loadu_si128(static_cast<const __m128i*>(b)), 1);
  const __m512i three = _mm512_inserti32x4(two, _mm_loadu_si128(static_cast<const __m128i*>(c)), 2);
  return _mm512_inserti32x4(three, _mm_loadu_si128(static_cast<const __m128i*>(d)), 3);
}

/// Of numbers in the first `length[i]` bytes of each lane; `digits` has a bit for each digit, `minus` one for each
/// sign.
[[gnu::target(BRAID_AVX512), gnu::always_inline]] inline __m256i four_numbers(__m512i values, const uint64_t* length,
                                                                              uint64_t digits, uint64_t minus) {
  // To the right end of each lane; then numbers of two, four and eight digits.
  const __m512i moves = load_lanes(kMoves + length[0], kMoves + length[1], kMoves + length[2], kMoves + length[3]);
  const __m512i moved = _mm512_shuffle_epi8(_mm512_maskz_mov_epi8(digits, values), moves);
  const __m512i twos = _mm512_maddubs_epi16(moved, _mm512_set1_epi16(0x010A));
  const __m512i fours = _mm512_madd_epi16(twos, _mm512_set1_epi32(0x00010064));
  const __m512i eights = _mm512_madd_epi16(_mm512_packus_epi32(fours, fours), _mm512_set1_epi32(0x00012710));
  const __m512i sums =
      _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100'000'000)), _mm512_srli_epi64(eights, 32));
  const __m256i numbers = _mm512_castsi512_si256(_mm512_maskz_compress_epi64(0x55, sums));
  const auto negative = static_cast<__mmask8>(_pext_u64(minus, 0x0001000100010001));
  return _mm256_mask_sub_epi64(numbers, negative, _mm256_setzero_si256(), numbers);
}

/// Four at once, each in a lane of sixteen bytes.
template <bool stores>
[[gnu::target(BRAID_AVX512), gnu::always_inline]] inline uint64_t read_lanes(const ValuePlaces& places, int64_t* to) {
  constexpr uint64_t kFirsts = 0x0001000100010001;
  const __m512i zero = _mm512_set1_epi8('0'), nine = _mm512_set1_epi8(9), sign = _mm512_set1_epi8('-' - '0');
  const ptrdiff_t longer = places.end - places.begin;
  const uint32_t *before = places.before, *behind = places.behind;
  uint64_t failed = 0;
  size_t i = 0;
  for (; i + 4 <= places.count; i += 4) {
    const char* at[4];
    uint64_t length[4];
    for (int lane = 0; lane < 4; ++lane, before += places.stride, behind += places.stride) {
      at[lane] = places.begin + *before;
      length[lane] = static_cast<uint64_t>(int64_t{*behind} - int64_t{*before} + longer);
    }
    if (((length[0] | length[1] | length[2] | length[3]) & ~uint64_t{15}) != 0) [[unlikely]] {
      failed |= uint64_t{0xF} << i;
      continue;
    }
    const uint64_t within = _bzhi_u64(~uint64_t{0}, static_cast<uint32_t>(length[0])) |
                            _bzhi_u64(~uint64_t{0}, static_cast<uint32_t>(length[1])) << 16 |
                            _bzhi_u64(~uint64_t{0}, static_cast<uint32_t>(length[2])) << 32 |
                            _bzhi_u64(~uint64_t{0}, static_cast<uint32_t>(length[3])) << 48;
    const __m512i values = _mm512_sub_epi8(load_lanes(at[0], at[1], at[2], at[3]), zero);
    const uint64_t digits = _mm512_cmple_epu8_mask(values, nine);
    const uint64_t zeros = _mm512_testn_epi8_mask(values, values);
    const uint64_t minus = _mm512_cmpeq_epi8_mask(values, sign) & kFirsts & within;
    const uint64_t first = (kFirsts & ~minus) | minus << 1;
    // Other bytes, no digit at all, or a zero before other digits.
    const uint64_t bad = (within & ~digits & ~minus) | (first & ~within) | (first & zeros & (within >> 1));
    if constexpr (stores)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), four_numbers(values, length, digits, minus));
    if (bad == 0) [[likely]]
      continue;
    for (size_t lane = 0; lane < 4; ++lane)
      failed |= static_cast<uint64_t>((bad >> (16 * lane) & 0xFFFF) != 0) << (i + lane);
  }
  int64_t value = 0;
  for (; i < places.count; ++i)
    failed |= static_cast<uint64_t>(!read_integer(places.begin_of(i), places.end_of(i), stores ? to + i : &value)) << i;
  return failed;
}

[[gnu::target(BRAID_AVX512)]] uint64_t read_integers_avx512(const ValuePlaces& places, int64_t* to) {
  return to != nullptr ? read_lanes<true>(places, to) : read_lanes<false>(places, to);
}

}  // namespace

const RecordScan& best_record_scan() {
  static const RecordScan best = record_scans().front();
  return best;
}

std::vector<RecordScan> record_scans() {
  std::vector<RecordScan> scans;
  if (__builtin_cpu_supports("avx512vbmi2")) scans.push_back({find_avx512, compare_avx512, read_integers_avx512});
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
    scans.push_back({find_avx2, compare_avx2, read_integers});
  scans.push_back({find_sse2, compare_sse2, read_integers});
  return scans;
}

}  // namespace braid
