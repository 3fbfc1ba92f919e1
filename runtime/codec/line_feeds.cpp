#include "runtime/codec/line_feeds.h"

#include <immintrin.h>

#include <cstdint>

namespace braid {
namespace {

LineFeeds with_rest(size_t count, bool ascii, std::string_view rest) {
  for (const char c : rest) {
    count += c == '\n';
    ascii = ascii && static_cast<uint8_t>(c) < 0x80;
  }
  return {count, ascii};
}

LineFeeds count_sse2(std::string_view text) {
  const __m128i line_feed = _mm_set1_epi8('\n');
  __m128i all = _mm_setzero_si128();
  size_t count = 0, at = 0;
  while (at + 16 <= text.size()) {
    // Up to 255 rounds fit the byte counters.
    __m128i found = _mm_setzero_si128();
    for (int round = 0; round < 255 && at + 16 <= text.size(); ++round, at += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
      found = _mm_sub_epi8(found, _mm_cmpeq_epi8(bytes, line_feed));
      all = _mm_or_si128(all, bytes);
    }
    const __m128i sums = _mm_sad_epu8(found, _mm_setzero_si128());
    count += static_cast<size_t>(_mm_cvtsi128_si64(sums)) +
             static_cast<size_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums)));
  }
  return with_rest(count, _mm_movemask_epi8(all) == 0, text.substr(at));
}

[[gnu::target("avx2,popcnt")]] LineFeeds count_avx2(std::string_view text) {
  const __m256i line_feed = _mm256_set1_epi8('\n');
  __m256i all = _mm256_setzero_si256();
  size_t count = 0, at = 0;
  for (; at + 32 <= text.size(); at += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + at));
    const auto found = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, line_feed)));
    count += static_cast<size_t>(__builtin_popcount(found));
    all = _mm256_or_si256(all, bytes);
  }
  return with_rest(count, _mm256_movemask_epi8(all) == 0, text.substr(at));
}

[[gnu::target("avx512f,avx512bw,popcnt")]] LineFeeds count_avx512(std::string_view text) {
  const __m512i line_feed = _mm512_set1_epi8('\n');
  __m512i all = _mm512_setzero_si512();
  size_t count = 0, at = 0;
  for (; at + 64 <= text.size(); at += 64) {
    const __m512i bytes = _mm512_loadu_si512(text.data() + at);
    count += static_cast<size_t>(__builtin_popcountll(_mm512_cmpeq_epi8_mask(bytes, line_feed)));
    all = _mm512_or_si512(all, bytes);
  }
  return with_rest(count, _mm512_movepi8_mask(all) == 0, text.substr(at));
}

}  // namespace

LineFeeds count_line_feeds(std::string_view text) {
  static const LineFeedCounter best = line_feed_counters().front();
  return best(text);
}

std::vector<LineFeedCounter> line_feed_counters() {
  std::vector<LineFeedCounter> counters;
  if (__builtin_cpu_supports("avx512bw")) counters.push_back(count_avx512);
  if (__builtin_cpu_supports("avx2")) counters.push_back(count_avx2);
  counters.push_back(count_sse2);
  return counters;
}

}  // namespace braid
