#include "cli/present/table.h"

#include <algorithm>

#include "runtime/report/display_line.h"

namespace braid::cli {
namespace {

constexpr int kWidestCell = 48;
constexpr int kNarrowestCell = 8;

std::string pad(const std::string& text, int width, Table::Align align) {
  const DisplayLine line(text);
  std::string shown = line.cut({0, line.width()});
  if (line.width() > width) {
    shown = line.cut({0, width});
    return shown;
  }
  const std::string blanks(static_cast<size_t>(width - line.width()), ' ');
  return align == Table::Align::left ? shown + blanks : blanks + shown;
}

}  // namespace

std::string Table::render(int width, bool color) const {
  std::vector<int> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    int widest = DisplayLine(columns_[i].header).width();
    for (const auto& row : rows_) widest = std::max(widest, DisplayLine(row[i].text).width());
    widths.push_back(std::min(widest, std::max(kWidestCell, DisplayLine(columns_[i].header).width())));
  }
  auto total = [&] {
    int sum = 0;
    for (const int each : widths) sum += each + 2;
    return sum - 2;
  };
  // Too wide: the widest columns give way first, none below what can be read.
  while (width > 0 && total() > width) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kNarrowestCell) break;
    --*widest;
  }
  const char* bold = color ? "\x1b[1m" : "";
  const char* faint = color ? "\x1b[2m" : "";
  const char* plain = color ? "\x1b[0m" : "";
  auto trimmed = [](std::string line) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return line + "\n";
  };
  std::string text, line;
  for (size_t i = 0; i < columns_.size(); ++i)
    line += (i ? "  " : "") + pad(columns_[i].header, widths[i], columns_[i].align);
  text += bold + trimmed(line).substr(0, trimmed(line).size() - 1) + plain + "\n";
  line.clear();
  for (size_t i = 0; i < columns_.size(); ++i) {
    line += i ? "  " : "";
    for (int n = 0; n < widths[i]; ++n) line += "─";
  }
  text += faint + line + plain + "\n";
  for (const auto& row : rows_) {
    line.clear();
    for (size_t i = 0; i < columns_.size(); ++i) {
      line += i ? "  " : "";
      const std::string cell = pad(row[i].text, widths[i], columns_[i].align);
      line += row[i].faint && color ? faint + cell + plain : cell;
    }
    text += trimmed(line);
  }
  return text;
}

std::string grouped(int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
  return (number < 0 ? "-" : "") + digits;
}

std::string counted(int64_t number, const std::string& word) {
  return grouped(number) + " " + word + (number == 1 ? "" : "s");
}

std::string bytes_text(int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KB", "MB", "GB", "TB"};
  double amount = static_cast<double>(bytes);
  int unit = 0;
  while (amount >= 1024 && unit < 4) {
    amount /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

}  // namespace braid::cli
