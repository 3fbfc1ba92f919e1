// Rows as a table with aligned columns on a terminal: numbers to the right, text to the left, nulls shown faintly, the
// last columns cut with `…` where the terminal is too narrow. Plain text out; a value.
#pragma once

#include <string>
#include <vector>

namespace braid::cli {

class Table {
 public:
  enum class Align { left, right };
  struct Cell {
    std::string text;
    bool faint = false;  ///< null
  };

  void column(std::string header, Align align) { columns_.push_back({std::move(header), align}); }
  void row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  /// Lines that end in \n. `width` 0: no limit.
  std::string render(int width, bool color) const;

 private:
  struct Column {
    std::string header;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// 336776 → "336,776".
std::string grouped(int64_t number);
/// "1 row", "3 rows".
std::string counted(int64_t number, const std::string& word);
/// 1536 → "1.5 KB".
std::string bytes_text(int64_t bytes);

}  // namespace braid::cli
