#include <algorithm>
#include <set>

#include "cli/project/sample_field.h"

namespace braid::cli {
namespace {

constexpr std::string_view kSeparators = ",;\t|";
constexpr size_t kRecordsTried = 50;  ///< with each separator

struct Cell {
  std::string text;
  bool quoted = false;
};
using Cells = std::vector<Cell>;

/// The next record by RFC 4180, cut off `text`. Empty if it is blank. `broken` is set if quotes are wrong.
Cells next_record(std::string_view& text, char separator, bool& broken) {
  Cells cells(1);
  enum { start, bare, inside, closed } state = start;
  size_t i = 0;
  auto line_end = [&](size_t at) -> size_t {
    for (std::string_view end : {"\r\r\n", "\r\n", "\n", "\r"})
      if (text.substr(at).starts_with(end)) return end.size();
    return 0;
  };
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (state == inside) {
      if (c != '"')
        cells.back().text += c;
      else if (i + 1 < text.size() && text[i + 1] == '"')
        cells.back().text += text[++i];
      else
        state = closed;
    } else if (c == '\n' || c == '\r') {
      break;
    } else if (c == separator) {
      cells.emplace_back();
      state = start;
    } else if (c == '"' && state == start) {
      cells.back().quoted = true;
      state = inside;
    } else {
      broken = broken || c == '"' || state == closed;
      cells.back().text += c;
      state = bare;
    }
  }
  broken = broken || state == inside;
  const bool blank = i == 0;
  text.remove_prefix(std::min(i + line_end(i), text.size()));
  return blank ? Cells() : cells;
}

/// The separator that makes the most records as wide as the first one, with two columns at least.
char find_separator(std::string_view text) {
  char best = ',';
  size_t best_score = 0;
  for (const char separator : kSeparators) {
    std::string_view rest = text;
    bool broken = false;
    const size_t width = next_record(rest, separator, broken).size();
    if (width < 2 || broken) continue;
    size_t same = 1, read = 1;
    for (; read < kRecordsTried && !rest.empty(); ++read) {
      broken = false;
      const size_t found = next_record(rest, separator, broken).size();
      same += !broken && (found == width || found == 0);
    }
    // First by agreement, then by width: `1,5;2,5` is two cells of `;` and three of `,`.
    const size_t score = same * 1000 / read * 10'000 + std::min<size_t>(width, 9'999);
    if (score > best_score) best = separator;
    best_score = std::max(best_score, score);
  }
  return best;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The number in the cell with a point, empty if it is none. Codes as `007` are no numbers: they would lose digits.
std::string number_in(std::string_view cell, char point) {
  std::string text(trim(cell));
  const size_t first = text.starts_with('-') ? 1 : 0;
  size_t at = first;
  auto digits = [&] {
    const size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at > begin;
  };
  if (!digits() || (text[first] == '0' && at > first + 1)) return "";
  if (at < text.size() && text[at] == point) {
    text[at++] = '.';
    if (!digits()) return "";
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (!digits()) return "";
  }
  return at == text.size() ? text : "";
}

/// Whether columns have numbers with a decimal comma, and none with a point.
bool has_decimal_comma(const std::vector<Cells>& rows, size_t columns) {
  size_t commas = 0;
  for (size_t column = 0; column < columns; ++column) {
    size_t with_comma = 0, with_point = 0, others = 0;
    for (const Cells& row : rows) {
      if (row.size() != columns || trim(row[column].text).empty()) continue;
      const std::string& cell = row[column].text;
      const bool comma = !number_in(cell, ',').empty(), point = !number_in(cell, '.').empty();
      with_comma += comma && !point;
      with_point += point && !comma;
      others += !point && !comma;
    }
    if (with_point > 0 && others + with_comma == 0) return false;
    commas += with_comma > 0 && others + with_point == 0;
  }
  return commas > 0;
}

/// A header names columns, so it has no number, time or empty cell; years may be names.
bool looks_like_header(const Cells& cells) {
  std::set<std::string> names;
  for (const Cell& cell : cells) {
    SampleField field;
    field.see_text(cell.text);
    const std::string number = number_in(cell.text, '.');
    const bool year =
        number.size() == 4 && number.find('.') == std::string::npos && number >= "1900" && number < "2200";
    if ((!number.empty() && !year) || field.timestamps + field.local_timestamps + field.dates + field.uuids > 0)
      return false;
    names.insert(cell.text);
  }
  return true;
}

}  // namespace

Sample read_csv_sample(std::string_view text, const std::string& null_marker) {
  Sample sample;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  sample.separator = find_separator(text);
  std::vector<Cells> rows;
  while (!text.empty()) {
    bool broken = false;
    Cells cells = next_record(text, sample.separator, broken);
    // In a file of one column a blank line is an empty cell.
    if (cells.empty() && !rows.empty() && rows.front().size() == 1) cells.resize(1);
    if (broken)
      ++sample.broken;
    else if (!cells.empty())
      rows.push_back(std::move(cells));
  }
  if (rows.empty()) return sample;
  const size_t columns = rows.front().size();
  sample.has_header = looks_like_header(rows.front());
  for (size_t i = 0; i < columns; ++i)
    sample.header.push_back(sample.has_header ? rows.front()[i].text : "column_" + std::to_string(i + 1));
  if (sample.has_header) rows.erase(rows.begin());
  for (size_t i = 0; i < columns; ++i) {
    SampleField& field = sample.root.member(sample.header[i]);
    field.duplicates = std::count(sample.header.begin(), sample.header.end(), sample.header[i]) - 1;
  }
  // Where every cell is in quotes they say nothing about what is a number.
  const bool all_quoted = std::all_of(rows.begin(), rows.end(), [](const Cells& row) {
    return std::all_of(row.begin(), row.end(), [](const Cell& cell) { return cell.quoted || cell.text.empty(); });
  });
  sample.decimal_comma = has_decimal_comma(rows, columns);
  for (const Cells& row : rows) {
    if (row.size() != columns) {
      ++sample.broken;
      continue;
    }
    ++sample.records;
    ++sample.root.objects;
    for (size_t i = 0; i < columns; ++i) {
      const Cell& cell = row[i];
      SampleField& field = sample.root.member(sample.header[i]);
      ++field.records;
      if (cell.text.empty() || (!cell.quoted && cell.text == null_marker)) {
        ++(cell.text.empty() ? field.blanks : field.nulls);
        continue;
      }
      const std::string number = number_in(cell.text, sample.decimal_comma ? ',' : '.');
      if (cell.text == "true" || cell.text == "false")
        ++field.booleans;
      else if (!number.empty() && (!cell.quoted || all_quoted))
        field.see_number(number);
      else
        field.see_text(cell.text);
    }
  }
  return sample;
}

}  // namespace braid::cli
