// Views of a job over its starts: fills that stop in between, settings that change, and what is known behind that.
#include "runtime/engine/job_views.h"

#include <gtest/gtest.h>

#include "runtime/data/row_change.h"
#include "runtime/data/value.h"
#include "runtime/state/memory_store.h"
#include "runtime/view/change_log.h"
#include "runtime/view/view_reader.h"

namespace braid {
namespace {

struct Row {
  std::string name, text;
  int64_t time = 0;
};

class Nowhere : public OutputWriter {
 public:
  void write(int, const std::string&, const std::vector<Field>&, const Block&) override {}
  void send(int, const Block&) override {}
};

class JobViewsTest : public testing::Test {
 protected:
  JobViewsTest() {
    ProductSpec& product = program_.products.emplace_back();
    product.domain = "shop";
    product.name = "shelf";
    product.row = {{"name", string_type()}, {"text", string_type()}};
    product.key = {{0}};
    product.changes = true;
  }

  /// The next run of the job: `told` is what its output has, `stops`: the file ends in an error.
  Status start(std::vector<ViewSpec> specs, const ViewsAt& at, const std::vector<Row>& told = {}, bool stops = false) {
    stop();
    views_ = std::make_unique<JobViews>(program_, specs, nowhere_, &host_, clock_);
    return views_->open(store_, at, [&](const ViewSpec&, const std::function<Status(const Block&)>& take) -> Status {
      for (const Row& row : told) BRAID_TRY(with_block(row, take));
      if (stops) return Error{ErrorKind::output, "it stops", 8060, 0};
      return {};
    });
  }
  void stop() {
    host_.close();
    views_.reset();
  }
  void commit(const std::vector<Row>& rows, const ViewsAt& at) {
    for (const Row& row : rows)
      ASSERT_TRUE(with_block(row, [&](const Block& block) {
                    views_->write(0, "", {}, block);
                    return Status();
                  }).ok());
    views_->freeze(at);
    StateBatch batch;
    ASSERT_TRUE(views_->put(store_, batch).ok());
    ASSERT_TRUE(store_.commit(batch).ok());
    views_->committed();
  }

  std::map<std::string, std::string> rows(const AsOf& as_of = {}) {
    std::map<std::string, std::string> made;
    const ViewReader reader(host_.now(), 0);
    const auto scan = reader.scan({}, as_of);
    for (; (*scan)->valid(); (*scan)->next()) {
      Arena arena;
      std::vector<Slot> slots(reader.layout().rows().leaves());
      reader.layout().rows().decode((*scan)->row().row, slots.data(), arena);
      made.emplace(slots[0].bytes.view(), slots[1].bytes.view());
    }
    EXPECT_TRUE((*scan)->status().ok());
    return made;
  }
  ViewReader::Answer check(const AsOf& as_of) { return *ViewReader(host_.now(), 0).check(as_of); }
  size_t stored(StateFamily family, std::string_view prefix = {}) {
    size_t count = 0;
    EXPECT_TRUE(store_
                    .scan(family, prefix,
                          [&](std::string_view, std::string_view) {
                            ++count;
                            return Status();
                          })
                    .ok());
    return count;
  }

  static std::vector<ViewSpec> keeps(std::optional<int64_t> keep_us) { return {{.product = 0, .keep_us = keep_us}}; }

  Status with_block(const Row& row, const std::function<Status(const Block&)>& take) {
    std::vector<Field> fields = program_.products[0].row;
    fields.push_back({std::string(kChange), int_type()});
    Arena arena;
    Block block = allocate_block(flatten(fields), 1, arena);
    block.rows = 1;
    block.time[0] = row.time;
    write_slot(block.columns[0], 0, slot_bytes(row.name));
    write_slot(block.columns[1], 0, slot_bytes(row.text));
    write_slot(block.columns[2], 0, slot_i64(static_cast<int64_t>(RowChange::becomes)));
    return take(block);
  }

  Program program_;
  Nowhere nowhere_;
  MemoryStore store_;
  ManualClock clock_;
  std::unique_ptr<JobViews> views_;

