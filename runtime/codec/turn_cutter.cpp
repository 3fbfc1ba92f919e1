#include "runtime/codec/turn_cutter.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/codec/avro_container.h"
#include "runtime/codec/line_feeds.h"

namespace braid {
namespace {

/// Behind the next LF, or the size if there is none and that is the end; 0 if unknown.
size_t line_bytes(std::string_view text, bool at_end) {
  if (text.empty()) return 0;
  const void* found = std::memchr(text.data(), '\n', text.size());
  if (found != nullptr) return static_cast<size_t>(static_cast<const char*>(found) - text.data()) + 1;
  return at_end ? text.size() : 0;
}

/// The same for lines of CSV.
size_t csv_line_bytes(std::string_view text, bool at_end) {
  if (text.empty()) return 0;
  const size_t found = find_csv_line_end(text, 0);
  if (found != std::string_view::npos) return behind_csv_line_end(text, found, at_end);
  return at_end ? text.size() : 0;
}

/// Behind a CSV record. Quotes open only where a cell begins, as the decoder sees it too.
size_t csv_record_bytes(const RecordForm& form, std::string_view text, bool at_end) {
  const size_t first_line = csv_line_bytes(text, at_end);
  if (form.quote == 0) return first_line;
  if (first_line != 0 && std::memchr(text.data(), form.quote, first_line) == nullptr) return first_line;
  size_t at = 0, limit = std::min(text.size(), kMaxRecordBytes + 1);
  while (at < limit) {
    if (text[at] == form.quote) {
      ++at;
      while (true) {
        const void* quote = at < limit ? std::memchr(text.data() + at, form.quote, limit - at) : nullptr;
        if (quote == nullptr) {
          // Never closed, or not as far as it counts.
          return limit > kMaxRecordBytes || at_end ? first_line : 0;
        }
        at = static_cast<size_t>(static_cast<const char*>(quote) - text.data()) + 1;
        if (at == limit) {
          if (limit == text.size() && limit <= kMaxRecordBytes) return at_end ? text.size() : 0;
          return first_line;
        }
        if (text[at] != form.quote) break;
        ++at;  // a doubled quote stands for one
      }
    }
    while (at < limit && text[at] != form.separator && text[at] != '\n' && text[at] != '\r') ++at;
    if (at < limit && text[at] != form.separator) return behind_csv_line_end(text, at, at_end);
    ++at;
  }
  // A record without open quotes: as long as its line is.
  size_t rest = at < text.size() ? csv_line_bytes(text.substr(at), at_end) : 0;
  if (rest != 0) return at + rest;
  return at_end ? text.size() : 0;
}

std::string_view container_header(std::string_view text) {
  const auto found = read_container_header(text);
  return found.ok() && found->has_value() ? text.substr(0, (*found)->bytes) : std::string_view();
}

size_t count_container_records(std::string_view text) {
  text.remove_prefix(container_header(text).size());
  return count_block_records(text);
}

}  // namespace

size_t find_csv_line_end(std::string_view text, size_t at) {
  const __m128i line_feed = _mm_set1_epi8('\n'), carriage_return = _mm_set1_epi8('\r');
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const auto found = static_cast<uint32_t>(
        _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, line_feed), _mm_cmpeq_epi8(bytes, carriage_return))));
    if (found != 0) return at + static_cast<size_t>(__builtin_ctz(found));
  }
  for (; at < text.size(); ++at)
    if (text[at] == '\n' || text[at] == '\r') return at;
  return std::string_view::npos;
}

size_t behind_csv_line_end(std::string_view text, size_t at, bool at_end) {
  if (text[at] == '\n') return at + 1;
  if (at + 1 == text.size()) return at_end ? at + 1 : 0;
  if (text[at + 1] == '\n') return at + 2;
  if (text[at + 1] != '\r') return at + 1;
  if (at + 2 == text.size()) return at_end ? at + 1 : 0;
  return text[at + 2] == '\n' ? at + 3 : at + 1;
}

size_t first_record_bytes(const RecordForm& form, std::string_view available, bool at_end) {
  switch (form.format) {
    case Format::ndjson:
      return line_bytes(available, at_end);
    case Format::csv:
      return available.empty() ? 0 : csv_record_bytes(form, available, at_end);
    case Format::avro:
    case Format::protobuf:
    case Format::raw:
      return available.size();
  }
  BRAID_UNREACHABLE("format");
}

std::string_view find_header(const RecordForm& form, std::string_view text, bool at_end) {
  if (form.format == Format::avro) return container_header(text);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (text.starts_with('\r') || text.starts_with('\n')) text.remove_prefix(1);
  return text.substr(0, first_record_bytes(form, text, at_end));
}

TurnCut cut_turn(const RecordForm& form, std::string_view available, Follows follows) {
  if (available.empty()) return {};
  if (form.format == Format::avro) return {available.size(), false};
  if (form.format == Format::ndjson && available.size() >= kTurnBytes) {
    // The last line end within a turn, without looking at the records before it.
    const void* found = ::memrchr(available.data(), '\n', kTurnBytes);
    if (found != nullptr) return {static_cast<size_t>(static_cast<const char*>(found) - available.data()) + 1, false};
  }
  size_t bytes = 0;
  while (bytes < available.size() && bytes < kTurnBytes) {
    std::string_view rest = available.substr(bytes);
    size_t record = first_record_bytes(form, rest, follows == Follows::nothing);
    if (record == 0) {
      // Without a line end it goes beyond this turn, whatever it is.
      bool open_line = form.format == Format::csv ? find_csv_line_end(rest, 0) == std::string_view::npos
                                                  : rest.find('\n') == std::string_view::npos;
      if (bytes != 0 && open_line && available.size() >= kTurnBytes) return {bytes, false};
      // Not before its length is known, or known to be too much, is the cut the same however much was at hand.
      if (rest.size() < kMaxRecordBytes + kLongestLineEnd + 1)
        return follows == Follows::later ? TurnCut{bytes, false} : TurnCut{};
      return bytes != 0 ? TurnCut{bytes, false} : TurnCut{0, true};
    }
    if (bytes + record > kTurnBytes)
      return bytes != 0 ? TurnCut{bytes, false} : TurnCut{record, record > kMaxRecordBytes + kLongestLineEnd};
    bytes += record;
  }
  // All that is there are whole records, but a turn ends early only where the input does.
  return follows != Follows::more || bytes == kTurnBytes ? TurnCut{bytes, false} : TurnCut{};
}

size_t count_line_ends(Format format, std::string_view text, bool* ascii) {
  if (format == Format::avro) return count_container_records(text);
  auto [count, is_ascii] = count_line_feeds(text);
  if (ascii != nullptr) *ascii = is_ascii;
  if (format == Format::ndjson) return count;
  // And each CR that begins no longer line end.
  auto at = [&](size_t i) { return i < text.size() ? text[i] : ' '; };
  for (size_t i = text.find('\r'); i != std::string_view::npos; i = text.find('\r', i + 1))
    count += at(i + 1) != '\n' && !(at(i + 1) == '\r' && at(i + 2) == '\n');
  return count;
}

}  // namespace braid
