#include "runtime/promise/published_rows.h"

#include <gtest/gtest.h>

#include "runtime/data/arena.h"
#include "runtime/data/row_change.h"

namespace braid {
namespace {

using Rule = PromiseSpec::Rule;
constexpr int64_t kSecond = 1'000'000;

struct Row {
  int64_t at = 0;
  bool there = true;
  RowChange change = RowChange::comes;
};

class Published : public testing::Test {
 protected:
  Published() {
    product_.row = {{"id", int_type()}, {"r", optional_type(struct_type({{"x", int_type()}}))}};
    product_.promises = {{.text = "latency", .bound_us = 64 * kSecond, .rule = Rule::latency, .share = 0.99},
                         {.text = "complete", .rule = Rule::complete, .share = 0.5, .fields = {{1, 0}, {0}}},
                         {.text = "volume", .bound_us = 10 * kSecond, .rule = Rule::volume, .most = 10}};
  }
  void add(PublishedRows& rows, const std::vector<Row>& added) {
    std::vector<Field> row = product_.row;
    if (product_.changes) row.push_back({std::string(kChange), int_type()});
    Block block = allocate_block(flatten(row), static_cast<uint32_t>(added.size()), arena_);
    block.rows = static_cast<uint32_t>(added.size());
    block.time = arena_.allocate_array<int64_t>(added.size());
    for (uint32_t i = 0; i < added.size(); ++i) {
      block.time[i] = added[i].at;
      block.columns[1].as<uint8_t>()[i] = added[i].there ? 1 : 0;
      if (product_.changes) block.columns[3].as<int64_t>()[i] = static_cast<int64_t>(added[i].change);
    }
    rows.add(block);
  }
  static EdgeTime at(int64_t w) { return {.w = w, .active = 1, .idle = 0, .reached = w}; }

