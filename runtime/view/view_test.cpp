// Views over random changes, against a list of all that was written.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "runtime/base/rng.h"
#include "runtime/data/ordered_bytes.h"
#include "runtime/data/row_change.h"
#include "runtime/data/value.h"
#include "runtime/state/memory_store.h"
#include "runtime/state/rocks_store.h"
#include "runtime/view/view_host.h"
#include "runtime/view/view_reader.h"
#include "runtime/view/view_writer.h"

namespace braid {
namespace {

const std::vector<Field> kRow{{"place", struct_type({{"city", string_type()}, {"floor", int_type()}})},
                              {"size", optional_type(int_type())}};

struct Line {
  std::string city;
  int64_t floor = 0;
  std::optional<int64_t> size;
  auto operator<=>(const Line&) const = default;
};

struct Written {
  Line line;
  int64_t time = 0;
  bool gone = false;
  uint64_t epoch = 0;
};

ProductSpec product(bool changes) {
  ProductSpec spec;
  spec.domain = "shop";
  spec.name = "shelf";
  spec.row = kRow;
  spec.key = {{0, 0}, {0, 1}};
  spec.changes = changes;
  return spec;
}

std::string key_of(const Line& line) {
  std::string key;
  const Slot slots[] = {slot_bytes(line.city), slot_i64(line.floor)};
  append_ordered_bytes(string_type(), &slots[0], key);
  append_ordered_bytes(int_type(), &slots[1], key);
  return key;
}

std::string size_of(std::optional<int64_t> size) {
  std::string bytes;
  const Slot slots[] = {slot_u8(size.has_value()), slot_i64(size.value_or(0))};
  append_ordered_bytes(optional_type(int_type()), slots, bytes);
  return bytes;
}

class Views {
 public:
  Views(StateStore& store, bool changes, std::optional<int64_t> keep)
      : store_(store),
        changes_(changes),
        writer_(ViewLayout(product(changes), {.product = 0, .indexes = {{1}}, .keep_us = keep}, 3), {}) {
    host_.open(store, {{std::make_shared<const ViewLayout>(writer_.layout()), INT64_MIN}}, {});
  }
  ~Views() { host_.close(); }

  /// Rows of one block.
  void write(const std::vector<Written>& rows, const std::vector<RowChange>& kinds) {
    std::vector<Field> row = kRow;
    if (changes_) row.push_back({std::string(kChange), int_type()});
    Arena arena;
    const std::vector<Leaf> leaves = flatten(row);
    Block block = allocate_block(leaves, static_cast<uint32_t>(rows.size()), arena);
    block.rows = static_cast<uint32_t>(rows.size());
    for (uint32_t i = 0; i < rows.size(); ++i) {
      write_slot(block.columns[0], i, slot_bytes(rows[i].line.city));
      write_slot(block.columns[1], i, slot_i64(rows[i].line.floor));
      write_slot(block.columns[2], i, slot_u8(rows[i].line.size.has_value()));
      write_slot(block.columns[3], i, slot_i64(rows[i].line.size.value_or(0)));
      if (changes_) write_slot(block.columns[4], i, slot_i64(static_cast<int64_t>(kinds[i])));
      block.time[i] = rows[i].time;
    }
    writer_.write(block);
  }

  void commit(uint64_t epoch, int64_t watermark) {
    StateBatch batch;
    const ViewWriter::Rows rows = writer_.take();
    const Result<uint64_t> gone = writer_.put(rows, epoch, watermark, store_, batch);
    ASSERT_TRUE(gone.ok()) << gone.error().message;
    ASSERT_TRUE(store_.commit(batch).ok());
    writer_.forget_events(*gone);
    host_.committed({.epoch = epoch, .watermark = watermark, .newest = watermark});
  }

  ViewReader reader() { return {host_.now(), 0}; }
  ViewFigures figures() const { return writer_.figures(); }
  ViewHost& host() { return host_; }

