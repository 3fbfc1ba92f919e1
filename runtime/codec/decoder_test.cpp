#include "runtime/codec/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/base/rng.h"
#include "runtime/codec/line_feeds.h"
#include "runtime/codec/turn_cutter.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

DecodeField field(std::string name, Type type) {
  return {name, {name}, std::move(type)};
}

/// One line a record, in order: the values of its fields (or the number of the fault), or the code it is rejected with.
std::vector<std::string> show(const DecodePlan& plan, const DecodedTurn& turn) {
  std::vector<std::string> lines(turn.records.size());
  for (const RejectedRecord& each : turn.rejected) lines[each.record] = code_text(each.diagnostic);
  for (const Block& block : turn.blocks) {
    for (uint32_t row = 0; row < block.rows; ++row) {
      std::string line;
      size_t column = 0;
      for (const DecodeField& each : plan.fields) {
        if (!each.touched) continue;
        std::vector<Slot> slots;
        for (size_t i = 0; i < 1 + leaf_count(each.type); ++i) slots.push_back(read_slot(block.columns[column++], row));
        if (!line.empty()) line += " | ";
        line += slots[0].u8 != 0 ? "fault " + std::to_string(slots[0].u8)
                                 : to_literal(each.type, from_slots(each.type, slots.data() + 1));
      }
      lines[block.record[row]] = line;
    }
  }
  return lines;
}

std::vector<std::string> decode(const DecodePlan& plan, std::string_view text, int64_t position = 0) {
  Arena arena;
  return show(plan, make_decoder(plan)->decode({.bytes = text, .position = position}, arena));
}

int number(ConversionFault fault) {
  return static_cast<int>(fault);
}
std::string fault(ConversionFault which) {
  return "fault " + std::to_string(number(which));
}

using testing::ElementsAre;

TEST(NdjsonDecoder, RecordsKeepOrderPositionAndLine) {
  DecodePlan plan{.fields = {field("a", int_type())}};
  std::string text = "\xEF\xBB\xBF{\"a\":1}\r\n\n  \nbroken\n{\"a\":2}";
  Arena arena;
  DecodedTurn turn =
      make_decoder(plan)->decode({.bytes = text, .position = 0, .first_line = 1, .source = 3, .turn = 9}, arena);
  EXPECT_THAT(show(plan, turn), ElementsAre("1", "E6021", "2"));
  EXPECT_EQ(turn.records[0].bytes.view(), "{\"a\":1}");
  EXPECT_EQ(turn.records[0].position, 3);
  EXPECT_EQ(turn.records[1].line, 4);
  EXPECT_EQ(turn.records[2].line, 5);
  EXPECT_EQ(turn.records[2].position, 23);
  EXPECT_EQ(turn.records[2].ordinal, 2u);
  EXPECT_EQ(turn.records[2].source, 3u);
  EXPECT_EQ(turn.records[2].turn, 9u);
}

TEST(NdjsonDecoder, IntegersOfEveryLength) {
  DecodePlan plan{.fields = {field("a", int_type()), field("b", optional_type(int_type()))}};
  std::string text;
  std::vector<std::string> expected;
  Rng rng(7);
  for (int length = 1; length <= 18; ++length) {
    for (int round = 0; round < 20; ++round) {
      std::string digits(1, static_cast<char>('1' + rng.next() % 9));
      while (static_cast<int>(digits.size()) < length) digits.push_back(static_cast<char>('0' + rng.next() % 10));
      if (round % 2 == 1) digits.insert(0, "-");
      std::string behind = round % 3 == 0 ? " " : "";  // what stands behind must not be read as digits
      text += "{\"a\":" + digits + behind + ",\"b\":" + digits + behind + "}\n";
      std::string value = to_literal(int_type(), Value(static_cast<int64_t>(std::stoll(digits))));
      expected.push_back(value + " | " + value);
    }
  }
  EXPECT_EQ(decode(plan, text), expected);
  EXPECT_THAT(decode(plan,
                     "{\"a\":0,\"b\":-0}\n{\"a\":01,\"b\":1}\n{\"a\":1.0,\"b\":1e2}\n{\"a\":-,\"b\":1}\n"
                     "{\"a\":9223372036854775807,\"b\":-9223372036854775808}\n{\"a\":1,\"b\":null}\n"
                     "{\"a\":1,\"b\":nul}\n"),
              ElementsAre("0 | 0", "E6021", "1 | 100", "E6021", "9223372036854775807 | -9223372036854775808",
                          "1 | null", "E6021"));
}

