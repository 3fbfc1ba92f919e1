#include "runtime/codec/turn_cutter.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"

namespace braid {
namespace {

/// Behind the next line end, or the size if there is none and that is the end; 0 if unknown.
size_t line_bytes(std::string_view text, bool at_end) {
  if (text.empty()) return 0;
  const void* found = std::memchr(text.data(), '\n', text.size());
  if (found != nullptr) return static_cast<size_t>(static_cast<const char*>(found) - text.data()) + 1;
  return at_end ? text.size() : 0;
}

/// Behind a CSV record. Quotes open only where a cell begins, as the decoder sees it too.
size_t csv_record_bytes(std::string_view text, bool at_end) {
  size_t first_line = line_bytes(text, at_end);
  if (first_line != 0 && std::memchr(text.data(), '"', first_line) == nullptr) return first_line;
  size_t at = 0, limit = std::min(text.size(), kMaxRecordBytes + 1);
  while (at < limit) {
    if (text[at] == '"') {
      ++at;
      while (true) {
        const void* quote = at < limit ? std::memchr(text.data() + at, '"', limit - at) : nullptr;
        if (quote == nullptr) {
          // Never closed, or not as far as it counts.
          return limit > kMaxRecordBytes || at_end ? first_line : 0;
        }
        at = static_cast<size_t>(static_cast<const char*>(quote) - text.data()) + 1;
        if (at == limit) {
          if (limit == text.size() && limit <= kMaxRecordBytes) return at_end ? text.size() : 0;
          return first_line;
        }
        if (text[at] != '"') break;
        ++at;  // a doubled quote stands for one
      }
    }
    while (at < limit && text[at] != ',' && text[at] != '\n') ++at;
    if (at < limit && text[at] == '\n') return at + 1;
    ++at;
  }
  // A record without open quotes: as long as its line is.
  size_t rest = at < text.size() ? line_bytes(text.substr(at), at_end) : 0;
  if (rest != 0) return at + rest;
  return at_end ? text.size() : 0;
}

}  // namespace

size_t first_record_bytes(Format format, std::string_view available, bool at_end) {
  switch (format) {
    case Format::ndjson:
      return line_bytes(available, at_end);
    case Format::csv:
      return available.empty() ? 0 : csv_record_bytes(available, at_end);
  }
  BRAID_UNREACHABLE("format");
}

TurnCut cut_turn(Format format, std::string_view available, bool at_end) {
  if (available.empty()) return {};
  if (format == Format::ndjson && available.size() >= kTurnBytes) {
    // The last line end within a turn, without looking at the records before it.
    const void* found = ::memrchr(available.data(), '\n', kTurnBytes);
    if (found != nullptr) return {static_cast<size_t>(static_cast<const char*>(found) - available.data()) + 1, false};
  }
  size_t bytes = 0;
  while (bytes < available.size() && bytes < kTurnBytes) {
    std::string_view rest = available.substr(bytes);
    size_t record = first_record_bytes(format, rest, at_end);
    if (record == 0) {
      // Without a line end it goes beyond this turn, whatever it is.
      bool open_line = std::memchr(rest.data(), '\n', rest.size()) == nullptr;
      if (bytes != 0 && open_line && available.size() >= kTurnBytes) return {bytes, false};
      // Not before its length is known, or known to be too much, is the cut the same however much was at hand.
      if (rest.size() < kMaxRecordBytes + 3) return {};
      return bytes != 0 ? TurnCut{bytes, false} : TurnCut{0, true};
    }
    if (bytes + record > kTurnBytes)
      return bytes != 0 ? TurnCut{bytes, false} : TurnCut{record, record > kMaxRecordBytes + 2};
    bytes += record;
  }
  // All that is there are whole records, but a turn ends early only where the input does.
  return at_end || bytes == kTurnBytes ? TurnCut{bytes, false} : TurnCut{};
}

size_t count_line_ends(std::string_view text) {
  const __m128i line_end = _mm_set1_epi8('\n');
  size_t count = 0, at = 0;
  while (at + 16 <= text.size()) {
    // Up to 255 rounds fit the byte counters.
    __m128i found = _mm_setzero_si128();
    for (int round = 0; round < 255 && at + 16 <= text.size(); ++round, at += 16) {
      __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
      found = _mm_sub_epi8(found, _mm_cmpeq_epi8(bytes, line_end));
    }
    __m128i sums = _mm_sad_epu8(found, _mm_setzero_si128());
    count += static_cast<size_t>(_mm_cvtsi128_si64(sums)) +
             static_cast<size_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums)));
  }
  for (; at < text.size(); ++at) count += text[at] == '\n';
  return count;
}

}  // namespace braid