 private:
  StateStore& store_;
  bool changes_;
  ViewWriter writer_;
  ManualClock clock_;
  ViewHost host_{clock_};
};

Line line_of(const ViewLayout& layout, std::string_view bytes) {
  Arena arena;
  std::vector<Slot> slots(layout.rows().leaves());
  EXPECT_TRUE(layout.rows().well_formed(bytes));
  layout.rows().decode(bytes, slots.data(), arena);
  return {std::string(slots[0].bytes.view()), slots[1].i64,
          slots[2].u8 != 0 ? std::optional(slots[3].i64) : std::nullopt};
}

std::vector<Line> lines(const ViewReader& reader, const ViewRange& range, const AsOf& as_of) {
  std::vector<Line> found;
  const auto scan = reader.scan(range, as_of);
  EXPECT_TRUE(scan.ok());
  for (; (*scan)->valid(); (*scan)->next()) found.push_back(line_of(reader.layout(), (*scan)->row().row));
  EXPECT_TRUE((*scan)->status().ok());
  return found;
}

/// The same by scans that pause behind each few rows, of those that do not count, too.
std::vector<Line> lines_with_pauses(const ViewReader& reader, ViewRange range, const AsOf& as_of, uint64_t most) {
  std::vector<Line> found;
  range.most = most;
  while (true) {
    const auto scan = reader.scan(range, as_of);
    for (; (*scan)->valid(); (*scan)->next()) found.push_back(line_of(reader.layout(), (*scan)->row().row));
    EXPECT_TRUE((*scan)->status().ok());
    if (!(*scan)->pauses()) return found;
    EXPECT_NE((*scan)->position(), range.behind);
    range.behind = (*scan)->position();
  }
}

/// The same, a few rows at a time, each part by a scan of its own.
std::vector<Line> lines_in_parts(const ViewReader& reader, ViewRange range, const AsOf& as_of, size_t most) {
  std::vector<Line> found;
  while (true) {
    const auto scan = reader.scan(range, as_of);
    size_t n = 0;
    for (; (*scan)->valid() && n < most; (*scan)->next(), ++n) {
      found.push_back(line_of(reader.layout(), (*scan)->row().row));
      range.behind = (*scan)->position();
    }
    if (n < most) return found;
  }
}

/// What stands of each key, of the changes that count.
std::map<std::string, Line> standing(const std::vector<Written>& written, const AsOf& as_of) {
  std::map<std::string, Line> rows;
  for (const Written& each : written) {
    if ((as_of.time && each.time > *as_of.time) || (as_of.epoch && each.epoch > *as_of.epoch)) continue;
    if (each.gone)
      rows.erase(key_of(each.line));
    else
      rows[key_of(each.line)] = each.line;
  }
  return rows;
}

std::vector<Line> in_key_order(const std::map<std::string, Line>& rows) {
  std::vector<Line> made;
  for (const auto& [key, line] : rows) made.push_back(line);
  return made;
}

std::vector<Line> reversed(std::vector<Line> rows) {
  std::reverse(rows.begin(), rows.end());
  return rows;
}

class ViewTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    store_.reset();
    if (GetParam()) {
      folder_ = std::filesystem::path(testing::TempDir()) /
                fmt::format("view_{}", testing::UnitTest::GetInstance()->current_test_info()->name());
      std::filesystem::remove_all(folder_);
      std::filesystem::create_directories(folder_);
      // Small enough that some commits become files of their own.
      auto opened = open_sized_rocks_store(folder_.string(), {.memory_bytes = 8 << 20, .ingest_from_bytes = 2000});
      ASSERT_TRUE(opened.ok()) << opened.error().message;
      store_ = *std::move(opened);
    } else {
      store_ = std::make_unique<MemoryStore>();
    }
  }
  void TearDown() override {
    store_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  std::filesystem::path folder_;
  std::unique_ptr<StateStore> store_;
};

TEST_P(ViewTest, OfChangesIsWhatStands) {
  constexpr int64_t kKeep = 40;
  for (const std::optional<int64_t> keep : {std::optional<int64_t>(), std::optional<int64_t>(kKeep)}) {
    SetUp();
    Views views(*store_, true, keep);
    Rng rng(keep ? 11 : 7);
    std::vector<Written> written;
    size_t epochs_known = 0, epochs_gone = 0;
    int64_t time = 100;
    for (uint64_t epoch = 1; epoch <= 60; ++epoch) {
      for (uint64_t block = rng.below(4); block > 0; --block) {
        std::vector<Written> rows;
        std::vector<RowChange> kinds;
        for (uint64_t n = 1 + rng.below(12); n > 0; --n) {
          Written row{{rng.below(2) == 0 ? "a" : std::string("a\0b", 3), static_cast<int64_t>(rng.below(9)) - 4, {}},
                      time - static_cast<int64_t>(rng.below(6)),
                      rng.below(4) == 0,
                      epoch};
          if (rng.below(4) != 0) row.line.size = static_cast<int64_t>(rng.below(3));
          const bool stands = standing(written, {}).contains(key_of(row.line));
          if (row.gone && !stands) continue;
          kinds.push_back(row.gone ? RowChange::goes : stands ? RowChange::becomes : RowChange::comes);
          rows.push_back(row);
          written.push_back(row);
        }
        views.write(rows, kinds);
        time += static_cast<int64_t>(rng.below(5));
      }
      views.commit(epoch, time - 6);
      ViewReader reader = views.reader();
      const std::map<std::string, Line> now = standing(written, {});
      ASSERT_EQ(views.figures().rows, now.size());
      ASSERT_EQ(lines(reader, {}, {}), in_key_order(now));
      ASSERT_EQ(lines_in_parts(reader, {.backwards = true}, {}, 2), reversed(in_key_order(now)));
      for (const auto& [key, line] : now) {
        ViewRow row;
        ASSERT_TRUE(*reader.get(key, {}, &row));
        ASSERT_EQ(line_of(reader.layout(), row.row), line);
      }
      ViewRow none;
      ASSERT_FALSE(*reader.get(key_of({"b", 1, {}}), {}, &none));
      for (const std::optional<int64_t> size : {std::optional<int64_t>(1), std::optional<int64_t>()}) {
        std::vector<Line> expected;
        for (const auto& [key, line] : now)
          if (line.size == size) expected.push_back(line);
        const ViewRange range{
            .by = ViewRange::By::index, .begin = size_of(size), .end = StateStore::behind_prefix(size_of(size))};
        ASSERT_EQ(lines(reader, range, {}), expected);
        ASSERT_EQ(lines_in_parts(reader, range, {}, 3), expected);
      }
      if (!keep) {
        ASSERT_EQ(*reader.check({.time = time}), ViewReader::Answer::no_history);
        continue;
      }
      ASSERT_EQ(reader.horizon(), time - 6 - kKeep);
      ASSERT_EQ(*reader.check({.time = time - 7 - kKeep}), ViewReader::Answer::too_old);
      ASSERT_EQ(*reader.check({.epoch = epoch + 1}), ViewReader::Answer::to_come);
      for (const int64_t at : {time, time - 3, time - 17, time - 6 - kKeep}) {
        const AsOf as_of{.time = at};
        ASSERT_EQ(*reader.check(as_of), ViewReader::Answer::known);
        const std::map<std::string, Line> then = standing(written, as_of);
        ASSERT_EQ(lines(reader, {}, as_of), in_key_order(then)) << "as of " << at << " in epoch " << epoch;
        ASSERT_EQ(lines_in_parts(reader, {.backwards = true}, as_of, 1), reversed(in_key_order(then)));
        ASSERT_EQ(lines_in_parts(reader, {}, as_of, 2), in_key_order(then));
        ASSERT_EQ(lines_with_pauses(reader, {}, as_of, 1), in_key_order(then));
        ASSERT_EQ(lines_with_pauses(reader, {.backwards = true}, as_of, 3), reversed(in_key_order(then)));
        for (int64_t floor = -4; floor <= 4; ++floor) {
          const std::string key = key_of({"a", floor, {}});
          ViewRow row;
          const Result<bool> found = reader.get(key, as_of, &row);
          ASSERT_EQ(*found, then.contains(key));
          if (*found) ASSERT_EQ(line_of(reader.layout(), row.row), then.at(key));
        }
      }
      for (uint64_t before = 1; before <= epoch; ++before) {
        const AsOf as_of{.epoch = before};
        const bool known = *reader.check(as_of) == ViewReader::Answer::known;
        ++(known ? epochs_known : epochs_gone);
        if (known) ASSERT_EQ(lines(reader, {}, as_of), in_key_order(standing(written, as_of))) << before;
      }
      ASSERT_EQ(*reader.check({.epoch = epoch}), ViewReader::Answer::known);
    }
    EXPECT_EQ(epochs_known > epochs_gone / 10 && epochs_gone > 0, keep.has_value());
    // What is kept does not grow with what was written.
    uint64_t rows = 0;
    ASSERT_TRUE(store_
                    ->scan(StateFamily::point, {},
                           [&](std::string_view, std::string_view) {
                             ++rows;
                             return Status();
                           })
                    .ok());
    EXPECT_LT(rows, written.size());
  }
}

TEST_P(ViewTest, OfEventsGoesByTime) {
  constexpr int64_t kKeep = 25;
  Views views(*store_, false, kKeep);
  Rng rng(5);
  std::vector<Written> written;
  int64_t time = 0, watermark = 0;
  for (uint64_t epoch = 1; epoch <= 50; ++epoch) {
    std::vector<Written> rows;
    for (uint64_t n = rng.below(20); n > 0; --n)
      rows.push_back({{"c", static_cast<int64_t>(rng.below(4)), static_cast<int64_t>(written.size() + rows.size())},
                      time + static_cast<int64_t>(rng.below(4)),
                      false,
                      epoch});
    time += 3;
    views.write(rows, {});
    // What an epoch lets go is chosen of the rows before it.
    std::erase_if(written, [&](const Written& each) { return each.time < time - 3 - kKeep; });
    watermark = time - 3;
    written.insert(written.end(), rows.begin(), rows.end());
    std::stable_sort(written.begin(), written.end(),
                     [](const Written& a, const Written& b) { return a.time < b.time; });
    views.commit(epoch, watermark);
    ViewReader reader = views.reader();
    const auto expected = [&](auto keeps) {
      std::vector<Line> made;
      for (const Written& each : written)
        if (keeps(each)) made.push_back(each.line);
      return made;
    };
    const std::vector<Line> all = expected([](const Written&) { return true; });
    ASSERT_EQ(views.figures().rows, all.size());
    ASSERT_EQ(lines(reader, {.by = ViewRange::By::time}, {}), all);
    ASSERT_EQ(lines_in_parts(reader, {.by = ViewRange::By::time, .backwards = true}, {}, 3), reversed(all));
    std::string begin, end;
    append_time_key(begin, time - 9);
    append_time_key(end, time - 4);
    ASSERT_EQ(lines(reader, {.by = ViewRange::By::time, .begin = begin, .end = end}, {}),
              expected([&](const Written& each) { return each.time >= time - 9 && each.time < time - 4; }));
    const std::vector<Line> then = expected([&](const Written& each) { return each.time <= time - 5; });
    ASSERT_EQ(lines(reader, {.by = ViewRange::By::time}, {.time = time - 5}), then);
    ASSERT_EQ(lines_with_pauses(reader, {.by = ViewRange::By::time, .backwards = true}, {.time = time - 5}, 2),
              reversed(then));
    const std::string key = key_of({"c", 2, {}});
    const ViewRange of_key{.by = ViewRange::By::index, .index = 0, .begin = key, .end = StateStore::behind_prefix(key)};
    ASSERT_EQ(lines_in_parts(reader, of_key, {}, 2),
              expected([](const Written& each) { return each.line.floor == 2; }));
  }
}

TEST_P(ViewTest, PartsOfOneEpochFollowEachOther) {
  Views views(*store_, true, 1'000'000);
  const auto put = [&](const std::vector<int64_t>& times) {
    for (const int64_t time : times)
      views.write({{{"a", 1, time}, time, false, 1}}, {time == 10 ? RowChange::comes : RowChange::becomes});
    views.commit(1, INT64_MIN);
  };
  put({10, 20, 30});
  put({40});
  for (const int64_t time : {10, 20, 30, 40})
    EXPECT_EQ(lines(views.reader(), {}, {.time = time + 5}), (std::vector<Line>{{"a", 1, time}})) << time;
}

TEST_P(ViewTest, AStateStaysWhileTheJobGoesOn) {
  Views views(*store_, true, {});
  const auto put = [&](int64_t size, uint64_t epoch) {
    views.write({{{"a", 1, size}, 10, false, epoch}}, {epoch == 1 ? RowChange::comes : RowChange::becomes});
    views.commit(epoch, 10);
  };
  put(1, 1);
  ViewReader first = views.reader();
  views.host().keep(views.host().now(), 1000);
  for (uint64_t epoch = 2; epoch < 40; ++epoch) put(static_cast<int64_t>(epoch), epoch);
  EXPECT_EQ(lines(first, {}, {}), (std::vector<Line>{{"a", 1, 1}}));
  EXPECT_EQ(lines(views.reader(), {}, {}), (std::vector<Line>{{"a", 1, 39}}));
  ASSERT_NE(views.host().at_epoch(1), nullptr);
  EXPECT_EQ(views.host().at_epoch(2), nullptr);
  EXPECT_EQ(lines(ViewReader(views.host().at_epoch(1), 0), {}, {}), (std::vector<Line>{{"a", 1, 1}}));
  EXPECT_EQ(views.host().now()->at.epoch, 39U);
}

INSTANTIATE_TEST_SUITE_P(Stores, ViewTest, testing::Values(false, true),
                         [](const auto& each) { return each.param ? "Rocks" : "Memory"; });

}  // namespace
}  // namespace braid
