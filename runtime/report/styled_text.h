// Rows of coloured text for the terminal: a row is filled by column, then written out, with ANSI codes or without.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace braid {

enum class Style { plain, bold, error, warning, note, frame, help };

/// `text` in `style`, or as it is if `color` is off.
std::string styled(std::string_view text, Style style, bool color);

class StyledRow {
 public:
  /// Overwrites the text at `column`; each character of `text` takes one column.
  void put(int column, std::string_view text, Style style);
  bool blank_between(int begin, int end) const;
  /// Without blanks at the end.
  std::string text(bool color) const;

 private:
  struct Cell {
    std::string glyph = " ";
    Style style = Style::plain;
  };
  std::vector<Cell> cells_;
};

}  // namespace braid
