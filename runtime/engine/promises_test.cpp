// Promises of products while a job follows its inputs, in simulated time: each is breached and recovers.
#include <gtest/gtest.h>

#include "runtime/engine/job_monitor.h"
#include "runtime/engine/job_run.h"
#include "runtime/engine/test_job.h"
#include "runtime/engine/told_promises.h"

namespace braid {
namespace {

using namespace test;

constexpr int64_t kSecond = 1'000'000;

/// Each time that the job waits, the next second begins, with what happens in it.
class SecondsClock : public ManualClock {
 public:
  using ManualClock::ManualClock;
  std::map<int64_t, std::function<void()>> events;  ///< by second
  std::function<void(int64_t)> each;                ///< before them
  int64_t second = 0;
  void sleep_us(int64_t us) override {
    ManualClock::sleep_us(us);
    set_us(kStart + ++second * kSecond);
    each(second);
    if (const auto event = events.find(second); event != events.end()) event->second();
  }
};

class Promises : public testing::Test {
 protected:
  Promises() {
    using Rule = PromiseSpec::Rule;
    const int s = builder_.source("s", 0, 60 * kSecond);
    const int u = builder_.source("u", -1, 0, true);
    builder_.publish(builder_.reference_join(s, u, true), "joined");
    builder_.publish(builder_.unique(s, 20 * kSecond), "once");
    find_products(builder_.program);
    builder_.program.products[0].promises = {
        {.text = "fresh", .bound_us = 5 * kSecond, .rule = Rule::fresh},
        {.text = "latency", .bound_us = 3 * kSecond, .rule = Rule::latency, .share = 0.5},
        {.text = "complete", .rule = Rule::complete, .share = 0.5, .fields = {{3, 0}}},
        {.text = "volume", .bound_us = 10 * kSecond, .rule = Rule::volume, .least = 2, .most = 400}};
    builder_.program.products[1].promises = {{.text = "state", .rule = Rule::state, .most = 8192}};
    machine_.write("in/u.ndjson", record("a", 1, 0));
    options_.follow = true;
    options_.stop_requested = [this] { return clock_.second >= 100; };
    clock_.each = [this](int64_t second) {
      if (second < silent_from_ || second >= silent_to_) write("a", second);
    };
    watch();
  }
  void write(const std::string& key, int64_t second, int rows = 1) {
    std::string text;
    for (int i = 0; i < rows; ++i) text += record(key, i, kStart + second * kSecond);
    append(text);
  }
  void append(const std::string& text) {
    auto writer = machine_.fs.open_writer("in/s1.ndjson", OpenMode::create_or_append);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->append(text).ok());
  }
  void run() {
    JobSeams seams{machine_.fs, clock_, machine_.executor, machine_.seams().open_store};
    const auto report = run_job(builder_.program, options_, seams);
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report->deviation, 0);
  }
  /// The seconds in which a promise was breached, and, below 0, in which it recovered.
  std::vector<int64_t> changes(const std::string& promise) { return changes_[promise]; }

  /// Of the program as it is now.
  void watch() {
    monitor_.emplace(builder_.program, clock_);
    monitor_->on_event = [this](const JobEvent& event) {
      const bool breached = event.kind == JobEvent::Kind::promise_breached;
      if (breached || event.kind == JobEvent::Kind::promise_recovered)
        changes_[event.promise->text].push_back(breached ? clock_.second : -clock_.second);
    };
    monitor_->watch_promises();
    options_.monitor = &*monitor_;
  }

  ProgramBuilder builder_;
  Machine machine_{3};
  SecondsClock clock_{kStart};
  JobOptions options_ = job_options();
  std::optional<JobMonitor> monitor_;  ///< of the program as it is made
  int64_t silent_from_ = 1000, silent_to_ = 1000;
  std::map<std::string, std::vector<int64_t>> changes_;
};

/// Breached in a second of the first range, and recovered in one of the second.
void expect_once(const std::vector<int64_t>& changes, int64_t breached_from, int64_t breached_to,
                 int64_t recovered_from, int64_t recovered_to) {
  ASSERT_EQ(changes.size(), 2U) << testing::PrintToString(changes);
  EXPECT_GE(changes[0], breached_from);
  EXPECT_LE(changes[0], breached_to);
  EXPECT_GE(-changes[1], recovered_from);
  EXPECT_LE(-changes[1], recovered_to);
}

