#include "runtime/replica/replica.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "runtime/base/sim_fs.h"
#include "runtime/broker/sim_broker.h"
#include "runtime/data/row_codec.h"
#include "runtime/data/time_text.h"
#include "runtime/engine/job_views.h"
#include "runtime/engine/written_rows.h"
#include "runtime/state/memory_store.h"
#include "runtime/view/view_reader.h"

namespace braid {
namespace {

using testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kStart = 1'700'000'000 * kSecond;

struct Killed {};

/// Records that compaction has taken: a later one of their key is there.
class CompactedBroker : public SimBroker {
 public:
  using SimBroker::SimBroker;
  std::set<std::pair<TopicPartition, int64_t>> taken;

  BrokerResult<std::unique_ptr<BrokerReader>> make_reader(const ReaderOptions& options) override {
    auto reader = SimBroker::make_reader(options);
    if (!reader.ok()) return reader;
    return std::unique_ptr<BrokerReader>(std::make_unique<Reader>(std::move(*reader), taken));
  }

 private:
  class Batch : public RecordBatch {
   public:
    Batch(std::unique_ptr<RecordBatch> all, const TopicPartition& place,
          const std::set<std::pair<TopicPartition, int64_t>>& taken)
        : all_(std::move(all)) {
      for (const BrokerRecord& record : all_->records())
        if (!taken.contains({place, record.offset})) records_.push_back(record);
    }

   private:
    std::unique_ptr<RecordBatch> all_;
  };
  class Reader : public BrokerReader {
   public:
    Reader(std::unique_ptr<BrokerReader> reader, const std::set<std::pair<TopicPartition, int64_t>>& taken)
        : reader_(std::move(reader)), taken_(taken) {}
    BrokerStatus start(const TopicPartition& place, int64_t offset) override { return reader_->start(place, offset); }
    BrokerStatus stop(const TopicPartition& place) override { return reader_->stop(place); }
    BrokerResult<Fetched> fetch(const TopicPartition& place, size_t most) override {
      auto fetched = reader_->fetch(place, most);
      if (!fetched.ok() || fetched->batch == nullptr) return fetched;
      auto batch = std::make_unique<Batch>(std::move(fetched->batch), place, taken_);
      // Of a batch nothing may be left; then there is none.
      if (!batch->records().empty()) fetched->batch = std::move(batch);
      return fetched;
    }
    void wait(int64_t timeout_us) override { reader_->wait(timeout_us); }
    void wait_for(const TopicPartition& place, int64_t timeout_us) override { reader_->wait_for(place, timeout_us); }

   private:
    std::unique_ptr<BrokerReader> reader_;
    const std::set<std::pair<TopicPartition, int64_t>>& taken_;
  };
};

class ReplicaTest : public testing::Test {
 protected:
  ReplicaTest() {
    const std::vector<Field> row{{"name", string_type()}, {"text", string_type()}, {"at", timestamp_type()}};
    program_.products.push_back({.domain = "shop", .name = "customer", .row = row, .key = {{0}}, .changes = true});
    program_.products.push_back({.domain = "shop", .name = "sale", .row = row});
    bind();
    make("customers", 2);
    make("sales", 2);
    begin_writer();
    options_ = {.project = "shop",
                .directory = "serve",
                .views = {{.product = 0, .indexes = {{1}}, .keep_us = {}, .time = {2}}, {.product = 1, .time = {2}}},
                .timed = {true, true},
                .group = "replica",
                .until_caught_up = true,
                .commit_every_us = 5'000,
                .view_host = &host_};
  }

  void bind() {
    program_.sources.clear();
    for (const ProductSpec& product : program_.products) {
      program_.sources.push_back(written_source(product, {.format = "json", .topic = true}));
      program_.sources.back().binding.address = product.name + "s";
    }
  }
  void make(const std::string& topic, int32_t partitions) { cluster_.create({topic, partitions, -1, {}}); }

