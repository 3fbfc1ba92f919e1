#include "runtime/report/styled_text.h"

#include <algorithm>

#include "runtime/report/display_line.h"

namespace braid {
namespace {

std::string_view escape(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::bold:
      return "\x1b[1m";
    case Style::error:
      return "\x1b[1;31m";
    case Style::warning:
      return "\x1b[1;33m";
    case Style::note:
      return "\x1b[1;36m";
    case Style::frame:
      return "\x1b[1;34m";
    case Style::help:
      return "\x1b[1;32m";
  }
  return "";
}

}  // namespace

std::string styled(std::string_view text, Style style, bool color) {
  if (!color || style == Style::plain || text.empty()) return std::string(text);
  return std::string(escape(style)) + std::string(text) + "\x1b[0m";
}

void StyledRow::put(int column, std::string_view text, Style style) {
  auto at = static_cast<size_t>(std::max(column, 0));
  while (!text.empty()) {
    const size_t length = std::max<size_t>(utf8_length(text), 1);
    if (cells_.size() <= at) cells_.resize(at + 1);
    cells_[at++] = {std::string(text.substr(0, length)), style};
    text.remove_prefix(length);
  }
}

bool StyledRow::blank_between(int begin, int end) const {
  for (auto at = static_cast<size_t>(std::max(begin, 0)); at < cells_.size() && static_cast<int>(at) < end; ++at)
    if (cells_[at].glyph != " ") return false;
  return true;
}

std::string StyledRow::text(bool color) const {
  size_t end = cells_.size();
  while (end > 0 && cells_[end - 1].glyph == " ") --end;
  std::string written;
  for (size_t begin = 0; begin < end;) {
    size_t next = begin;
    std::string run;
    while (next < end && cells_[next].style == cells_[begin].style) run += cells_[next++].glyph;
    written += styled(run, cells_[begin].style, color);
    begin = next;
  }
  return written;
}

}  // namespace braid