TEST_F(Promises, hold_while_rows_come_as_they_should) {
  run();
  EXPECT_TRUE(changes_.empty()) << testing::PrintToString(changes_);
  ASSERT_EQ(monitor_->status()->promises.size(), 5U);
  for (const JobStatus::Promise& promise : monitor_->status()->promises) {
    EXPECT_EQ(promise.status.state, PromiseState::ok) << promise.text;
    EXPECT_TRUE(promise.status.measured) << promise.text;
  }
}

TEST_F(Promises, of_freshness_and_volume_are_breached_by_silence) {
  silent_from_ = 20, silent_to_ = 45;
  run();
  expect_once(changes("fresh"), 24, 28, 46, 49);
  // Readers of the product are told, in this order.
  const auto told = machine_.fs.read_file("data/out/test.joined.v1.alerts.ndjson");
  ASSERT_TRUE(told.ok());
  std::vector<std::string> states;
  for (size_t at = told->find("\"check\":\""); at != std::string::npos; at = told->find("\"check\":\"", at + 1)) {
    const auto value = [&](const std::string& name) {
      const size_t begin = told->find("\"" + name + "\":\"", at) + name.size() + 4;
      return told->substr(begin, told->find('"', begin) - begin);
    };
    states.push_back(value("check") + " " + value("state"));
  }
  EXPECT_EQ(states,
            (std::vector<std::string>{"fresh breached", "fresh recovered", "volume breached", "volume recovered"}));
  // No row in the thirties, and six from the forty-fifth second on; time stands still until then.
  expect_once(changes("volume"), 45, 48, 50, 53);
}

/// What a reader expects of a source is watched from what it reads, and an alert of the products that read it.
TEST_F(Promises, that_readers_expect_are_watched_at_the_source) {
  using Rule = PromiseSpec::Rule;
  builder_.program.sources[0].promises = {
      {.text = "expect fresh",
       .bound_us = 5 * kSecond,
       .rule = Rule::fresh,
       .readers = {"test"},
       .owner = "ana@acme.io"},
      {.text = "unique v", .bound_us = 10 * kSecond, .rule = Rule::unique, .share = 1, .fields = {{0}}},
      {.text = "expect elsewhere", .bound_us = 5 * kSecond, .rule = Rule::fresh, .readers = {"kpi"}}};
  for (ProductSpec& product : builder_.program.products) product.domain = "test", product.sources = {0};
  watch();
  silent_from_ = 20, silent_to_ = 45;
  run();
  expect_once(changes("expect fresh"), 24, 28, 46, 49);
  ASSERT_EQ(changes("unique v").size(), 1U);  // the second row has the key of the first
  const auto status = monitor_->status();
  const auto expected = std::ranges::find(status->promises, "expect fresh", &JobStatus::Promise::text);
  ASSERT_NE(expected, status->promises.end());
  EXPECT_EQ(expected->relation, "test.s");
  EXPECT_EQ(expected->owner, "ana@acme.io");
  for (const std::string product : {"joined", "once"}) {
    const auto told = machine_.fs.read_file("data/out/test." + product + ".v1.alerts.ndjson");
    ASSERT_TRUE(told.ok());
    EXPECT_NE(told->find(R"("check":"expect fresh")"), std::string::npos) << *told;
    EXPECT_NE(told->find(R"("of":"test.s","version":"1","owner":"ana@acme.io")"), std::string::npos) << *told;
    EXPECT_NE(told->find(R"("check":"unique v")"), std::string::npos) << *told;
    EXPECT_EQ(told->find("elsewhere"), std::string::npos) << *told;
  }
}