TEST(NdjsonDecoder, InstantsOfManyDays) {
  DecodePlan plan{.fields = {field("t", timestamp_type())}};
  std::string bad = fault(ConversionFault::bad_time);
  std::vector<std::pair<std::string, std::string>> cases = {{"2013-01-01T10:15:00Z", "@2013-01-01T10:15Z"},
                                                            {"2013-01-01T23:59:59Z", "@2013-01-01T23:59:59Z"},
                                                            {"2013-02-29T00:00:00Z", bad},
                                                            {"2013-01-01T24:00:00Z", bad},
                                                            {"2013-01-01T00:60:00Z", bad},
                                                            {"2016-12-31T23:59:60Z", "@2017-01-01T00:00Z"},
                                                            {"2012-02-29T00:00:00Z", "@2012-02-29T00:00Z"},
                                                            {"2012-02-29T00:00:0aZ", bad},
                                                            {"2012-02-2aT00:00:00Z", bad},
                                                            {"2012-02-29T00:00:01Z", "@2012-02-29T00:00:01Z"},
                                                            {"2012-02-29 00:00:01Z", "@2012-02-29T00:00:01Z"},
                                                            {"2012-02-29T02:00:01+02:00", "@2012-02-29T00:00:01Z"},
                                                            {"1969-12-31T23:59:59Z", "@1969-12-31T23:59:59Z"},
                                                            {"1969-12-31T23:59:59.5Z", "@1969-12-31T23:59:59.5Z"},
                                                            {"0000-01-01T00:00:00Z", "@0000-01-01T00:00Z"},
                                                            {"2012-02-29T00:00:01", bad}};
  std::string text;
  std::vector<std::string> expected;
  for (const auto& [given, wanted] : cases) {
    text += "{\"t\":\"" + given + "\"}\n";
    expected.push_back(wanted);
  }
  EXPECT_EQ(decode(plan, text), expected);
}

TEST(NdjsonDecoder, WhatIsRejectedWhole) {
  DecodePlan plan{.fields = {field("a", optional_type(int_type()))}};
  std::string deep_enough = "{\"x\":" + std::string(63, '[') + std::string(63, ']') + "}";
  std::string too_deep = "{\"x\":" + std::string(64, '[') + std::string(64, ']') + "}";
  std::string too_deep_read = "{\"a\":" + std::string(64, '[') + std::string(64, ']') + "}";
  std::string longest = "{\"x\":\"" + std::string(kMaxRecordBytes - 8, 'x') + "\"}";
  std::string too_long = "{\"x\":\"" + std::string(kMaxRecordBytes - 7, 'x') + "\"}";
  std::string text;
  for (const std::string& line :
       {std::string("[1]"), std::string("5"), std::string("{\"a\":1"), std::string("{\"a\":1}}"),
        std::string("{\"a\":01}"), std::string("{\"x\":\"\xFF\"}"), deep_enough, too_deep, too_deep_read, longest,
        too_long, std::string("{\"x\":\"\\ud800\"}"), std::string("{\"x\":\"\x01\"}"), std::string("{\"x\":nul}"),
        std::string("{}")})
    text += line + "\n";
  EXPECT_THAT(decode(plan, text), ElementsAre("E6021", "E6021", "E6021", "E6021", "E6021", "E6020", "null", "E6023",
                                              "E6023", "null", "E6024", "E6021", "E6021", "E6021", "null"));
}

