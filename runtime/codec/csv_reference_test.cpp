// The CSV decoder against a reading character by character, on random texts full of quotes, commas and line ends.

#include <gtest/gtest.h>

#include "runtime/base/rng.h"
#include "runtime/codec/decoder.h"
#include "runtime/codec/turn_cutter.h"

namespace braid {
namespace {

struct PlainCell {
  std::string text;
  bool quoted = false;
};

struct PlainRecord {
  std::vector<PlainCell> cells;
  bool broken = false;
  bool blank = false;
};

/// Bytes of the line end at `at`: LF, CR, CRLF, CRCRLF; 0 if there is none.
size_t line_end_bytes(const std::string& text, size_t at) {
  for (const char* end : {"\r\r\n", "\r\n", "\n", "\r"})
    if (text.compare(at, std::string(end).size(), end) == 0) return std::string(end).size();
  return 0;
}

/// Lines that end before `at`.
int64_t lines_before(const std::string& text, size_t at) {
  int64_t lines = 0;
  for (size_t i = 0; i < at;) {
    const size_t bytes = line_end_bytes(text, i);
    lines += bytes > 0;
    i += std::max<size_t>(bytes, 1);
  }
  return lines;
}

/// One record from `at` on, as RFC 4180 and turn_cutter.h have it.
PlainRecord read_plainly(const RecordForm& form, const std::string& text, size_t& at) {
  PlainRecord record;
  size_t begin = at, line_end = at;
  while (line_end < text.size() && line_end_bytes(text, line_end) == 0) ++line_end;
  std::string cell;
  enum { start, bare, quoted, closed } state = start;
  auto finish = [&](bool was_quoted) {
    record.cells.push_back({cell, was_quoted});
    cell.clear();
    state = start;
  };
  while (true) {
    char c = at < text.size() ? text[at] : '\n';
    if (state == quoted) {
      if (at >= text.size()) {  // never closed: the record is its first line
        at = line_end < text.size() ? line_end + line_end_bytes(text, line_end) : text.size();
        return {.broken = true};
      }
      if (c != form.quote) {
        cell += c;
      } else if (at + 1 < text.size() && text[at + 1] == form.quote) {
        cell += c;
        ++at;
      } else {
        state = closed;
      }
      ++at;
      continue;
    }
    const size_t ends = at < text.size() ? line_end_bytes(text, at) : 1;
    if (ends > 0) {
      record.blank = at == begin;
      finish(state == closed);
      at = std::min(at + ends, text.size());
      return record;
    }
    const bool quote = form.quote != 0 && c == form.quote;
    if (c == form.separator) {
      finish(state == closed);
    } else if (quote && state == start) {
      state = quoted;
    } else {
      // Text behind a quoted cell, or a quote in a bare one: broken, but the record goes on to its line end.
      record.broken = record.broken || state == closed || quote;
      if (state == start) state = bare;
      cell += c;
    }
    ++at;
  }
}

TEST(CsvDecoder, EqualsThePlainReadingOnRandomText) {
  size_t rows = 0, broken = 0;
  for (uint64_t seed = 1; seed <= 4000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    size_t width = 1 + rng.below(4);
    std::string text;
    bool wild = rng.chance(3);
    const RecordForm form(Format::csv, ",;\t|"[rng.below(4)], "\"\"'\0"[rng.below(4)]);
    const std::string quote(form.quote != 0, form.quote), signs = quote + quote + "a\n\rx,;" + form.separator;
    for (uint64_t line = 1 + rng.below(30); line > 0; --line) {
      for (size_t cell = 0; cell < width; ++cell) {
        if (cell > 0) text += form.separator;
        if (form.quote != 0 && rng.chance(3)) {
          text += quote;
          for (uint64_t i = rng.below(20); i > 0; --i) {
            const char sign = signs[rng.below(signs.size())];
            text += std::string(sign == form.quote ? 2 : 1, sign);
          }
          text += quote;
        } else {
          text += std::string(rng.below(20), static_cast<char>('a' + rng.below(26)));
        }
      }
      text += rng.chance(3) ? "\r\n" : rng.chance(8) ? "\r\r\n" : rng.chance(4) ? "\r" : "\n";
    }
    if (rng.chance(2)) text.pop_back();
    if (wild)
      for (int i = 0; i < 3; ++i) text.insert(rng.below(text.size() + 1), 1, signs[rng.below(signs.size())]);

    DecodePlan plan{.format = Format::csv};
    for (size_t cell = 0; cell < width; ++cell) {
      plan.header.push_back("c" + std::to_string(cell));
      plan.fields.push_back({plan.header.back(), {plan.header.back()}, optional_type(string_type())});
    }
    plan.null_marker = "";
    plan.separator = form.separator;
    plan.quote = form.quote;
    std::unique_ptr<char[]> exact(new char[text.size()]);  // so that a sanitizer sees reads beyond it
    text.copy(exact.get(), text.size());
    Arena arena;
    DecodedTurn turn = make_decoder(plan)->decode({.bytes = {exact.get(), text.size()}, .position = 1}, arena);

    size_t at = 0, record = 0, refused = 0, row = 0;
    while (at < text.size()) {
      size_t begin = at;
      PlainRecord expected = read_plainly(form, text, at);
      ASSERT_EQ(first_record_bytes(form, std::string_view(text).substr(begin), true), at - begin);
      ASSERT_EQ(count_line_ends(Format::csv, std::string_view(text).substr(begin, at - begin)),
                lines_before(text, at) - lines_before(text, begin));
      if (expected.blank && width != 1) continue;
      ASSERT_LT(record, turn.records.size());
      ASSERT_EQ(turn.records[record].position, 1 + static_cast<int64_t>(begin));
      ASSERT_EQ(turn.records[record].line, 1 + lines_before(text, begin));
      if (expected.broken || expected.cells.size() != width) {
        ASSERT_LT(refused, turn.rejected.size());
        ASSERT_EQ(turn.rejected[refused].record, record);
        if (!expected.broken) ASSERT_EQ(turn.rejected[refused].diagnostic.code, diag::CellCount::kCode);
        ++refused;
        ++broken;
      } else {
        ASSERT_EQ(turn.blocks.size(), 1u);
        for (size_t cell = 0; cell < width; ++cell) {
          bool null = expected.cells[cell].text.empty() && !expected.cells[cell].quoted;
          ASSERT_EQ(read_slot(turn.blocks[0].columns[3 * cell], static_cast<uint32_t>(row)).u8, 0);
          ASSERT_EQ(read_slot(turn.blocks[0].columns[3 * cell + 1], static_cast<uint32_t>(row)).u8, null ? 0 : 1);
          ASSERT_EQ(read_slot(turn.blocks[0].columns[3 * cell + 2], static_cast<uint32_t>(row)).bytes.view(),
                    expected.cells[cell].text);
        }
        ++row;
        ++rows;
      }
      ++record;
    }
    ASSERT_EQ(record, turn.records.size());
    ASSERT_EQ(refused, turn.rejected.size());
  }
  EXPECT_GT(rows, 20'000u);
  EXPECT_GT(broken, 1'000u);
}

}  // namespace
}  // namespace braid