  // ---- what a job writes

  void begin_writer() {
    writer_ = std::move(*broker_.make_writer({.transactional_id = "writer"}));
    ASSERT_TRUE(writer_->begin_session(10 * kSecond).ok());
  }

  void send(const std::string& topic, int32_t partition, const std::string& key, std::optional<std::string> value) {
    now_ += 1'000'500;
    ASSERT_TRUE(writer_
                    ->write({.place = {topic, partition},
                             .key = key,
                             .value = value ? std::optional<std::string_view>(*value) : std::nullopt,
                             .timestamp_ms = now_ / 1000})
                    .ok());
  }
  std::string row(const std::string& name, const std::string& text) {
    std::string value = fmt::format(R"({{"name":"{}","text":"{}","at":")", name, text);
    append_timestamp(value, now_ + 1'000'500);
    return value + "\"}";
  }
  /// One transaction.
  void transaction(const std::function<void()>& write, bool commits = true) {
    ASSERT_TRUE(writer_->begin_transaction(kSecond).ok());
    write();
    ASSERT_TRUE(writer_->flush(kSecond).ok());
    ASSERT_TRUE((commits ? writer_->commit_transaction(10 * kSecond) : writer_->abort_transaction(10 * kSecond)).ok());
  }
  void put(const std::string& name, const std::string& text) {
    send("customers", partition_of(name), name, row(name, text));
  }
  void put_one(const std::string& name, const std::string& text) {
    transaction([&] { put(name, text); });
  }
  static int32_t partition_of(const std::string& name) { return name.front() % 2; }
  void random_transaction(Rng& rng) {
    transaction(
        [&] {
          for (int64_t i = rng.between(1, 6); i > 0; --i) {
            const std::string name(1, static_cast<char>('a' + rng.below(6)));
            const std::string text = std::to_string(++written_);
            if (rng.chance(3))
              send("sales", static_cast<int32_t>(rng.below(2)), name, row(name, text));
            else if (rng.chance(4))
              send("customers", partition_of(name), name, std::nullopt);
            else
              put(name, text);
          }
        },
        !rng.chance(4));
  }
  /// Takes some of the records that others of their key have followed.
  void compact(Rng& rng) {
    for (int32_t partition = 0; partition < 2; ++partition) {
      const TopicPartition place{"customers", partition};
      std::map<std::string, int64_t> last;
      each_record(place, INT64_MAX, [&](const BrokerRecord& record, int64_t offset) {
        const auto before = last.find(std::string(*record.key));
        if (before != last.end() && !rng.chance(3)) broker_.taken.insert({place, before->second});
        last[std::string(*record.key)] = offset;
      });
    }
  }

  // ---- what must be there

  void each_record(const TopicPartition& place, int64_t before,
                   const std::function<void(const BrokerRecord&, int64_t)>& take) {
    const SimLog& log = *cluster_.log_of(place);
    log.visit(log.begin(), std::min(before, log.last_stable()), [&](const SimLog::Entry& entry, int64_t at) {
      take(entry.payload->records()[static_cast<size_t>(at - entry.base)], at);
      return true;
    });
  }
  static std::string text_of(std::string_view value) {
    const size_t from = value.find("\"text\":\"") + 8;
    return std::string(value.substr(from, value.find('"', from) - from));
  }
  /// Texts by name, of records before the offsets.
  std::map<std::string, std::string> table(const std::vector<int64_t>& offsets) {
    std::map<std::string, std::string> rows;
    for (int32_t partition = 0; partition < static_cast<int32_t>(offsets.size()); ++partition)
      each_record({"customers", partition}, offsets[static_cast<size_t>(partition)],
                  [&](const BrokerRecord& record, int64_t) {
                    if (record.value)
                      rows[std::string(*record.key)] = text_of(*record.value);
                    else
                      rows.erase(std::string(*record.key));
                  });
    return rows;
  }
  std::multiset<std::string> stream(const std::vector<int64_t>& offsets) {
    std::multiset<std::string> rows;
    for (int32_t partition = 0; partition < static_cast<int32_t>(offsets.size()); ++partition)
      each_record({"sales", partition}, offsets[static_cast<size_t>(partition)],
                  [&](const BrokerRecord& record, int64_t) { rows.insert(text_of(*record.value)); });
    return rows;
  }