TEST(NdjsonDecoder, OnlyTouchedFieldsCanBeFaulty) {
  DecodePlan plan{.fields = {field("a", int_type()), field("b", int_type())}};
  plan.fields[1].touched = false;
  EXPECT_THAT(
      decode(plan, "{\"a\":1,\"b\":\"x\",\"b\":2}\n{\"a\":\"1\"}\n{\"a\":null}\n{}\n{\"a\":1,\"a\":1}\n{\"a\":1e19}\n"),
      ElementsAre("1", fault(ConversionFault::wrong_type), fault(ConversionFault::null),
                  fault(ConversionFault::missing), fault(ConversionFault::duplicate),
                  fault(ConversionFault::out_of_range)));
}

TEST(NdjsonDecoder, TimestampsWithZoneAndUnit) {
  DecodePlan plan{
      .fields = {field("t", timestamp_type())}, .zone = "America/New_York", .unit = TimestampUnit::milliseconds};
  EXPECT_THAT(
      decode(plan, "{\"t\":\"2013-07-01T08:00:00\"}\n{\"t\":\"2013-07-01T08:00:00Z\"}\n{\"t\":1500}\n{\"t\":0.0015}\n"),
      ElementsAre("@2013-07-01T12:00Z", "@2013-07-01T08:00Z", "@1970-01-01T00:00:01.5Z",
                  fault(ConversionFault::out_of_range)));
  plan.unit = TimestampUnit::nanoseconds;
  EXPECT_THAT(decode(plan, "{\"t\":-1}\n{\"t\":1999}\n"),
              ElementsAre("@1969-12-31T23:59:59.999999Z", "@1970-01-01T00:00:00.000001Z"));
  plan.unit = TimestampUnit::none;
  plan.zone.clear();
  EXPECT_THAT(decode(plan, "{\"t\":1}\n{\"t\":\"2013-07-01T08:00:00\"}\n"),
              ElementsAre(fault(ConversionFault::wrong_type), fault(ConversionFault::bad_time)));
}

TEST(NdjsonDecoder, DatesAndTimesOfDayAreNumbersWhereThereIsAUnit) {
  DecodePlan plan{.fields = {field("d", date_type()), field("t", time_type()), field("l", duration_type())},
                  .unit = TimestampUnit::milliseconds};
  const std::string row = "{\"d\":-1,\"t\":86399999,\"l\":-1500}\n";
  EXPECT_THAT(decode(plan, row), ElementsAre("@1969-12-31 | @23:59:59.999 | -1s500ms"));
  plan.unit = TimestampUnit::microseconds;
  EXPECT_THAT(decode(plan, "{\"d\":1.5,\"t\":86400000000,\"l\":\"PT1S\"}\n"),
              ElementsAre(fault(ConversionFault::out_of_range) + " | " + fault(ConversionFault::bad_time) + " | 1s"));
  plan.unit = TimestampUnit::none;
  const std::string wrong = fault(ConversionFault::wrong_type);
  EXPECT_THAT(decode(plan, row), ElementsAre(wrong + " | " + wrong + " | " + wrong));
}

TEST(NdjsonDecoder, ManyRowsMakeSeveralBlocks) {
  DecodePlan plan{.fields = {field("a", int_type())}};
  std::string text;
  for (int i = 0; i < 2500; ++i) text += "{\"a\":" + std::to_string(i) + "}\n";
  Arena arena;
  DecodedTurn turn = make_decoder(plan)->decode({.bytes = text, .position = 5}, arena);
  ASSERT_EQ(turn.blocks.size(), 3u);
  EXPECT_EQ(turn.blocks[2].rows, 2500u - 2048u);
  EXPECT_EQ(read_slot(turn.blocks[2].columns[1], 0).i64, 2048);
  EXPECT_EQ(turn.blocks[2].record_of(0).ordinal, 2048u);
}

DecodePlan csv(std::vector<DecodeField> fields) {
  return {.format = Format::csv, .fields = std::move(fields)};
}

