// Rows that go from one stage to another: a front with one source, whose rows are sent, and a stage that publishes
// them.
#include "runtime/engine/exchange_rows.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "runtime/base/sim_fs.h"
#include "runtime/data/pair_place.h"
#include "runtime/engine/test_program.h"
#include "runtime/engine/turn_engine.h"
#include "runtime/state/memory_store.h"

namespace braid {
namespace {

using testing::ElementsAre;

struct Collector : OutputWriter {
  void write(int, const std::string& port, const std::vector<Field>&, const Block& block) override {
    for (uint32_t row = 0; row < block.rows; ++row) {
      const Record& record = block.record_of(row);
      written.push_back(fmt::format("{}{} {}/{}@{}", port, read_slot(block.columns[1], row).i64, record.source,
                                    record.partition, record.position));
    }
  }
  void send(int, const Block& block) override {
    for (uint32_t row = 0; row < block.rows; ++row) format->append(block, row, rows);
  }
  std::vector<std::string> written;
  const ExchangeFormat* format = nullptr;
  WireWriter rows;
};

class Exchanged : public testing::Test {
 protected:
  Exchanged() {
    const int from = builder_.source("s", 10);
    builder_.publish(from);
    whole_ = builder_.program;
    front_ = whole_;
    front_.whole = &whole_;
    front_.operators.back().content = SendOperator{0};
    front_.exchanges.push_back({"x", 1, {0}, true, "product"});
    back_ = whole_;
    back_.whole = &whole_;
    SourceSpec exchange;
    exchange.name = "x";
    exchange.has_time = true;
    exchange.row = test::plain_row();
    exchange.binding = {"exchange", "x", "", {}};
    exchange.fronts = 2;
    back_.sources[0].binding.kind = "elsewhere";
    back_.sources.push_back(exchange);
    back_.operators[0].content = SourceOperator{1};
    format_.emplace(front_, test::plain_row());
    output_.format = &*format_;
    sender_ = std::move(*TurnEngine::make(front_, output_, {}));
    sender_->add_partition(0, 3, "s/3");
    reader_ = std::move(*TurnEngine::make(back_, output_, {}));
    reader_->name_partition(0, 3, "s/3");
    for (const char* name : {"front/0", "front/1"}) reader_->add_partition(1, name);
  }
  void send(const std::string& bytes) {
    format_->begin_rows(1, output_.rows);
    auto decoder = make_decoder(decode_plan(front_.sources[0]));
    sender_->run_turn({.bytes = bytes, .position = 100}, *decoder, 0, 3, false);
  }
  Result<SourceRows> read(std::span<const std::string> values) {
    std::vector<GivenRecord> given;
    for (const std::string& value : values)
      given.push_back({.position = static_cast<int64_t>(given.size()), .bytes = value});
    return ExchangeFormat(back_, test::plain_row()).read(given, "x", 2, arena_);
  }
  void take(std::vector<std::string> values) {
    values_.push_back(std::move(values));
    const auto rows = read(values_.back());
    ASSERT_TRUE(rows.ok()) << rows.error().message;
    reader_->run_turn(1, 0, *rows, false);
  }
  static std::string time(uint32_t front, uint64_t epoch, int64_t w, uint32_t active = 1) {
    const SourceRows::Front fronts[] = {{front, epoch, {.w = w, .active = active}}};
    return ExchangeFormat::times(fronts);
  }

