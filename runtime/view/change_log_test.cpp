// The log of changes over random epochs, starts and cut-offs, against a list of all changes.
#include "runtime/view/change_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "runtime/base/rng.h"
#include "runtime/data/row_change.h"
#include "runtime/data/value.h"
#include "runtime/state/memory_store.h"
#include "runtime/state/rocks_store.h"
#include "runtime/view/view_writer.h"

namespace braid {
namespace {

const std::vector<Field> kRow{{"name", int_type()}, {"size", int_type()}};

ProductSpec product(bool changes) {
  ProductSpec spec;
  spec.domain = "shop";
  spec.name = "shelf";
  spec.row = kRow;
  spec.key = {{0}};
  spec.changes = changes;
  return spec;
}

/// A change as the list has it: name, and the size before and now.
struct Told {
  uint64_t epoch = 0;
  int64_t name = 0;
  std::optional<int64_t> before, now;
  auto operator<=>(const Told&) const = default;
};

class Follower : public ChangeTaker {
 public:
  Follower(const RowLayout& rows, size_t most) : rows_(rows), most_(most) {}
  bool change(const LoggedChange& change) override {
    Told made{.epoch = change.place.epoch};
    for (const auto& [row, size] : {std::pair(change.before, &made.before), std::pair(change.now, &made.now)}) {
      if (!row) continue;
      Arena arena;
      std::vector<Slot> slots(rows_.leaves());
      EXPECT_TRUE(rows_.well_formed(*row));
      rows_.decode(*row, slots.data(), arena);
      made.name = slots[0].i64;
      *size = slots[1].i64;
    }
    told.push_back(made);
    return --most_ > 0;
  }
  bool epoch_ends(uint64_t epoch, int64_t watermark) override {
    ended[epoch] = watermark;
    return true;
  }
  std::vector<Told> told;
  std::map<uint64_t, int64_t> ended;

 private:
  const RowLayout& rows_;
  size_t most_;
};

/// A job with one view, that stops and starts.
class Job {
 public:
  Job(StateStore& store, bool changes, std::optional<int64_t> span, uint64_t bytes)
      : store_(store), spec_{.product = 0, .changes_us = span, .changes_bytes = bytes}, changes_(changes) {
    start();
  }
  ~Job() { host_.close(); }

  void set(std::optional<int64_t> span, uint64_t bytes) {
    spec_.changes_us = span;
    spec_.changes_bytes = bytes;
  }
  void start(bool epochs_lost = false) {
    host_.close();
    writer_ = std::make_unique<ViewWriter>(ViewLayout(product(changes_), spec_, 3),
                                           writer_ ? writer_->figures() : ViewFigures{});
    log_ = std::make_unique<ChangeLogWriter>(writer_->layout());
    StateBatch batch;
    ASSERT_TRUE(log_->open(at_.epoch, ++era_, epochs_lost, store_, batch).ok());
    if (!batch.empty()) ASSERT_TRUE(store_.commit(batch).ok());
    host_.open(store_, {{std::make_shared<const ViewLayout>(writer_->layout()), INT64_MIN}}, at_);
  }
  void write(int64_t name, std::optional<int64_t> size, RowChange change) {
    std::vector<Field> row = kRow;
    if (changes_) row.push_back({std::string(kChange), int_type()});
    Arena arena;
    Block block = allocate_block(flatten(row), 1, arena);
    block.rows = 1;
    write_slot(block.columns[0], 0, slot_i64(name));
    write_slot(block.columns[1], 0, slot_i64(size.value_or(0)));
    if (changes_) write_slot(block.columns[2], 0, slot_i64(static_cast<int64_t>(change)));
    block.time[0] = 5;
    writer_->write(block);
  }
  void commit(int64_t now) {
    ++at_.epoch;
    at_.watermark = static_cast<int64_t>(1000 + at_.epoch);
    StateBatch batch;
    ChangeLogWriter* const log = log_->is_kept() ? log_.get() : nullptr;
    if (log != nullptr) log->begin({.epoch = at_.epoch, .time = now, .watermark = at_.watermark});
    ASSERT_TRUE(writer_->put(writer_->take(), at_.epoch, INT64_MIN, store_, batch, log).ok());
    if (log != nullptr) ASSERT_TRUE(log->end(store_, batch).ok());
    ASSERT_TRUE(store_.commit(batch).ok());
    host_.committed(at_, {log_->is_kept() ? log_->newest() : 0});
  }