/// A row that repeats a key counts for an hour, in parts of a minute of the clock.
TEST_F(Promises, of_unique_keys_are_breached_for_an_hour) {
  for (ProductSpec& product : builder_.program.products) product.promises.clear();
  builder_.program.sources[0].promises = {
      {.text = "unique k", .bound_us = 60 * kSecond, .rule = PromiseSpec::Rule::unique, .share = 1, .fields = {{0}}}};
  watch();
  options_.stop_requested = [this] { return clock_.second >= 3'750; };
  clock_.each = [this](int64_t second) { write("k" + std::to_string(second), second); };
  clock_.events[50] = [this] { write("k20", 50); };
  clock_.events[500] = [this] { write("k300", 500); };  // too far apart
  run();
  expect_once(changes("unique k"), 50, 53, 3'590, 3'660);
}

TEST_F(Promises, of_volume_are_breached_by_too_many_rows_before_the_period_ends) {
  clock_.events[42] = [this] { write("a", 42, 500); };
  run();
  expect_once(changes("volume"), 43, 45, 60, 63);
}

TEST_F(Promises, of_latency_are_breached_by_rows_that_come_late) {
  clock_.events[40] = [this] { write("a", 30, 300); };
  clock_.events[50] = [this] { write("a", 50, 380); };
  run();
  expect_once(changes("latency"), 41, 43, 51, 53);
}

TEST_F(Promises, of_completeness_are_breached_by_nulls) {
  clock_.events[40] = [this] { write("nobody", 40, 200); };
  clock_.events[50] = [this] { write("a", 50, 300); };
  run();
  expect_once(changes("complete"), 41, 43, 51, 53);
}

TEST_F(Promises, of_state_are_breached_by_many_keys_until_these_are_forgotten) {
  clock_.events[40] = [this] {
    for (int i = 0; i < 300; ++i) write("k" + std::to_string(i), 40);
  };
  run();
  expect_once(changes("state"), 40, 43, 55, 75);
}

/// What the clock decided is in the records of the epochs: run again, they give the same rows of `alerts`.
TEST_F(Promises, are_told_again_as_they_were) {
  silent_from_ = 20, silent_to_ = 45;
  run();
  auto store = MemoryStore::open(machine_.fs, "data/state");
  ASSERT_TRUE(store.ok());
  JobOptions again = options_;
  again.directory = "again";
  again.monitor = nullptr;
  const JobSeams seams{machine_.fs, clock_, machine_.executor, machine_.seams().open_store};
  JobStore fresh(builder_.program, again, seams);
  ASSERT_TRUE(fresh.lock().ok());
  ASSERT_TRUE(fresh.open().ok());
  OutputFiles files(machine_.fs, builder_.program, "again", {});
  auto place = place_of_store(machine_.fs, "again", fresh.header().id);
  ASSERT_TRUE(place.ok());
  files.set_store(*place, false);
  ASSERT_TRUE(files.recover(fresh.state()).ok());
  ASSERT_TRUE(fresh.begin().ok());
  ASSERT_TRUE(files.claim_products(fresh.state()).ok());
  JobTurns turns(builder_.program, again, seams);
  ASSERT_TRUE(turns.open(fresh, files).ok());
  ASSERT_TRUE(turns.load_tables().ok());
  EpochChain last;
  int told = 0;
  const Status scanned =
      (*store)->scan(StateFamily::meta, "epochs/", [&](std::string_view, std::string_view bytes) -> Status {
        BRAID_ASSIGN(const EpochRecord record, EpochRecord::decode(bytes));
        for (const EpochEvent& event : record.events) told += event.is_of_promise() ? 1 : 0;
        BRAID_TRY(turns.replay(record));
        EpochRecord made = turns.end_epoch(last);
        StateBatch batch;
        BRAID_TRY(files.freeze(fresh.state()));
        files.collect(batch, made.outputs);
        EXPECT_EQ(made.after().digest, record.after().digest) << "epoch " << record.after().epoch;
        last = made.after();
        return {};
      });
  ASSERT_TRUE(scanned.ok()) << scanned.error().message;
  EXPECT_EQ(told, 4);
}

TEST(ToldPromises, keep_what_they_say) {
  const PromiseChange change{.relation = "d.p",
                             .version = 3,
                             .promise = "latency p99 < 2s",
                             .breached = true,
                             .since = 1'700'000'000'000'000,
                             .measured = "98.10% of 1200 rows in time",
                             .owner = "ana@acme.io",
                             .part = "tasks 0, 2 of 4"};
  EpochRecord record;
  record.events = {told_event(change), {.kind = EpochEvent::Kind::moved, .name = {}}};
  record.events.push_back({.kind = EpochEvent::Kind::turn, .source = 1, .partition = 2, .end = 30, .name = {}});
  const Result<EpochRecord> read = EpochRecord::decode(record.encode());
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->events.size(), 3U);
  const PromiseChange same = told_change(read->events[0]);
  EXPECT_EQ(same.relation, change.relation);
  EXPECT_EQ(same.version, change.version);
  EXPECT_EQ(same.promise, change.promise);
  EXPECT_EQ(same.breached, change.breached);
  EXPECT_EQ(same.since, change.since);
  EXPECT_EQ(same.measured, change.measured);
  EXPECT_EQ(same.owner, change.owner);
  EXPECT_EQ(same.part, change.part);
  EXPECT_EQ(read->events[2].end, 30);
  EXPECT_EQ(read->after().digest, record.after().digest);
}

TEST_F(Promises, are_not_counted_where_nobody_watches) {
  options_.monitor = nullptr;
  run();
  EXPECT_EQ(monitor_->status(), nullptr);
}

}  // namespace
}  // namespace braid