  // ---- what is there

  std::vector<std::pair<std::string, std::string>> rows_of(const std::shared_ptr<const ViewsState>& state, size_t view,
                                                           const AsOf& as_of = {}) {
    std::vector<std::pair<std::string, std::string>> rows;
    const ViewReader reader(state, view);
    const ViewRange range{.by = view == 0 ? ViewRange::By::key : ViewRange::By::time};
    const auto scan = reader.scan(range, as_of);
    EXPECT_TRUE(scan.ok());
    for (; (*scan)->valid(); (*scan)->next()) {
      Arena arena;
      std::vector<Slot> slots(reader.layout().rows().leaves());
      reader.layout().rows().decode((*scan)->row().row, slots.data(), arena);
      rows.emplace_back(slots[0].bytes.view(), slots[1].bytes.view());
    }
    EXPECT_TRUE((*scan)->status().ok());
    return rows;
  }
  void compare(const std::shared_ptr<const ViewsState>& state) {
    ASSERT_NE(state, nullptr);
    ASSERT_EQ(state->at.positions.size(), 2U);
    const auto customers = rows_of(state, 0);
    const std::map<std::string, std::string> expected = table(state->at.positions[0].offsets);
    EXPECT_EQ((std::vector<std::pair<std::string, std::string>>(expected.begin(), expected.end())), customers);
    std::multiset<std::string> sales;
    for (const auto& [name, text] : rows_of(state, 1)) sales.insert(text);
    EXPECT_EQ(stream(state->at.positions[1].offsets), sales);
  }

  JobSeams seams() {
    return {fs_,       clock_,
            executor_, [this](const std::string& directory) { return MemoryStore::open(fs_, directory); },
            &broker_,  nullptr};
  }
  Result<JobReport> run() { return run_replica(program_, options_, seams()); }
  /// The store as it is behind a run.
  template <class Look>
  void look(const Look& look) {
    auto store = std::move(*MemoryStore::open(fs_, "serve/state"));
    ViewHost host(clock_);
    ASSERT_TRUE(JobViews::show(program_, options_.views, "serve", *store, host).ok());
    look(host.now());
    host.close();
  }
  void expect_all() {
    look([&](const std::shared_ptr<const ViewsState>& state) {
      compare(state);
      for (const TopicPositions& each : state->at.positions)
        for (size_t partition = 0; partition < each.offsets.size(); ++partition)
          EXPECT_GE(each.offsets[partition], last_of({each.topic, static_cast<int32_t>(partition)})) << each.topic;
    });
  }
  int64_t last_of(const TopicPartition& place) {
    int64_t behind = 0;
    each_record(place, INT64_MAX, [&](const BrokerRecord&, int64_t offset) {
      if (!broker_.taken.contains({place, offset})) behind = offset + 1;
    });
    return behind;
  }
  void expect_fault(int code, const std::string& text) {
    const Result<JobReport> report = run();
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, code) << report.error().message;
    EXPECT_THAT(report.error().message, HasSubstr(text));
  }