  uint64_t epoch() const { return at_.epoch; }
  ViewHost& host() { return host_; }
  ChangeLogReader reader() { return {host_.now(), 0}; }
  ChangeLogReader::Answer check(const ChangePlace& place) { return *reader().check(place); }
  /// All from a place on, so many changes at a time.
  std::vector<Told> follow(ChangePlace place, size_t at_once, std::map<uint64_t, int64_t>* ended = nullptr) {
    std::vector<Told> all;
    while (place != reader().end()) {
      Follower follower(writer_->layout().rows(), at_once);
      const Result<ChangePlace> next = reader().read(place, at_once + 1, follower);
      EXPECT_TRUE(next.ok()) << next.error().message;
      if (!next.ok() || *next == place) break;
      place = *next;
      all.insert(all.end(), follower.told.begin(), follower.told.end());
      if (ended != nullptr) ended->merge(follower.ended);
    }
    return all;
  }
  size_t stored() {
    size_t count = 0;
    EXPECT_TRUE(store_
                    .scan(StateFamily::point, {},
                          [&](std::string_view, std::string_view) {
                            ++count;
                            return Status();
                          })
                    .ok());
    return count;
  }

 private:
  StateStore& store_;
  ViewSpec spec_;
  bool changes_;
  ViewsAt at_;
  uint64_t era_ = 0;
  std::unique_ptr<ViewWriter> writer_;
  std::unique_ptr<ChangeLogWriter> log_;
  ManualClock clock_;
  ViewHost host_{clock_};
};

class ChangeLogTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) {
      store_ = std::make_unique<MemoryStore>();
      return;
    }
    folder_ = std::filesystem::path(testing::TempDir()) /
              fmt::format("log_{}", testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    auto opened = open_sized_rocks_store(folder_.string(), {.memory_bytes = 8 << 20, .ingest_from_bytes = 2000});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = *std::move(opened);
  }
  void TearDown() override {
    store_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  std::filesystem::path folder_;
  std::unique_ptr<StateStore> store_;
};

std::vector<Told> from_epoch(const std::vector<Told>& all, uint64_t epoch) {
  std::vector<Told> made;
  for (const Told& each : all)
    if (each.epoch >= epoch) made.push_back(each);
  return made;
}

TEST_P(ChangeLogTest, HasEachChangeOnceOverStartsAndCutOffs) {
  constexpr int64_t kSpan = 100;
  constexpr uint64_t kBytes = 1200;
  Job job(*store_, true, kSpan, kBytes);
  Rng rng(3);
  std::vector<Told> all;
  std::map<int64_t, int64_t> rows;
  std::map<uint64_t, int64_t> committed_at;
  int64_t now = 0;
  size_t gone_by_time = 0, gone_by_size = 0;
  for (int round = 0; round < 150; ++round) {
    const std::map<int64_t, int64_t> before = rows;
    for (uint64_t n = rng.below(4) == 0 ? 0 : 1 + rng.below(round % 40 == 39 ? 120 : 6); n > 0; --n) {
      const auto name = static_cast<int64_t>(rng.below(60));
      const bool stands = rows.contains(name);
      if (rng.below(3) == 0) {
        if (!stands) continue;
        job.write(name, {}, RowChange::goes);
        rows.erase(name);
      } else {
        const auto size = static_cast<int64_t>(rng.below(4));
        job.write(name, size, stands ? RowChange::becomes : RowChange::comes);
        rows[name] = size;
      }
    }
    now += static_cast<int64_t>(rng.below(20));
    job.commit(now);
    committed_at[job.epoch()] = now;
    for (int64_t name = 0; name < 60; ++name) {
      const auto was = before.find(name);
      const auto is = rows.find(name);
      Told told{.epoch = job.epoch(), .name = name};
      if (was != before.end()) told.before = was->second;
      if (is != rows.cend()) told.now = is->second;
      if (told.before != told.now) all.push_back(told);
    }
    if (rng.below(5) == 0) job.start();

    const std::optional<ChangeLogRecord> record = *job.reader().record();
    ASSERT_TRUE(record);
    EXPECT_EQ(record->era, 1U) << "a start has begun it again";
    // Nothing is cut off without a reason, and what is left is whole.
    const uint64_t cut = record->cut;
    ASSERT_LT(cut, job.epoch());
    if (cut > 0 && committed_at[cut] >= now - kSpan) ++gone_by_size;
    if (cut > 0 && committed_at[cut] < now - kSpan) ++gone_by_time;
    ASSERT_LE(record->size, kBytes + 120 * 100);
    for (uint64_t epoch = cut + 1; epoch <= job.epoch(); epoch += 1 + rng.below(3)) {
      std::map<uint64_t, int64_t> ended;
      ASSERT_EQ(job.check({epoch, 0}), ChangeLogReader::Answer::known);
      ASSERT_EQ(job.follow({epoch, 0}, 1 + rng.below(7), &ended), from_epoch(all, epoch)) << epoch;
      std::map<uint64_t, int64_t> expected;
      for (const Told& told : from_epoch(all, epoch)) expected[told.epoch] = static_cast<int64_t>(1000 + told.epoch);
      ASSERT_EQ(ended, expected);
    }
    if (cut > 0) ASSERT_EQ(job.check({cut, 0}), ChangeLogReader::Answer::cut_off);
    ASSERT_EQ(job.check({job.epoch() + 1, 0}), ChangeLogReader::Answer::known);
    ASSERT_EQ(job.check({job.epoch() + 1, 1}), ChangeLogReader::Answer::to_come);
    // What was cut off does not stay: rows, changes, epochs and the record.
    const std::vector<Told> left = from_epoch(all, cut + 1);
    ASSERT_LE(job.stored(), rows.size() + left.size() + left.size() + 1 + 130) << round;
  }
  EXPECT_GT(gone_by_size, 5U);
  EXPECT_GT(gone_by_time, 5U);
}

TEST_P(ChangeLogTest, OfEventsHasEachRow) {
  Job job(*store_, false, 1000, UINT64_MAX);
  std::vector<Told> all;
  for (int64_t number = 0; number < 30; ++number) {
    job.write(number % 3, number, RowChange::comes);
    all.push_back({.epoch = job.epoch() + 1, .name = number % 3, .before = {}, .now = number});
    if (number % 4 == 3) job.commit(number);
    if (number % 8 == 7) job.start();
  }
  job.commit(30);
  EXPECT_EQ(job.follow({1, 0}, 100), all);
  EXPECT_EQ(job.follow({1, 0}, 1), all);
  EXPECT_EQ(job.follow({2, 3}, 2), (std::vector<Told>(all.begin() + 7, all.end())));
}

TEST_P(ChangeLogTest, WhatWasCutOffIsErasedAPartAtATime) {
  Job job(*store_, false, 10, UINT64_MAX);
  for (int64_t number = 0; number < 10'000; ++number) job.write(number, number, RowChange::comes);
  job.commit(0);
  const size_t before = job.stored();
  job.write(1, 1, RowChange::comes);
  job.commit(100);
  EXPECT_EQ(job.check({1, 0}), ChangeLogReader::Answer::cut_off);
  // A row, its index, its change and the epoch came.
  EXPECT_EQ(job.stored(), before + 4 - 4096);
  job.start();
  for (int64_t more = 1; more <= 2; ++more) job.commit(100 + more);
  EXPECT_EQ(job.stored(), before + 4 - 10'001);
  EXPECT_EQ(job.follow({2, 0}, 5).size(), 1U);
}

TEST_P(ChangeLogTest, KeepsTheNewestEpochHoweverLarge) {
  Job job(*store_, false, 1000, 200);
  for (int64_t number = 0; number < 50; ++number) job.write(number, number, RowChange::comes);
  job.commit(1);
  EXPECT_EQ(job.follow({1, 0}, 100).size(), 50U);
  // Commits without changes, also behind a start, do not take it.
  job.commit(2);
  job.start();
  job.commit(3);
  EXPECT_EQ(job.check({1, 0}), ChangeLogReader::Answer::known);
  EXPECT_EQ(job.follow({1, 20}, 100).size(), 30U);
  job.write(1, 1, RowChange::comes);
  job.commit(4);
  EXPECT_EQ(job.check({1, 0}), ChangeLogReader::Answer::cut_off);
  EXPECT_EQ(job.follow({2, 0}, 100).size(), 1U);
  job.commit(2000);
  EXPECT_EQ(job.check({4, 0}), ChangeLogReader::Answer::cut_off) << "it is too old";
}

TEST_P(ChangeLogTest, KnowsNoPlaceBehindTheLastChangeOfAnEpoch) {
  Job job(*store_, true, 1000, UINT64_MAX);
  job.write(1, 1, RowChange::comes);
  job.write(2, 2, RowChange::comes);
  job.commit(1);
  job.commit(2);
  EXPECT_EQ(job.check({1, 2}), ChangeLogReader::Answer::known);
  EXPECT_EQ(job.check({1, 3}), ChangeLogReader::Answer::to_come);
  EXPECT_EQ(job.check({2, 0}), ChangeLogReader::Answer::known);
  EXPECT_EQ(job.check({2, 1}), ChangeLogReader::Answer::to_come) << "nothing has changed in it";
}

TEST_P(ChangeLogTest, BeginsAgainWhereItHasGaps) {
  Job job(*store_, true, {}, UINT64_MAX);
  job.write(1, 1, RowChange::comes);
  job.commit(1);
  EXPECT_EQ(job.check({2, 0}), ChangeLogReader::Answer::no_log);
  EXPECT_FALSE(*job.reader().record());
  job.set(1000, UINT64_MAX);
  job.start();
  const uint64_t era = (*job.reader().record())->era;
  EXPECT_EQ(job.check({1, 0}), ChangeLogReader::Answer::cut_off);
  job.write(1, 2, RowChange::becomes);
  job.commit(2);
  EXPECT_EQ(job.follow({2, 0}, 9), (std::vector<Told>{{2, 1, 1, 2}}));
  job.start(true);
  EXPECT_NE((*job.reader().record())->era, era);
  EXPECT_EQ(job.check({2, 0}), ChangeLogReader::Answer::cut_off);
  const size_t with_log = job.stored();
  job.set({}, UINT64_MAX);
  job.start();
  EXPECT_EQ(job.stored(), with_log - 1);
}

TEST_P(ChangeLogTest, TellsWhichViewHasNews) {
  Job job(*store_, true, 1000, UINT64_MAX);
  int told = 0;
  job.host().on_news([&] { ++told; });
  EXPECT_FALSE(job.host().has_news(0, 1));
  job.commit(1);
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(job.host().has_news(0, 1));
  job.write(1, 1, RowChange::comes);
  job.commit(2);
  EXPECT_TRUE(job.host().has_news(0, 2));
  EXPECT_FALSE(job.host().has_news(0, 3));
  job.host().close();
  EXPECT_EQ(told, 3);
  EXPECT_TRUE(job.host().has_news(0, 3)) << "that it has ended";
}

INSTANTIATE_TEST_SUITE_P(Stores, ChangeLogTest, testing::Values(false, true),
                         [](const auto& each) { return each.param ? "Rocks" : "Memory"; });

}  // namespace
}  // namespace braid