 protected:
  ViewHost host_{clock_};
};

using Rows = std::map<std::string, std::string>;

TEST_F(JobViewsTest, AFillThatStopsIsBegunAgain) {
  std::vector<Row> many;  // several parts
  for (int i = 0; i < 60; ++i) many.push_back({fmt::format("old {}", i), std::string(200'000, 'x'), 10});
  ASSERT_FALSE(start(keeps(1000), {.epoch = 5, .newest = 50}, many, true).ok());
  ASSERT_GT(stored(StateFamily::point), 20U) << "no part was committed";
  ASSERT_TRUE(start(keeps(1000), {.epoch = 5, .newest = 50}, {{"a", "1", 10}, {"b", "2", 20}}).ok());
  EXPECT_EQ(rows(), (Rows{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(stored(StateFamily::point), 5U) << "current and history of two rows, and what is known";
  // The same where the product is taken out of the settings meanwhile.
  ASSERT_FALSE(start(keeps({}), {.epoch = 5, .newest = 50}, many, true).ok());
  ASSERT_TRUE(start({}, {.epoch = 5, .newest = 50}).ok());
  EXPECT_EQ(stored(StateFamily::point), 0U);
  EXPECT_EQ(stored(StateFamily::meta, "views/"), 0U);
}

TEST_F(JobViewsTest, OfAFileOnlyWhatStandsIsKnown) {
  // A key in several parts of the fill: the last one is the newest.
  std::vector<Row> told;
  for (int i = 0; i < 60; ++i) told.push_back({"a", std::to_string(i) + std::string(200'000, 'x'), 10 + i});
  ASSERT_TRUE(start(keeps(1000), {.epoch = 5, .watermark = 60, .newest = 80}, told).ok());
  EXPECT_EQ(host_.now()->at.epoch, 5U);
  EXPECT_EQ(host_.now()->at.watermark, 60);
  EXPECT_EQ(rows({.time = 80}), (Rows{{"a", told.back().text}}));
  EXPECT_EQ(check({.time = 80}), ViewReader::Answer::known);
  EXPECT_EQ(check({.time = 79}), ViewReader::Answer::too_old);
  EXPECT_EQ(check({.epoch = 5}), ViewReader::Answer::known);
  EXPECT_EQ(check({.epoch = 4}), ViewReader::Answer::too_old);
  EXPECT_EQ(check({.epoch = 6}), ViewReader::Answer::to_come);
  commit({{"a", "new", 90}}, {.epoch = 6, .watermark = 70, .newest = 90});
  EXPECT_EQ(rows({.time = 89}), (Rows{{"a", told.back().text}}));
  EXPECT_EQ(rows({.epoch = 5}), (Rows{{"a", told.back().text}}));
  EXPECT_EQ(rows({.time = 90}), (Rows{{"a", "new"}}));
}

TEST_F(JobViewsTest, AViewGoesOnAfterAStart) {
  ASSERT_TRUE(start(keeps(10), {}).ok());
  commit({{"a", "1", 100}}, {.epoch = 1, .watermark = 100, .newest = 100});
  commit({{"a", "2", 205}}, {.epoch = 2, .watermark = 200, .newest = 205});
  EXPECT_EQ(check({.time = 190}), ViewReader::Answer::known);
  EXPECT_EQ(check({.time = 189}), ViewReader::Answer::too_old);
  // What has gone does not come back; what comes is kept for longer.
  const ViewsAt at{.epoch = 2, .watermark = 200, .newest = 205};
  ASSERT_TRUE(start(keeps(1000), at, {{"a", "of a file that nobody reads", 1}}).ok());
  EXPECT_EQ(rows(), (Rows{{"a", "2"}}));
  EXPECT_EQ(rows({.time = 200}), (Rows{{"a", "1"}}));
  EXPECT_EQ(check({.time = 189}), ViewReader::Answer::too_old);
  commit({{"a", "3", 400}}, {.epoch = 3, .watermark = 400, .newest = 400});
  EXPECT_EQ(check({.time = 190}), ViewReader::Answer::known);
  EXPECT_EQ(rows({.time = 200}), (Rows{{"a", "1"}}));
  // Another form is another view.
  ASSERT_TRUE(start(keeps({}), {.epoch = 3, .newest = 400}, {{"b", "4", 1}}).ok());
  EXPECT_EQ(rows(), (Rows{{"b", "4"}}));
  EXPECT_EQ(check({.time = 400}), ViewReader::Answer::no_history);
  stop();
}

TEST_F(JobViewsTest, ALogOfChangesBeginsWhereTheViewDoes) {
  const auto follows = [](std::optional<int64_t> keep_us) {
    return std::vector<ViewSpec>{{.product = 0, .keep_us = keep_us, .changes_us = 1'000'000}};
  };
  const auto record = [&] { return **ChangeLogReader(host_.now(), 0).record(); };
  ASSERT_TRUE(start(follows({}), {}).ok());
  commit({{"a", "1", 100}}, {.epoch = 1, .newest = 100});
  commit({{"b", "2", 110}}, {.epoch = 2, .newest = 110});
  const uint64_t era = record().era;
  EXPECT_EQ(record().cut, 0U);
  EXPECT_TRUE(host_.has_news(0, 2));
  EXPECT_FALSE(host_.has_news(0, 3));
  // A start goes on with it; one that has lost commits does not.
  clock_.advance_us(1);
  const ViewsAt at{.epoch = 2, .newest = 110};
  ASSERT_TRUE(start(follows({}), at).ok());
  EXPECT_EQ(record().era, era);
  EXPECT_EQ(record().cut, 0U);
  EXPECT_EQ(record().newest, 2U);
  stop();
  views_ = std::make_unique<JobViews>(program_, follows({}), nowhere_, &host_, clock_);
  ASSERT_TRUE(views_->open(store_, at, nullptr, true).ok());
  EXPECT_NE(record().era, era);
  EXPECT_EQ(record().cut, 2U);
  // A view that is filled again has another one, without what it is filled with.
  const uint64_t second = record().era;
  clock_.advance_us(1);
  ASSERT_TRUE(start(follows(1000), at, {{"c", "3", 1}}).ok());
  EXPECT_NE(record().era, second);
  EXPECT_EQ(record().cut, 2U);
  EXPECT_EQ(record().size, 0U);
  stop();
}

}  // namespace
}  // namespace braid