  Program program_;
  SimFs fs_{1};
  ManualClock time_{kStart};
  SimCluster cluster_{time_, {}};
  SimClock clock_{cluster_.time()};
  CompactedBroker broker_{cluster_, "test"};
  InlineExecutor executor_;
  ViewHost host_{clock_};
  ReplicaOptions options_;
  std::unique_ptr<BrokerWriter> writer_;
  int64_t now_ = kStart - 10'000 * kSecond;
  int written_ = 0;
};

TEST_F(ReplicaTest, EachReadIsOfTheRecordsUpToItsPositionsWhereverItIsKilled) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    int kills = 0;
    // Where records are taken, a view between them and those that followed has not their keys.
    const bool compacts = seed % 3 == 0;
    for (int round = 0; round < 12; ++round) {
      for (int64_t i = rng.between(0, 12); i > 0; --i) random_transaction(rng);
      if (compacts) compact(rng);
      int64_t left = rng.between(0, 6);
      options_.kill_point = [&](std::string_view) {
        if (left-- == 0) throw Killed();
      };
      options_.progress = [&](const JobProgress&) {
        if (!compacts) compare(host_.now());
      };
      try {
        ASSERT_TRUE(run().ok());
      } catch (const Killed&) {
        ++kills;
      }
    }
    EXPECT_GT(kills, 0);
    options_.kill_point = {};
    ASSERT_TRUE(run().ok());
    expect_all();
  }
}

TEST_F(ReplicaTest, AnOpenTransactionIsNotReadAndAnAbortedOneNever) {
  put_one("a", "1");
  ASSERT_TRUE(writer_->begin_transaction(kSecond).ok());
  put("a", "2");
  put("b", "1");
  ASSERT_TRUE(writer_->flush(kSecond).ok());
  ASSERT_TRUE(run().ok());
  look([&](const auto& state) {
    EXPECT_EQ(rows_of(state, 0), (std::vector<std::pair<std::string, std::string>>{{"a", "1"}}));
  });
  ASSERT_TRUE(writer_->abort_transaction(10 * kSecond).ok());
  put_one("c", "3");
  ASSERT_TRUE(run().ok());
  expect_all();
}

TEST_F(ReplicaTest, ItReadsOnWhileItServes) {
  options_.until_caught_up = false;
  int round = 0;
  uint64_t epoch = 0;
  options_.stop_requested = [&] { return round >= 20; };
  options_.progress = [&](const JobProgress&) {
    const auto state = host_.now();
    compare(state);
    if (state->at.epoch == epoch && round > 0) return;  // not read yet
    epoch = state->at.epoch;
    ++round;
    put_one("a", std::to_string(round));
  };
  const Result<JobReport> report = run();
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->drained);
  EXPECT_GE(epoch, 10U);
}

TEST_F(ReplicaTest, WhatWasCanBeAskedForAlsoOfRowsThatWent) {
  options_.views[0].keep_us = int64_t{3600} * kSecond;
  put_one("a", "1");
  const int64_t first = now_;
  transaction([&] { send("customers", partition_of("a"), "a", std::nullopt); });
  const int64_t gone = now_;
  put_one("a", "2");
  ASSERT_TRUE(run().ok());
  look([&](const auto& state) {
    using Rows = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(rows_of(state, 0, {.time = first - 1}), Rows{});
    EXPECT_EQ(rows_of(state, 0, {.time = first}), (Rows{{"a", "1"}}));
    EXPECT_EQ(rows_of(state, 0, {.time = gone + 1000}), Rows{});
    EXPECT_EQ(rows_of(state, 0), (Rows{{"a", "2"}}));
  });
}

TEST_F(ReplicaTest, RowsWithoutATimeOfTheirOwnHaveThatOfTheirRecord) {
  options_.views[0] = {.product = 0, .indexes = {}, .keep_us = int64_t{3600} * kSecond};
  put_one("a", "1");
  const int64_t first = now_ / 1000 * 1000;
  put_one("a", "2");
  ASSERT_TRUE(run().ok());
  look([&](const auto& state) {
    using Rows = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(rows_of(state, 0, {.time = first}), (Rows{{"a", "1"}}));
    EXPECT_EQ(rows_of(state, 0, {.time = first - 1}), Rows{});
    EXPECT_EQ(state->at.newest, now_ / 1000 * 1000);
  });
}

