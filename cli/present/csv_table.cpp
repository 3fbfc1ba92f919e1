#include "cli/present/csv_table.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "cli/present/table.h"

namespace braid::cli {
namespace {

using Cells = std::vector<Table::Cell>;

/// The cells of the line that begins at `at`, which moves behind it.
Cells take_line(const std::string& csv, size_t& at) {
  Cells cells;
  while (true) {
    Table::Cell cell;
    const bool quoted = at < csv.size() && csv[at] == '"';
    if (quoted) {
      for (++at; at < csv.size(); ++at) {
        if (csv[at] == '"' && (at + 1 == csv.size() || csv[at + 1] != '"')) break;
        if (csv[at] == '"') ++at;
        cell.text += csv[at];
      }
      ++at;
    } else {
      const size_t end = std::min(csv.find_first_of(",\n", at), csv.size());
      cell.text = csv.substr(at, end - at);
      at = end;
    }
    cell.faint = !quoted && cell.text.empty();
    if (cell.faint) cell.text = "null";
    cells.push_back(std::move(cell));
    const bool ends = at >= csv.size() || csv[at] == '\n';
    ++at;
    if (ends) return cells;
  }
}

bool is_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error != std::errc::invalid_argument && end == text.data() + text.size();
}

/// A line of a table has no room for others.
void set_on_one_line(std::string& text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
}

}  // namespace

std::string table_of_csv(const std::string& csv, int width, bool color) {
  size_t at = 0;
  const Cells headers = take_line(csv, at);
  std::vector<Cells> rows;
  std::vector<bool> numbers(headers.size(), true);
  while (at < csv.size()) {
    rows.push_back(take_line(csv, at));
    for (size_t i = 0; i < rows.back().size(); ++i) {
      Table::Cell& cell = rows.back()[i];
      set_on_one_line(cell.text);
      if (i < numbers.size() && !cell.faint && !is_number(cell.text)) numbers[i] = false;
    }
  }
  Table table;
  for (size_t i = 0; i < headers.size(); ++i)
    table.column(headers[i].text, numbers[i] && !rows.empty() ? Table::Align::right : Table::Align::left);
  for (Cells& row : rows) table.row(std::move(row));
  return table.render(width, color) + "\n" + counted(static_cast<int64_t>(rows.size()), "row") + "\n";
}

}  // namespace braid::cli
