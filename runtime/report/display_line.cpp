#include "runtime/report/display_line.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace braid {
namespace {

constexpr int kTabWidth = 4;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

struct Range {
  uint32_t first;
  uint32_t last;
};

// East Asian wide and fullwidth characters, and the emoji blocks.
constexpr Range kWide[] = {{0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},  {0x23E9, 0x23EC},
                           {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},  {0x4E00, 0x9FFF},
                           {0xA000, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},  {0xF900, 0xFAFF},
                           {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F},
                           {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
// Combining marks, zero width characters and variation selectors.
constexpr Range kNarrow[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F},
                             {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x202A, 0x202E},
                             {0x2060, 0x2064}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};

template <size_t n>
bool within(const Range (&ranges)[n], uint32_t point) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [point](Range range) { return range.first <= point && point <= range.last; });
}

uint32_t code_point(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(character[i])); };
  switch (character.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3:
      return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  }
}

}  // namespace

size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = lead < 0x80 ? 1 : lead >= 0xF0 && lead < 0xF5 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (lead >= 0xF5 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  if (length < 3) return length;
  const uint32_t point = code_point(text.substr(0, length));
  const bool overlong = point < (length == 3 ? 0x800u : 0x10000u);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  return overlong || surrogate || point > 0x10FFFF ? 0 : length;
}

DisplayLine::DisplayLine(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text.substr(at));
    Character next{at, at + std::max<size_t>(length, 1), width_, 1, std::string(kReplacement)};
    if (text[at] == '\t') {
      next.width = kTabWidth - width_ % kTabWidth;
      next.shown = std::string(static_cast<size_t>(next.width), ' ');
    } else if (length > 0) {
      const uint32_t point = code_point(text.substr(at, length));
      const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
      if (!control) next.shown = std::string(text.substr(at, length));
      next.width = within(kNarrow, point) ? 0 : within(kWide, point) ? 2 : 1;
    }
    width_ += next.width;
    at = next.end_byte;
    characters_.push_back(std::move(next));
  }
}

int DisplayLine::column(size_t byte) const {
  const auto behind = std::upper_bound(characters_.begin(), characters_.end(), byte,
                                       [](size_t wanted, const Character& c) { return wanted < c.byte; });
  if (behind == characters_.begin()) return 0;
  const Character& character = *std::prev(behind);
  return byte < character.end_byte ? character.column : width_;
}

std::string DisplayLine::cut(DisplayWindow window) const {
  std::string shown;
  const bool cut_left = window.begin > 0;
  const bool cut_right = window.end < width_;
  const int first = window.begin + (cut_left ? 1 : 0);
  const int last = window.end - (cut_right ? 1 : 0);
  if (cut_left) shown += kEllipsis;
  for (const Character& character : characters_) {
    const int end = character.column + character.width;
    if (character.column < first || end > last || (character.width == 0 && character.column == first && cut_left)) {
      // Half of a wide character, or of a tab, at the edge of the window.
      const int blanks = std::min(end, last) - std::max(character.column, first);
      if (blanks > 0 && character.column < last && end > first) {
        shown.append(static_cast<size_t>(blanks), ' ');
      }
      continue;
    }
    shown += character.shown;
  }
  if (cut_right) shown += kEllipsis;
  return shown;
}

DisplayWindow DisplayLine::window_around(int begin, int end, int room) const {
  if (width_ <= room) return {0, width_};
  // A few columns of what stands before a long span say where it begins.
  constexpr int kContext = 8;
  const int length = std::max(end - begin, 1);
  const int before = length + kContext >= room ? kContext : (room - length) / 2;
  const int first = std::clamp(begin - before, 0, width_ - room);
  return {first, first + room};
}

}  // namespace braid
