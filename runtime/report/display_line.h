// One line of text as a terminal shows it: the column of each byte, tabs as blanks, wide and combining characters,
// unprintable bytes replaced, and a long line cut to a window. A plain value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// Columns [begin, end) of a line that are shown.
struct DisplayWindow {
  int begin = 0;
  int end = 0;
};

class DisplayLine {
 public:
  explicit DisplayLine(std::string_view text);

  /// The column in which the character of this byte begins; `width()` at or after the end.
  int column(size_t byte) const;
  int width() const { return width_; }
  /// The columns of `window`; `…` marks what is cut off.
  std::string cut(DisplayWindow window) const;
  /// At most `room` columns of this line with [begin, end) in the middle, or its start if it is longer than that.
  DisplayWindow window_around(int begin, int end, int room) const;

 private:
  struct Character {
    size_t byte;
    size_t end_byte;
    int column;
    int width;
    std::string shown;
  };
  std::vector<Character> characters_;
  int width_ = 0;
};

/// Bytes of the UTF-8 character at the start of `text` (not empty); 0 if there is none.
size_t utf8_length(std::string_view text);

}  // namespace braid