TEST(CsvDecoder, ColumnsByHeaderInAnyOrder) {
  DecodePlan plan = csv({field("b", string_type()), {"a", {"A col"}, int_type()}});
  EXPECT_THAT(decode(plan,
                     "\xEF\xBB\xBF"
                     "A col,unused,b\r\n1,x,y\r\n2,x,\"a,\"\"b\"\"\nc\"\r\n3,,"),
              ElementsAre("\"y\" | 1", "\"a,\\\"b\\\"\\nc\" | 2", "\"\" | 3"));
}

TEST(CsvDecoder, NullsAndEmptyCells) {
  DecodePlan plan =
      csv({field("s", optional_type(string_type())), field("i", optional_type(int_type())), field("n", int_type())});
  plan.null_marker = "NA";
  EXPECT_THAT(decode(plan, "s,i,n\nNA,NA,1\n\"NA\",\"1\",\"2\"\n,,NA\n,, \n\"\",\"\",3\n"),
              ElementsAre("null | null | 1", "\"NA\" | 1 | 2", "\"\" | null | " + fault(ConversionFault::null),
                          "\"\" | null | " + fault(ConversionFault::not_a_number), "\"\" | null | 3"));
}

TEST(CsvDecoder, Values) {
  DecodePlan plan =
      csv({field("i", int_type()), field("d", decimal_type(6, 2)), field("b", bool_type()),
           field("l", list_type(int_type())),
           field("c", optional_type(struct_type({{"x", int_type()}, {"y", optional_type(string_type())}})))});
  plan.null_marker = "";
  EXPECT_THAT(
      decode(plan,
             "i,d,b,l,c.x,c.y\n 007 "
             ",-1.50,true,\"[1,2]\",5,z\n-3,1e2,false,[],,\n+1,1.005,TRUE,[1,\n1,2,true,\"[1,x]\",,q\n"),
      ElementsAre("7 | -1.50 | true | [1, 2] | { x: 5, y: \"z\" }", "-3 | 100.00 | false | [] | null", "E6025",
                  "1 | 2.00 | true | " + fault(ConversionFault::wrong_type) + " | " + fault(ConversionFault::null)));
  EXPECT_THAT(
      decode(plan, "i,d,b,l,c.x,c.y\n+1,1.005,TRUE,\"[1\",,\nnan,inf,1,7,,\n\"1,000\",1,true,[],,\n"),
      ElementsAre(fault(ConversionFault::not_a_number) + " | " + fault(ConversionFault::out_of_range) + " | " +
                      fault(ConversionFault::wrong_type) + " | " + fault(ConversionFault::wrong_type) + " | null",
                  fault(ConversionFault::not_a_number) + " | " + fault(ConversionFault::not_a_number) + " | " +
                      fault(ConversionFault::wrong_type) + " | " + fault(ConversionFault::wrong_type) + " | null",
                  fault(ConversionFault::not_a_number) + " | 1.00 | true | [] | null"));
}

TEST(CsvDecoder, BrokenRecords) {
  DecodePlan plan = csv({field("a", string_type())});
  EXPECT_THAT(decode(plan, "a,b\n1\n1,2,3\n\"1\"x,2\n1\"2,3\n\n\xFF,1\nok,\"1\nok,2\n"),
              ElementsAre("E6025", "E6025", "E6027", "E6027", "E6020", "E6027", "\"ok\""));
}

TEST(CsvDecoder, HeaderTrouble) {
  DecodePlan plan = csv({field("a", optional_type(int_type())), field("b", int_type())});
  EXPECT_THAT(decode(plan, "b,b\n1,2\n"),
              ElementsAre(fault(ConversionFault::column_missing) + " | " + fault(ConversionFault::duplicate)));
  plan.header = {"a", "b"};
  EXPECT_THAT(decode(plan, "1,2\n"), ElementsAre("1 | 2"));
  plan.header.clear();
  auto decoder = make_decoder(plan);
  decoder->set_header("b,a\r\n");
  Arena arena;
  EXPECT_THAT(show(plan, decoder->decode({.bytes = "1,2\n", .position = 100}, arena)), ElementsAre("2 | 1"));
  EXPECT_THAT(decode(plan, ""), ElementsAre());
}

