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

/// One record from `at` on, as RFC 4180 and decoder.h have it.
PlainRecord read_plainly(const std::string& text, size_t& at) {
  PlainRecord record;
  size_t begin = at, line_end = std::min(text.find('\n', at), text.size());
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
        at = std::min(line_end + 1, text.size());
        return {.broken = true};
      }
      if (c != '"') {
        cell += c;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        cell += c;
        ++at;
      } else {
        state = closed;
      }
      ++at;
      continue;
    }
    bool crlf = c == '\r' && (at + 1 >= text.size() || text[at + 1] == '\n');
    if (c == '\n' || crlf) {
      record.blank = at == begin;
      finish(state == closed);
      at = std::min(at + (crlf ? 2 : 1), text.size());
      return record;
    }
    if (c == ',') {
      finish(state == closed);
    } else if (c == '"' && state == start) {
      state = quoted;
    } else {
      // Text behind a quoted cell, or a quote in a bare one: broken, but the record goes on to its line end.
      record.broken = record.broken || state == closed || c == '"';
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
    for (uint64_t line = 1 + rng.below(30); line > 0; --line) {
      for (size_t cell = 0; cell < width; ++cell) {
        if (cell > 0) text += ',';
        if (rng.chance(3)) {
          text += '"';
          for (uint64_t i = rng.below(20); i > 0; --i)
            text +=
                std::string_view("a,\n\r\"b")[rng.below(6)] == '"' ? "\"\"" : std::string(1, "a,\n\rxb"[rng.below(6)]);
          text += '"';
        } else {
          text += std::string(rng.below(20), static_cast<char>('a' + rng.below(26)));
        }
      }
      text += rng.chance(3) ? "\r\n" : "\n";
    }
    if (rng.chance(2)) text.pop_back();
    if (wild)
      for (int i = 0; i < 3; ++i) text.insert(rng.below(text.size() + 1), 1, "\",\n\rx"[rng.below(5)]);

    DecodePlan plan{.format = Format::csv};
    for (size_t cell = 0; cell < width; ++cell) {
      plan.header.push_back("c" + std::to_string(cell));
      plan.fields.push_back({plan.header.back(), {plan.header.back()}, optional_type(string_type())});
    }
    plan.null_marker = "";
    std::unique_ptr<char[]> exact(new char[text.size()]);  // so that a sanitizer sees reads beyond it
    text.copy(exact.get(), text.size());
    Arena arena;
    DecodedTurn turn = make_decoder(plan)->decode({.bytes = {exact.get(), text.size()}, .position = 1}, arena);

    size_t at = 0, record = 0, refused = 0, row = 0;
    while (at < text.size()) {
      size_t begin = at;
      PlainRecord expected = read_plainly(text, at);
      ASSERT_EQ(first_record_bytes(Format::csv, std::string_view(text).substr(begin), true), at - begin);
      if (expected.blank && width != 1) continue;
      ASSERT_LT(record, turn.records.size());
      ASSERT_EQ(turn.records[record].position, 1 + static_cast<int64_t>(begin));
      ASSERT_EQ(turn.records[record].line,
                1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(begin), '\n'));
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