  test::ProgramBuilder builder_;
  Program whole_, front_, back_;
  std::optional<ExchangeFormat> format_;
  Collector output_;
  std::unique_ptr<TurnEngine> sender_, reader_;
  std::deque<std::vector<std::string>> values_;
  Arena arena_;
};

TEST_F(Exchanged, RowsKeepTheirOriginAndTheAccounts) {
  send(test::record("a", 7, 50) + test::record("b", 8, 60));
  EXPECT_EQ(sender_->ledgers().products()[0].inputs[0].ledger, (Ledger{.in = 2, .held = 2}));
  EXPECT_EQ(sender_->law_deviation(), 0);
  take({output_.rows.bytes(), time(1, 1, 40)});
  EXPECT_THAT(output_.written, ElementsAre("7 0/3@100", "8 0/3@124"));
  EXPECT_EQ(reader_->ledgers().products()[0].inputs[0].ledger, (Ledger{.used = 2, .held = -2}));
  EXPECT_EQ(reader_->law_deviation(), 0);
  EXPECT_EQ(reader_->records_read(), 0);
}

TEST_F(Exchanged, RowsKeepTheRightRowsThatTheyHaveMet) {
  Block block = allocate_block(flatten(test::plain_row()), 2, arena_);
  auto* records = arena_.allocate_array<Record>(2);
  block.rows = 2;
  block.records = records;
  constexpr uint32_t kProduct = 1, kProductOfStage = 2;  // the stage has a source more, the exchange
  const RightPlace right{.time = -5, .source = kProduct, .partition = 3, .position = 40, .sequence = 2};
  for (uint32_t row = 0; row < 2; ++row) {
    for (const Column& column : block.columns) write_slot(column, row, slot_i128(0));
    block.time[row] = block.watermark[row] = 0;
    block.record[row] = row;
    records[row] = Record{};
  }
  const char* met = pair_behind({}, {.time = 1, .source = 0, .position = 7}, {}, arena_);
  set_pair(records[1], pair_behind(records[0], right, pair_place(met), arena_));
  format_->begin_rows(0, output_.rows);
  for (uint32_t row = 0; row < 2; ++row) format_->append(block, row, output_.rows);
  const std::vector<std::string> values = {output_.rows.bytes()};
  const auto rows = read(values);
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  ASSERT_EQ(rows->records.size(), 2U);
  EXPECT_EQ(pair_place(rows->records[0]), "");
  RightPlace here = right;
  here.source = kProductOfStage;
  EXPECT_EQ(pair_place(rows->records[1]), pair_place(pair_behind({}, here, pair_place(met), arena_)));
}

TEST_F(Exchanged, TimeIsThatOfTheLastTask) {
  EXPECT_EQ(reader_->turn_watermark(1, 0), kNoTime);
  take({time(1, 1, 40)});
  EXPECT_EQ(reader_->turn_watermark(1, 0), kNoTime);  // the other one has not said anything
  take({time(0, 1, 30), time(1, 2, 50)});
  EXPECT_EQ(reader_->turn_watermark(1, 0), 30);
  take({time(0, 2, kEndTime, 0)});
  EXPECT_EQ(reader_->turn_watermark(1, 0), 50);
  EXPECT_EQ(reader_->task_watermark(), 50);
  EXPECT_THAT(reader_->front_epochs(1), ElementsAre(2, 2));
}

TEST_F(Exchanged, EpochsFollowEachOther) {
  take({time(0, 1, 30)});
  EXPECT_TRUE(reader_->health().ok());
  take({time(0, 3, 40)});
  ASSERT_FALSE(reader_->health().ok());
  EXPECT_EQ(reader_->health().error().message, "`x` has epoch 3 of its task 0, where epoch 2 must come");
}

TEST_F(Exchanged, AnEpochDoesNotComeTwice) {
  take({time(0, 1, 30), time(0, 1, 30)});
  EXPECT_EQ(reader_->health().error().code, diag::RepartitionOutOfOrder::kCode);
}

TEST_F(Exchanged, EpochsAndTimeOutliveTheEngine) {
  take({time(0, 1, 30), time(1, 1, 20)});
  StateBatch batch;
  reader_->collect(batch);
  SimFs fs(1);
  auto store = std::move(*MemoryStore::open(fs, "state"));
  ASSERT_TRUE(store->commit(batch).ok());
  auto again = std::move(*TurnEngine::make(back_, output_, {}));
  again->name_partition(0, 3, "s/3");
  for (const char* name : {"front/0", "front/1"}) again->add_partition(1, name);
  ASSERT_TRUE(again->restore(*store).ok());
  EXPECT_THAT(again->front_epochs(1), ElementsAre(1, 1));
  EXPECT_EQ(again->turn_watermark(1, 0), 20);
}

TEST_F(Exchanged, RowsOfAnotherScriptAreNotTaken) {
  whole_.sources[0].name = "another";
  const ExchangeFormat other(front_, test::plain_row());
  WireWriter rows;
  other.begin_rows(0, rows);
  const std::vector<std::string> values = {rows.bytes()};
  whole_.sources[0].name = "test.s";
  EXPECT_EQ(read(values).error().message,
            "the record at offset 0 of `x` cannot be used: its rows are those of another script");
}

TEST_F(Exchanged, WhatIsDamagedIsFound) {
  send(test::record("a", 7, 50));
  const std::string right = output_.rows.bytes();
  const std::string time_right = time(1, 1, 40);
  const std::string foreign = time(2, 1, 0);
  for (const std::string& wrong : {std::string(), std::string("{}"), right.substr(0, right.size() - 1), right + "x",
                                   foreign, time_right + "x", time_right.substr(0, 20)}) {
    const std::vector<std::string> values = {right, wrong};
    const auto rows = read(values);
    ASSERT_FALSE(rows.ok()) << wrong;
    EXPECT_EQ(rows.error().code, diag::RepartitionDamaged::kCode);
    EXPECT_THAT(rows.error().message, testing::HasSubstr("the record at offset 1 of `x`"));
  }
}

}  // namespace
}  // namespace braid
