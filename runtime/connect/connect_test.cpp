#include <cerrno>

#include <gtest/gtest.h>

#include "runtime/base/rng.h"
#include "runtime/base/sim_fs.h"
#include "runtime/codec/turn_cutter.h"
#include "runtime/connect/sink.h"
#include "runtime/connect/source.h"

namespace braid {
namespace {

void put(Fs& fs, const std::string& path, std::string_view content) {
  ASSERT_TRUE(fs.write_file(path, content).ok());
}

struct Read {
  std::vector<SourceTurn> turns;
  std::vector<std::string> bytes;
};

Read read_all(SourcePartition& partition) {
  Read read;
  TurnBuffer buffer;
  PartitionPosition position;
  while (true) {
    Result<std::optional<SourceTurn>> turn = partition.next_turn(position, buffer);
    EXPECT_TRUE(turn.ok());
    if (!turn.ok() || !turn->has_value()) return read;
    read.turns.push_back(**turn);
    read.bytes.emplace_back((*turn)->bytes);
    EXPECT_TRUE((*turn)->begin == position);
    position = (*turn)->end;
  }
}

TEST(Source, PartitionsAreFilesInBytewiseOrder) {
  SimFs fs(1);
  ASSERT_TRUE(fs.make_directories("in").ok());
  for (const char* name : {"in/b.csv", "in/a10.csv", "in/a2.csv", "in/A.csv"}) put(fs, name, "x");
  EXPECT_EQ(*find_partitions(fs, "in/*.csv"),
            (std::vector<std::string>{"in/A.csv", "in/a10.csv", "in/a2.csv", "in/b.csv"}));
  EXPECT_EQ(find_partitions(fs, "in/*.json").error().code, 7002);
  EXPECT_EQ(open_partition(fs, "in/none", Format::csv).error().code, 7001);
}

TEST(Source, TurnsAreTheBytesOfTheFile) {
  Rng rng(2);
  SimFs fs(1);
  std::string text;
  while (text.size() < 2'000'000) text += std::string(rng.below(3000), 'x') + "\n";
  text += "last without end";
  put(fs, "f", text);
  auto partition = open_partition(fs, "f", Format::ndjson);
  ASSERT_TRUE(partition.ok());
  Read read = read_all(**partition);
  std::string joined;
  for (const std::string& turn : read.bytes) {
    EXPECT_LE(turn.size(), kTurnBytes);
    joined += turn;
  }
  EXPECT_EQ(joined, text);
  EXPECT_EQ(read.turns.back().end.line, 1 + std::count(text.begin(), text.end(), '\n'));
}

TEST(Source, LongRecordsAreTheirBeginningAndTheirLength) {
  SimFs fs(1);
  for (const char* end : {"\n", "\r\n"}) {
    put(fs, "f", "{}\n" + std::string(3'000'000, 'x') + end + "{}\n" + std::string(2'000'000, 'y'));
    auto partition = open_partition(fs, "f", Format::ndjson);
    Read read = read_all(**partition);
    ASSERT_EQ(read.turns.size(), 4u);
    EXPECT_EQ(read.turns[1].long_record_bytes, 3'000'000u);
    EXPECT_EQ(read.bytes[1], std::string(kMaxRecordBytes, 'x'));
    EXPECT_EQ(read.bytes[2], "{}\n");
    EXPECT_EQ(read.turns[2].begin.line, 3);
    EXPECT_EQ(read.turns[3].long_record_bytes, 2'000'000u);
    EXPECT_EQ(read.turns[3].end.line, 4);
  }
}

TEST(Source, CsvQuotesHoldTurnsTogether) {
  SimFs fs(1);
  std::string quoted = "1,\"" + std::string(300'000, '\n') + "\"\n";
  put(fs, "f", "a,b\n" + quoted + "2,\"open\n3,4\n");
  auto partition = open_partition(fs, "f", Format::csv);
  EXPECT_EQ(*(*partition)->header(), "a,b\n");
  Read read = read_all(**partition);
  ASSERT_EQ(read.bytes.size(), 3u);
  EXPECT_EQ(read.bytes[1], quoted);
  EXPECT_EQ(read.bytes[2], "2,\"open\n3,4\n");
}

TEST(Source, ARecordWithoutLineEndWaitsWhereInputsGrow) {
  SimFs fs(1);
  TurnBuffer buffer;
  for (Format format : {Format::ndjson, Format::csv}) {
    put(fs, "f", "{}\n{\"a\":");
    auto partition = open_partition(fs, "f", format, false);
    auto turn = *(*partition)->next_turn({}, buffer);
    ASSERT_TRUE(turn);
    EXPECT_EQ(turn->bytes, "{}\n");
    EXPECT_FALSE(*(*partition)->next_turn(turn->end, buffer));
    EXPECT_EQ((*partition)->held_bytes(), 5u);
    EXPECT_EQ((*open_partition(fs, "f", format))->next_turn(turn->end, buffer).value()->bytes, "{\"a\":");
    put(fs, "f", "{}\n{\"a\":1}\n");
    partition = open_partition(fs, "f", format, false);
    EXPECT_EQ((*partition)->next_turn(turn->end, buffer).value()->bytes, "{\"a\":1}\n");
    EXPECT_EQ((*partition)->held_bytes(), 0u);
    EXPECT_FALSE(*(*partition)->grew_in_record(3));
    EXPECT_TRUE(*(*partition)->grew_in_record(5));
    put(fs, "f", std::string(2'000'000, 'y'));
    EXPECT_FALSE(*(*open_partition(fs, "f", format, false))->next_turn({}, buffer));
  }
}

TEST(Source, ACarriageReturnAtTheEndMayBeHalfALineEnd) {
  SimFs fs(1);
  TurnBuffer buffer;
  put(fs, "f", "a\r\n1\r");
  auto growing = open_partition(fs, "f", Format::csv, false);
  auto turn = *(*growing)->next_turn({}, buffer);
  EXPECT_EQ(turn->bytes, "a\r\n");
  EXPECT_FALSE(*(*growing)->next_turn(turn->end, buffer));
  // Read to its end, and the other half comes: it is not an empty line.
  auto complete = open_partition(fs, "f", Format::csv);
  turn = *(*complete)->next_turn({}, buffer);
  EXPECT_EQ(turn->bytes, "a\r\n1\r");
  EXPECT_EQ(turn->end.line, 3);
  put(fs, "f", "a\r\n1\r\n2\r\n");
  auto grown = open_partition(fs, "f", Format::csv);
  turn = *(*grown)->next_turn(turn->end, buffer);
  EXPECT_EQ(turn->bytes, "2\r\n");
  EXPECT_EQ(turn->begin.position, 6);
  EXPECT_EQ(turn->begin.line, 3);
}

TEST(Source, LongCsvRecordsEndWithAnyLineEnd) {
  SimFs fs(1);
  for (const std::string end : {"\n", "\r\n", "\r", "\r\r\n"}) {
    put(fs, "f", "a" + end + std::string(3'000'000, 'x') + end + "1" + end);
    auto partition = open_partition(fs, "f", Format::csv);
    Read read = read_all(**partition);
    ASSERT_EQ(read.turns.size(), 3u);
    EXPECT_EQ(read.turns[1].long_record_bytes, 3'000'000u);
    EXPECT_EQ(read.bytes[2], "1" + end);
    EXPECT_EQ(read.turns[2].begin.line, 3);
  }
}

TEST(Source, WhatIsNoTextIsNotRead) {
  SimFs fs(1);
  TurnBuffer buffer;
  auto put_bytes = [&](std::string_view bytes) { put(fs, "f", std::string(bytes)); };
  using std::string_view_literals::operator""sv;
  for (std::string_view head : {"\x1F\x8B\x08"sv, "\x28\xB5\x2F\xFD."sv, "PK\x03\x04."sv, "\xFF\xFE{\0"sv,
                                "\xFE\xFF\0{"sv, "\xFF\xFE\0\0{\0\0\0"sv, "a\0,\0b\0\n\0"sv, "\0a\0,"sv, "BZh91AY&SY"sv,
                                "\xFD"
                                "7zXZ"sv}) {
    put_bytes(head);
    for (Format format : {Format::ndjson, Format::csv}) {
      auto partition = open_partition(fs, "f", format);
      auto turn = (*partition)->next_turn({}, buffer);
      ASSERT_FALSE(turn.ok());
      EXPECT_EQ(turn.error().code, 7030);
      EXPECT_EQ(turn.error().kind, ErrorKind::input);
      EXPECT_NE(turn.error().message.find("`f`"), std::string::npos) << turn.error().message;
    }
  }
  auto warning = [&](std::string_view text, Format format) {
    put_bytes(text);
    auto partition = open_partition(fs, "f", format);
    auto turn = *(*partition)->next_turn({}, buffer);
    return turn->warning ? turn->warning->code : 0;
  };
  for (std::string_view text : {"[{\"a\":1},\n{\"a\":2}]\n", "[\n  {\n", "\xEF\xBB\xBF[ {\"a\":1} ]",
                                "{\n \"a\": 1\n}\n", "{\"a\": 1,\n \"b\": 2}\n", "{\"a\":1}\r{\"a\":2}\r"})
    EXPECT_EQ(warning(text, Format::ndjson), 7034) << text;
  EXPECT_EQ(warning("{\"a\":1}\n", Format::csv), 7034);
  for (std::string_view text :
       {"{\"a\":1}\r\n{\"a\":2}\r\n", "{}\n", "[1, 2]\n{}\n", "not JSON\n", "{", "\n\n", "{\"a\":1}"})
    EXPECT_EQ(warning(text, Format::ndjson), 0) << text;
  EXPECT_EQ(warning("a,b\r1,2\r", Format::csv), 0);
}

TEST(Source, FingerprintTellsAnotherFile) {
  SimFs fs(1);
  std::string text(10'000, 'x');
  put(fs, "f", text);
  uint64_t before = *(*open_partition(fs, "f", Format::ndjson))->fingerprint(9000);
  put(fs, "f", text + "more");
  EXPECT_EQ(*(*open_partition(fs, "f", Format::ndjson))->fingerprint(9000), before);
  text[8000] = 'y';
  put(fs, "f", text);
  EXPECT_NE(*(*open_partition(fs, "f", Format::ndjson))->fingerprint(9000), before);
  put(fs, "f", "short");
  EXPECT_EQ((*open_partition(fs, "f", Format::ndjson))->fingerprint(9000).error().code, 7011);
}

TEST(Source, ReadErrorsAreReported) {
  SimFs fs(1);
  put(fs, "f", "{}\n");
  auto partition = open_partition(fs, "f", Format::ndjson);
  TurnBuffer buffer;
  fs.fail_operation(fs.operations() + 1, EIO);
  Result<std::optional<SourceTurn>> turn = (*partition)->next_turn({}, buffer);
  ASSERT_FALSE(turn.ok());
  EXPECT_EQ(turn.error().code, 7001);
  EXPECT_EQ(turn.error().kind, ErrorKind::input);
}

TEST(Sink, RefusesAForeignFile) {
  SimFs fs(1);
  put(fs, "out.ndjson", "somebody's");
  EXPECT_EQ(OutputFile::open(fs, "out.ndjson", false, {}).error().code, 7010);
  EXPECT_EQ(*fs.read_file("out.ndjson"), "somebody's");
  EXPECT_EQ(OutputFile::open(fs, "out.ndjson", true, {.bytes = 100}).error().code, 8007);
  EXPECT_EQ(OutputFile::open(fs, "gone.ndjson", true, {.bytes = 1}).error().code, 8007);
}

TEST(Sink, ReportsAFullDiskAndAFailedSync) {
  SimFs fs(1);
  auto file = OutputFile::open(fs, "deep/er/out", false, {});
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->append("x").ok());
  fs.fail_operation(fs.operations() + 1, ENOSPC);
  EXPECT_EQ((*file)->freeze().error().code, 8003);
  file->reset();
  auto again = OutputFile::open(fs, "deep/er/out", true, {});
  ASSERT_TRUE((*again)->append("y").ok());
  ASSERT_TRUE((*again)->freeze().ok());
  fs.fail_operation(fs.operations() + 1, EIO);
  EXPECT_EQ((*again)->sync().error().code, 8006);
}

TEST(Sink, HasAFileForItself) {
  SimFs fs(1);
  auto file = OutputFile::open(fs, "out", false, {});
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->append("row\n").ok());
  ASSERT_TRUE((*file)->freeze().ok());
  const CommittedOutput committed = (*file)->committed();
  EXPECT_EQ(OutputFile::open(fs, "./here/../out", true, committed).error().code, 8011);
  fs.link("out", "other");
  EXPECT_EQ(OutputFile::open(fs, "other", true, {}).error().code, 8011);
  file->reset();
  EXPECT_EQ(OutputFile::open(fs, "other", true, {}).error().code, 8014);
  EXPECT_EQ(*fs.read_file("out"), "row\n");
}

TEST(Sink, GoesOnOnlyBehindWhatItWrote) {
  SimFs fs(1);
  const std::string text(6000, 'x');
  CommittedOutput committed;
  {
    auto file = OutputFile::open(fs, "out", false, {}).value();
    ASSERT_TRUE(file->append(text).ok());
    ASSERT_TRUE(file->freeze().ok());
    committed = file->committed();
    EXPECT_EQ(committed.bytes, text.size());
  }
  EXPECT_TRUE(*OutputFile::holds(fs, "out", committed));
  put(fs, "out", std::string(5999, 'x') + "yz");
  EXPECT_FALSE(*OutputFile::holds(fs, "out", committed));
  EXPECT_EQ(OutputFile::open(fs, "out", true, committed).error().code, 8013);
  EXPECT_EQ(fs.read_file("out")->size(), 6001u);
  put(fs, "out", text + "tail of a crash");
  bool asked = false;
  auto refused = OutputFile::open(fs, "out", true, committed, [&](const FileInfo& info) -> Status {
    asked = info.size > text.size();
    return Error{ErrorKind::output, "not yours", 8012, 0};
  });
  EXPECT_TRUE(asked);
  EXPECT_EQ(refused.error().code, 8012);
  EXPECT_GT(fs.read_file("out")->size(), text.size());
  EXPECT_TRUE(OutputFile::open(fs, "out", true, committed).ok());
  EXPECT_EQ(*fs.read_file("out"), text);
}

/// Rows are appended, synced and committed; the power goes at every possible operation. Afterwards the file holds
/// exactly what is committed, and goes on from there to the same end.
TEST(Sink, CommittedBytesSurviveEveryPowerCut) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    for (uint64_t cut = 1;; ++cut) {
      SimFs fs(seed);
      CommittedOutput committed;
      uint64_t next = 0;
      bool claimed = false;
      std::string expected;
      for (int i = 0; i < 20; ++i) expected += "row " + std::to_string(i) + "\n";
      auto run = [&]() -> Status {
        bool was_claimed = claimed;
        claimed = true;  // the state says so before the file is made
        BRAID_ASSIGN(auto file, OutputFile::open(fs, "dir/out", was_claimed, committed));
        BRAID_ASSIGN(std::string content, fs.read_file("dir/out"));
        EXPECT_EQ(content, expected.substr(0, committed.bytes));
        uint64_t appended = next;
        auto append = [&] { return file->append("row " + std::to_string(appended++) + "\n"); };
        for (uint64_t i = next; i < 20; ++i) {
          if (i == appended) BRAID_TRY(append());
          if (i % 3 != 2 && i != 19) continue;
          BRAID_TRY(file->freeze());
          CommittedOutput frozen = file->committed();
          // What comes before the sync belongs to the next commit, whether it lasts or not.
          if (appended < 20) BRAID_TRY(append());
          BRAID_TRY(file->sync());
          committed = frozen;
          next = i + 1;
        }
        return {};
      };
      fs.cut_power_at(cut);
      bool whole = run().ok();
      fs.crash();
      if (!whole) {
        Status second = run();
        ASSERT_TRUE(second.ok()) << second.error().message << " seed " << seed << " cut " << cut;
        fs.crash();
      }
      ASSERT_EQ(*fs.read_file("dir/out"), expected) << "seed " << seed << " cut " << cut;
      if (whole) break;
    }
  }
}

}  // namespace
}  // namespace braid