/// Cuts a text with as little at hand as the cutter accepts, and with all at hand: the same turns.
std::vector<size_t> cut(Format format, const std::string& text, bool piecemeal, Rng& rng) {
  std::vector<size_t> cuts;
  size_t at = 0;
  while (at < text.size()) {
    size_t window = piecemeal ? 1 + rng.below(200'000) : text.size();
    while (true) {
      std::string_view available = std::string_view(text).substr(at, window);
      TurnCut next =
          cut_turn(format, available, at + available.size() == text.size() ? Follows::nothing : Follows::more);
      if (next.bytes == 0 && next.long_record)
        next.bytes = first_record_bytes(format, std::string_view(text).substr(at), true);
      if (next.bytes != 0) {
        at += next.bytes;
        cuts.push_back(next.bytes);
        break;
      }
      EXPECT_LT(window, kCutLookahead + 200'000) << "the stated number of bytes was not enough";
      window += 1 + rng.below(200'000);
    }
  }
  return cuts;
}

TEST(TurnCutter, AnUnfinishedRecordWaitsForItsEnd) {
  const std::string json = "{}\n{}";
  EXPECT_EQ(cut_turn(Format::ndjson, json, Follows::nothing).bytes, 5u);
  EXPECT_EQ(cut_turn(Format::ndjson, json, Follows::later).bytes, 3u);
  EXPECT_EQ(cut_turn(Format::ndjson, json, Follows::more).bytes, 0u);
  EXPECT_EQ(cut_turn(Format::ndjson, "{}", Follows::later).bytes, 0u);
  // The CR may be the first byte of a CRLF, the quote may still close.
  for (const char* unfinished : {"1,2\r", "1,2", "1,\"2\n3", "1,2\r\r"}) {
    const std::string csv = "a,b\r\n" + std::string(unfinished);
    EXPECT_EQ(cut_turn(Format::csv, csv, Follows::later).bytes, 5u) << unfinished;
    EXPECT_EQ(cut_turn(Format::csv, csv, Follows::nothing).bytes, csv.size()) << unfinished;
  }
}

TEST(LineFeeds, EachKindOfRegistersCountsTheSame) {
  Rng rng(3);
  for (size_t size = 0; size < 700; ++size) {
    std::string text(size, 'x');
    for (char& c : text) c = rng.chance(4) ? '\n' : static_cast<char>(rng.below(128));
    if (size > 0 && rng.chance(2)) text[rng.below(size)] = static_cast<char>(128 + rng.below(128));
    const std::string_view inner = std::string_view(text).substr(std::min<size_t>(size, size % 5));
    for (LineFeedCounter counter : line_feed_counters()) {
      ASSERT_EQ(counter(inner).count, static_cast<size_t>(std::count(inner.begin(), inner.end(), '\n')));
      ASSERT_EQ(counter(inner).ascii, std::none_of(inner.begin(), inner.end(), [](char c) { return c < 0; }));
    }
  }
  EXPECT_EQ(line_feed_counters().back()(std::string(10'000, '\n')).count, 10'000u);
}

TEST(CsvDecoder, EveryLineEndEndsARecord) {
  DecodePlan plan = csv({field("a", int_type()), field("b", int_type())});
  for (std::string end : {"\n", "\r\n", "\r", "\r\r\n"}) {
    SCOPED_TRACE(end.size());
    EXPECT_THAT(decode(plan, "a,b" + end + "1,2" + end + end + "\"3\",4" + end + "5,6"),
                ElementsAre("1 | 2", "3 | 4", "5 | 6"));
    EXPECT_EQ(count_line_ends(Format::csv, end + end + "x" + end), 3u);
    EXPECT_EQ(first_record_bytes(Format::csv, "1,2" + end + "3,4" + end, true), 3 + end.size());
  }
  // In quotes a line end is text.
  DecodePlan texts = csv({field("a", string_type())});
  EXPECT_THAT(decode(texts, "a\r\"x\ry\"\rz\r"), ElementsAre("\"x\\ry\"", "\"z\""));
}

TEST(CsvDecoder, OptionsOfTheFormat) {
  DecodePlan plan = csv({field("a", decimal_type(12, 2)), field("b", float_type()), field("c", string_type()),
                         field("d", optional_type(int_type())), field("t", timestamp_type())});
  plan.separator = ';';
  plan.quote = '\'';
  plan.decimal_comma = true;
  plan.unit = TimestampUnit::seconds;
  const std::string bad = fault(ConversionFault::not_a_number), good = "@2026-01-01T00:00:00.5Z";
  EXPECT_THAT(decode(plan,
                     "a;b;c;d;t\n1,50;-2,5e1;'1,5;';;2026-01-01T00:00:00.5Z\n-3;4;\"x\";7;1767225600,5\n"
                     "1.5;1,5;1.5;1.0;1767225600.5\n' 2,5 ';'3,5';'it''s';1,0;1767225600\n"),
              ElementsAre("1.50 | -25.0 | \"1,5;\" | null | " + good, "-3.00 | 4.0 | \"\\\"x\\\"\" | 7 | " + good,
                          bad + " | 1.5 | \"1.5\" | " + bad + " | " + fault(ConversionFault::bad_time),
                          "2.50 | 3.5 | \"it's\" | 1 | @2026-01-01T00:00Z"));
  plan.quote = 0;
  plan.header = {"c", "d"};
  plan.fields = {plan.fields[3], plan.fields[2]};
  EXPECT_THAT(decode(plan, "\"x;1\n'y';2\n"), ElementsAre("1 | \"\\\"x\"", "2 | \"'y'\""));
}

TEST(CsvDecoder, BlankLinesMayPrecedeTheHeader) {
  DecodePlan plan = csv({field("a", int_type()), field("b", int_type())});
  for (const char* before : {"\n", "\r\n\r\n", "\xEF\xBB\xBF\n", "\r"}) {
    const std::string text = std::string(before) + "a,b\n1,2\n";
    EXPECT_THAT(decode(plan, text), ElementsAre("1 | 2")) << before;
    EXPECT_EQ(find_header(Format::csv, text, true), "a,b\n");
  }
  EXPECT_EQ(find_header(Format::csv, "\n\n", true), "");
}

TEST(TurnCutter, DependsOnTheBytesOnly) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    for (Format format : {Format::ndjson, Format::csv}) {
      std::string text;
      while (text.size() < 3'000'000) {
        if (rng.chance(300)) text += "\"" + std::string(rng.below(1'300'000), 'q') + (rng.chance(2) ? "\",x\n" : "\n");
        if (rng.chance(400)) text += std::string(rng.below(1'300'000), 'z') + "\n";
        if (rng.chance(50)) text += "\"a\n\"\"b\n\",";
        const char* ends[] = {"\n", ",\n", "\r\n", "\r", "\r\r\n"};
        text += std::string(rng.below(2000), 'x') + ends[rng.below(format == Format::csv ? 5 : 3)];
      }
      std::vector<size_t> cuts = cut(format, text, false, rng);
      EXPECT_EQ(cuts, cut(format, text, true, rng));
      size_t at = 0;
      for (size_t bytes : cuts) {
        std::string_view turn = std::string_view(text).substr(at, bytes);
        size_t first = first_record_bytes(format, turn, true);
        EXPECT_TRUE(bytes <= kTurnBytes || first == bytes) << bytes;
        at += bytes;
        // The turn is as full as it can be.
        if (at < text.size()) {
          size_t next = first_record_bytes(format, std::string_view(text).substr(at), true);
          EXPECT_GT(bytes + next, kTurnBytes);
        }
      }
    }
  }
}

}  // namespace
}  // namespace braid