  Arena arena_;
  ProductSpec product_;
};

TEST_F(Published, counts_rows_when_they_can_be_seen) {
  PublishedRows rows(WatchedRows::of(product_), kNoTime);
  add(rows, {{.at = 100 * kSecond}, {.at = 101 * kSecond, .there = false}});
  EXPECT_EQ(rows.counts(at(0))[0].rows, 0);
  rows.freeze(at(101 * kSecond));
  add(rows, {{.at = 102 * kSecond}});  // of the next epoch
  EXPECT_EQ(rows.counts(at(0))[0].rows, 0);
  rows.show(103 * kSecond);
  EXPECT_EQ(
      rows.counts(at(0))[0],
      (PromiseCounts{.rows = 2, .missed = 0, .periods = {}, .watermark = 101 * kSecond, .newest = 101 * kSecond}));
  EXPECT_EQ(rows.counts(at(0))[1].missed, 1);
  rows.freeze(at(102 * kSecond));
  rows.show(104 * kSecond);
  EXPECT_EQ(rows.counts(at(0))[1].rows, 3);
  EXPECT_EQ(rows.counts(at(0))[2].periods, (std::map<int64_t, int64_t>{{100 * kSecond, 3}}));
}

TEST_F(Published, do_not_know_the_periods_that_had_rows_before) {
  PublishedRows rows(WatchedRows::of(product_), 105 * kSecond);
  EXPECT_EQ(rows.counts(at(0))[2].from, 110 * kSecond);
  EXPECT_EQ(rows.counts(at(0))[0].from, kNoTime);
}

TEST_F(Published, go_on_with_the_periods_of_the_last_commit) {
  PublishedRows before(WatchedRows::of(product_), kNoTime);
  add(before, {{.at = 100 * kSecond}, {.at = 111 * kSecond}});
  before.freeze(at(101 * kSecond));
  const PromiseCounts committed = before.frozen_periods(2);
  EXPECT_EQ(committed.periods, (std::map<int64_t, int64_t>{{100 * kSecond, 1}, {110 * kSecond, 1}}));
  EXPECT_EQ(committed.watermark, 101 * kSecond);
  EXPECT_TRUE(before.counts(at(0))[2].periods.empty());  // nobody can see the rows yet

  PublishedRows after(WatchedRows::of(product_), 111 * kSecond);
  after.restore_periods(2, committed);
  add(after, {{.at = 112 * kSecond}});
  after.freeze(at(112 * kSecond));
  after.show(120 * kSecond);
  const PromiseCounts counts = after.counts(at(112 * kSecond))[2];
  EXPECT_EQ(counts.periods, (std::map<int64_t, int64_t>{{100 * kSecond, 1}, {110 * kSecond, 2}}));
  EXPECT_EQ(counts.from, kNoTime);
}

TEST_F(Published, calls_rows_slow_when_they_are_seen_too_late) {
  PublishedRows rows(WatchedRows::of(product_), kNoTime);
  // Steps of one second; a row is not slow before its whole step is.
  add(rows, {{.at = 100 * kSecond}, {.at = 101 * kSecond - 1}, {.at = 101 * kSecond}, {.at = 150 * kSecond}});
  rows.freeze(at(150 * kSecond));
  rows.show(165 * kSecond - 1);
  EXPECT_EQ(rows.counts(at(0))[0].missed, 2);
  add(rows, {{.at = 100 * kSecond}});
  rows.freeze(at(150 * kSecond));
  rows.show(165 * kSecond - 2);
  EXPECT_EQ(rows.counts(at(0))[0].missed, 2);
  EXPECT_EQ(rows.counts(at(0))[0].rows, 5);
}

TEST_F(Published, keeps_rows_of_many_times_in_a_bound) {
  PublishedRows rows(WatchedRows::of(product_), kNoTime);
  constexpr int64_t kRows = 5000;
  for (int64_t i = 0; i < kRows; ++i) add(rows, {{.at = i * kSecond}});
  rows.freeze(at(kRows * kSecond));
  rows.show(kRows * kSecond);
  const std::vector<PromiseCounts> counts = rows.counts(at(0));
  EXPECT_EQ(counts[0].rows, kRows);
  EXPECT_EQ(counts[0].missed, kRows - 64);  // those of the last 64 steps are not slow
  EXPECT_EQ(counts[2].periods.size(), PublishedRows::kMostPeriods);
  EXPECT_EQ(counts[2].periods.rbegin()->first, (kRows - 10) * kSecond);
}

TEST_F(Published, does_not_count_rows_that_go) {
  product_.changes = true;
  PublishedRows rows(WatchedRows::of(product_), kNoTime);
  add(rows, {{.at = 5 * kSecond}, {.at = 6 * kSecond, .there = false, .change = RowChange::goes}});
  rows.freeze(at(7 * kSecond));
  rows.show(500 * kSecond);
  const std::vector<PromiseCounts> counts = rows.counts(at(0));
  EXPECT_EQ(counts[0].rows, 1);
  EXPECT_EQ(counts[0].missed, 1);
  EXPECT_EQ(counts[1].missed, 0);
  EXPECT_EQ(counts[2].periods, (std::map<int64_t, int64_t>{{0, 1}}));
}

TEST_F(Published, knows_the_time_of_now_where_no_row_waits) {
  PublishedRows rows(WatchedRows::of(product_), kNoTime);
  EXPECT_EQ(rows.counts(at(9))[2].watermark, 9);
  EXPECT_EQ(rows.counts(EdgeTime())[2].watermark, kEndTime);
  add(rows, {{.at = 5 * kSecond}});
  EXPECT_EQ(rows.counts(at(9))[2].watermark, kNoTime);
  rows.freeze(at(5 * kSecond));
  EXPECT_EQ(rows.counts(at(9))[2].watermark, kNoTime);
  rows.show(6 * kSecond);
  EXPECT_EQ(rows.counts(at(9))[2].watermark, 9);
}

/// Rows of a source are counted before their fields are read: a status says whether each could be converted.
TEST_F(Published, counts_what_a_source_repeats_or_lacks) {
  SourceSpec source;
  source.row = {{"id", checked_type(int_type())},
                {"note", checked_type(optional_type(string_type()))},
                {"?deleted", bool_type()}};
  source.deleted_field = 2;
  source.promises = {{.text = "unique id", .bound_us = 10 * kSecond, .rule = Rule::unique, .share = 1, .fields = {{0}}},
                     {.text = "complete", .rule = Rule::complete, .share = 0.5, .fields = {{1}}},
                     {.text = "complete id", .rule = Rule::complete, .share = 0.5, .fields = {{0}}}};
  PublishedRows rows(WatchedRows::of(source), kNoTime);
  struct Read {
    int64_t at, id;
    bool note = true, failed = false, deleted = false;
  };
  const std::vector<Read> read{{.at = 1, .id = 1},
                               {.at = 2, .id = 2, .note = false},
                               {.at = 3, .id = 1},                  // repeats
                               {.at = 4, .id = 0, .failed = true},  // no key
                               {.at = 5, .id = 0, .failed = true},
                               {.at = 6, .id = 2, .deleted = true},  // its key goes
                               {.at = 20, .id = 1}};                 // long after
  Block block = allocate_block(flatten(source.row), static_cast<uint32_t>(read.size()), arena_);
  block.rows = static_cast<uint32_t>(read.size());
  block.time = arena_.allocate_array<int64_t>(read.size());
  for (uint32_t i = 0; i < read.size(); ++i) {
    block.time[i] = read[i].at * kSecond;
    block.columns[0].as<uint8_t>()[i] = read[i].failed ? 1 : 0;
    block.columns[1].as<int64_t>()[i] = read[i].id;
    block.columns[2].as<uint8_t>()[i] = 0;
    block.columns[3].as<uint8_t>()[i] = read[i].note ? 1 : 0;
    block.columns[4].as<Bytes>()[i] = Bytes{"", 0};
    block.columns[5].as<uint8_t>()[i] = read[i].deleted ? 1 : 0;
  }
  rows.add(block);
  rows.freeze(at(20 * kSecond));
  rows.show(21 * kSecond);
  const std::vector<PromiseCounts> counts = rows.counts(at(0));
  EXPECT_EQ(counts[0].rows, 6);
  EXPECT_EQ(counts[0].missed, 1);
  EXPECT_EQ(counts[1].missed, 1);
  EXPECT_EQ(counts[2].missed, 2);
}

TEST_F(Published, adds_up_what_tasks_have) {
  PromiseCounts sum{.rows = 2, .missed = 1, .periods = {{0, 2}, {10, 1}}, .watermark = 20};
  sum += PromiseCounts{.rows = 3, .missed = 0, .periods = {{10, 3}}, .watermark = 15};
  EXPECT_EQ(sum, (PromiseCounts{.rows = 5, .missed = 1, .periods = {{0, 2}, {10, 4}}, .watermark = 15}));
}

}  // namespace
}  // namespace braid