TEST_F(ReplicaTest, AViewThatComesLaterIsFilledWhereverThatIsKilled) {
  Rng rng(5);
  for (int i = 0; i < 40; ++i) random_transaction(rng);
  const std::vector<ViewSpec> all = options_.views;
  const Program whole = program_;
  // One product first.
  program_.products.pop_back();
  bind();
  options_.views.pop_back();
  ASSERT_TRUE(run().ok());
  program_ = whole;
  bind();
  options_.views = all;
  options_.views[0].indexes = {{1}, {0}};  // and the other one has another form
  for (int kill = 0; kill < 5; ++kill) {
    random_transaction(rng);
    int left = kill;
    options_.kill_point = [&](std::string_view place) {
      if (place == "filling" && left-- == 0) throw Killed();
    };
    try {
      ASSERT_TRUE(run().ok());
    } catch (const Killed&) {
      continue;
    }
    break;
  }
  options_.kill_point = {};
  ASSERT_TRUE(run().ok());
  expect_all();
}

TEST_F(ReplicaTest, ATopicThatWasMadeAnewIsTold) {
  for (int i = 0; i < 5; ++i) put_one("a", std::to_string(i));
  ASSERT_TRUE(run().ok());
  ASSERT_TRUE(cluster_.remove("customers"));
  make("customers", 2);
  begin_writer();
  expect_fault(8074, "it ends at offset 0");
  // As long as the first one, or longer.
  for (int i = 0; i < 20; ++i) put_one("a", "new " + std::to_string(i));
  expect_fault(8074, "it was made anew");
  options_.reset = true;
  ASSERT_TRUE(run().ok());
  options_.reset = false;
  ASSERT_TRUE(run().ok());
  expect_all();
}

TEST_F(ReplicaTest, FewerPartitionsAndAnotherTopicAreTold) {
  put_one("a", "1");
  ASSERT_TRUE(run().ok());
  ASSERT_TRUE(cluster_.remove("customers"));
  make("customers", 1);
  expect_fault(8074, "it has 1 partitions");
  make("people", 2);
  program_.sources[0].binding.address = "people";
  expect_fault(8074, "the view has the rows of `customers`");
}

TEST_F(ReplicaTest, RecordsThatExpiredBeforeTheyWereReadAreTold) {
  put_one("b", "1");
  ASSERT_TRUE(run().ok());
  for (int i = 0; i < 4; ++i) put_one("b", std::to_string(i));
  ASSERT_TRUE(broker_.delete_records_before({"customers", 0}, 6, kSecond).ok());
  expect_fault(8074, "it begins at offset 6");
}

TEST_F(ReplicaTest, ARecordThatIsNoRowEndsItOrIsPassedOver) {
  put_one("a", "1");
  transaction([&] { send("customers", 1, "a", R"({"name":"a","text":7,"at":"never"})"); });
  put_one("a", "2");
  expect_fault(8075, "shop.customer");
  options_.pass_over = true;
  const Result<JobReport> report = run();
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->warnings.size(), 1U);
  EXPECT_EQ(report->warnings[0].code, 8077U);
  look([&](const auto& state) {
    EXPECT_EQ(rows_of(state, 0), (std::vector<std::pair<std::string, std::string>>{{"a", "2"}}));
  });
}

TEST_F(ReplicaTest, AStoreOfSomethingElseIsLeftAlone) {
  {
    auto store = std::move(*MemoryStore::open(fs_, "serve/state"));
    StateBatch batch;
    batch.put(StateFamily::meta, "format", "of a job");
    ASSERT_TRUE(store->commit(batch).ok());
  }
  options_.reset = true;
  expect_fault(8073, "it has the state of a job");
  options_.directory = "mine";
  ASSERT_TRUE(run().ok());
  options_.project = "other";
  expect_fault(8073, "it has what `shop` serves");
}

}  // namespace
}  // namespace braid
