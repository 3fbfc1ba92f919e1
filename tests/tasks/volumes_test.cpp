// A promise of `volume` while two instances share the tasks of a job: each has a part of the rows, and both judge the
// whole. Over the simulated broker, in simulated time.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>

#include "runtime/broker/sim_broker.h"
#include "runtime/broker/sim_executor.h"
#include "runtime/engine/test_job.h"
#include "runtime/tasks/topic_job.h"

namespace braid {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kStart = 1'700'000'000 * kSecond;  // a multiple of the period

/// One instance: a process with one member.
struct Instance {
  Instance(int number, const Program& program, SimClock& clock, SimCluster& cluster, bool share_stores, SimFs& shared)
      : broker(cluster, "instance-" + std::to_string(number)),
        machine(static_cast<uint64_t>(number) + 1),
        fs(share_stores ? shared : machine.fs),
        monitor(program, clock) {}
  SimBroker broker;
  test::Machine machine;
  SimFs& fs;
  JobMonitor monitor;
  std::vector<int32_t> tasks;
  std::vector<int64_t> told;           ///< second of a breach; of a recovery below 0
  std::map<int64_t, double> measured;  ///< rows of the last period, by the second of the first such status
  PromiseState state = PromiseState::ok;
  std::string text;
  bool ended = false;
};

class Volumes : public testing::Test {
 protected:
  Volumes() {
    builder_.source("s", kSecond, 60 * kSecond);
    builder_.publish(builder_.keep(0, [](int64_t v) { return v >= 0; }));
    program_ = builder_.program;
    program_.sources[0].key = {0};
    program_.sources[0].binding = {"topic", "in", "json", {{"unit", "us"}}};
    program_.products[0].promises = {{.text = "volume 7..30 per 10s",
                                      .bound_us = 10 * kSecond,
                                      .rule = PromiseSpec::Rule::volume,
                                      .least = 7,
                                      .most = 30}};
    cluster_.create({"in", 2, -1, {}});
  }

  int64_t second() { return (cluster_.time().now_us() - kStart) / kSecond; }

  void put(int32_t partition) {
    std::string line = test::record("a", 1, cluster_.time().now_us());
    line.pop_back();
    auto payload = std::make_shared<SimPayload>();
    payload->add({.place = {"in", partition}, .key = "a", .value = line, .headers = {}});
    cluster_.produce(
        {.place = {"in", partition}, .transactional_id = {}, .producer = {++producers_, 0}, .payload = payload});
  }

  void note(Instance& instance, const MemberStatus& status) {
    instance.tasks = status.tasks;
    instance.monitor.add(status.work, status.job.epoch);
    if (!instance.monitor.wants_status()) return;
    JobStatus whole = status.job;
    whole.others = status.running != 2;
    if (whole.others) whole.part = "a part";
    const std::map<int32_t, TaskVolumes>* known[] = {&status.volumes};
    whole.volumes = volumes_of_job(known, 2);
    whole.tells_of_all = std::ranges::count(status.tasks, 0) > 0;
    instance.monitor.publish(std::move(whole));
    const auto shown = instance.monitor.status();
    if (shown->promises.empty()) return;
    const JobStatus::Promise& promise = shown->promises[0];
    instance.state = promise.status.state;
    instance.text = measured_text(promise.rule, promise.status);
    if (promise.status.measured) instance.measured.try_emplace(second(), *promise.status.measured);
  }

  void live(Instance& instance) {
    InlineExecutor executor;
    SimExecutor commits(cluster_.time());
    JobSeams seams{instance.fs, sim_clock_, executor,
                   [&](const std::string& directory) { return MemoryStore::open(instance.fs, directory); },
                   &instance.broker};
    TopicJobOptions options;
    options.job = test::job_options();
    options.job.commit_every_us = 100'000;
    options.job.until_caught_up = false;
    options.job.follow = true;
    options.job.stop_requested = [&] { return stop_ || instance.broker.crashed(); };
    options.broker.group = "job";
    options.broker.session_timeout_us = 6 * kSecond;
    options.broker.transaction_timeout_us = 10 * kSecond;
    TopicBinding out;
    out.topic = "out";
    out.format = "json";
    options.outputs[0] = out;
    options.commits = &commits;
    options.on_status = [&](const MemberStatus& status) { note(instance, status); };
    options.take_changes = [&] { return instance.monitor.take_changes(); };
    instance.monitor.on_event = [&](const JobEvent& event) {
      if (event.kind == JobEvent::Kind::promise_breached) instance.told.push_back(second());
      if (event.kind == JobEvent::Kind::promise_recovered) instance.told.push_back(-second());
    };
    instance.monitor.watch_promises();
    const auto report = run_topic_job(program_, options, seams);
    instance.ended = true;
    if (!instance.broker.crashed()) EXPECT_TRUE(report.ok()) << report.error().message;
  }

  /// Both instances, for so many seconds; `event` is asked in each of them.
  void run(int64_t seconds, const std::function<void(int64_t second)>& event = {}) {
    for (int i = 0; i < 2; ++i) instances_.emplace_back(i, program_, sim_clock_, cluster_, share_stores_, shared_);
    SimTime& time = cluster_.time();
    for (Instance& instance : instances_) time.spawn([this, &instance] { live(instance); });
    time.spawn([&, seconds] {
      for (int64_t now = 0; now < seconds; ++now) {
        // Five rows of ten seconds in each partition: neither has enough.
        if (now % 2 == 0) put(0);
        if (now % 10 < 8 && now % 2 == 1 && (now < sparse_from_ || now >= sparse_to_)) put(1);
        if (now % 10 == 9) put(1);
        if (event) event(now);
        time.sleep(kSecond);
      }
      stop_ = true;
    });
    time.run();
  }

  /// The one that tells goes in the middle of a period, and the other one has both tasks then.
  void take_over() {
    bool crashed = false;
    run(120, [&](int64_t second) {
      if (second != 64) return;
      for (Instance& instance : instances_)
        if (std::ranges::count(instance.tasks, 0) > 0 && !crashed) crashed = true, instance.broker.crash();
    });
    ASSERT_TRUE(crashed);
    const auto left = std::ranges::find_if(instances_, [](const Instance& each) { return !each.broker.crashed(); });
    ASSERT_NE(left, instances_.end());
    EXPECT_EQ(left->tasks.size(), 2U);
    EXPECT_EQ(left->state, PromiseState::ok);
    EXPECT_TRUE(left->told.empty()) << testing::PrintToString(left->told);
    EXPECT_GT(left->measured.rbegin()->first, 100);
    for (const auto& [second, rows] : left->measured) EXPECT_EQ(rows, 10) << "in second " << second;
    EXPECT_TRUE(alerts().empty());
  }

  std::vector<std::string> alerts() {
    std::vector<std::string> found;
    for (int32_t partition = 0; partition < cluster_.partitions_of("out.alerts"); ++partition) {
      const SimLog& log = *cluster_.log_of({"out.alerts", partition});
      log.visit(log.begin(), log.last_stable(), [&](const SimLog::Entry& entry, int64_t offset) {
        found.emplace_back(*entry.payload->records()[static_cast<size_t>(offset - entry.base)].value);
        return true;
      });
    }
    return found;
  }

  test::ProgramBuilder builder_;
  Program program_;
  ManualClock clock_{kStart};
  SimCluster cluster_{clock_, {}};
  SimClock sim_clock_{cluster_.time()};
  SimFs shared_{7};
  std::deque<Instance> instances_;
  bool share_stores_ = false;
  bool stop_ = false;
  int64_t sparse_from_ = 1000, sparse_to_ = 1000;  ///< seconds in which the second partition has one row in ten seconds
  int64_t producers_ = 1'000'000;
};

TEST_F(Volumes, AreJudgedOverTheRowsOfBothInstances) {
  run(120);
  for (const Instance& instance : instances_) {
    ASSERT_EQ(instance.tasks.size(), 1U);
    EXPECT_TRUE(instance.told.empty()) << testing::PrintToString(instance.told);
    EXPECT_EQ(instance.state, PromiseState::ok);
    EXPECT_EQ(instance.text, "10 rows in the last period");
    // From the first whole period on it has been so.
    ASSERT_FALSE(instance.measured.empty());
    EXPECT_LT(instance.measured.begin()->first, 45);
    for (const auto& [second, rows] : instance.measured) EXPECT_EQ(rows, 10) << "in second " << second;
  }
  EXPECT_TRUE(alerts().empty());
}

TEST_F(Volumes, AreToldOnceByOneOfThem) {
  sparse_from_ = 60, sparse_to_ = 90;
  run(140);
  std::vector<int64_t> told;
  for (const Instance& instance : instances_) {
    told.insert(told.end(), instance.told.begin(), instance.told.end());
    // Both have seen it.
    EXPECT_TRUE(std::ranges::any_of(instance.measured, [](const auto& each) { return each.second == 6; }));
    EXPECT_EQ(instance.state, PromiseState::ok);
  }
  ASSERT_EQ(told.size(), 2U) << testing::PrintToString(told);
  // The second partition holds time back until its next row.
  EXPECT_GE(told[0], 79);
  EXPECT_LE(told[0], 83);
  EXPECT_GE(-told[1], 100);
  EXPECT_LE(-told[1], 106);
  const std::vector<std::string> rows = alerts();
  ASSERT_EQ(rows.size(), 2U);
  for (const std::string& row : rows) {
    EXPECT_NE(row.find(R"("check":"volume 7..30 per 10s")"), std::string::npos) << row;
    EXPECT_EQ(row.find(R"("part")"), std::string::npos) << row;
  }
  EXPECT_NE(rows[0].find(R"("state":"breached")"), std::string::npos) << rows[0];
  EXPECT_NE(rows[0].find("6 rows in the last period"), std::string::npos) << rows[0];
  EXPECT_NE(rows[1].find(R"("state":"recovered")"), std::string::npos) << rows[1];
}

/// The counts of a task go with its commits: who takes it over judges the periods in between as they were.
TEST_F(Volumes, GoOnWhereATaskIsTakenOver) {
  take_over();
}

TEST_F(Volumes, GoOnWhereATaskIsTakenOverWithItsStore) {
  share_stores_ = true;
  take_over();
}

/// The one that told of a breach has ended: the other one tells that it goes on, and that it is over.
TEST_F(Volumes, AreToldByTheOneThatIsLeft) {
  sparse_from_ = 60, sparse_to_ = 110;
  Instance* teller = nullptr;
  run(160, [&](int64_t second) {
    if (second != 84) return;
    for (Instance& instance : instances_)
      if (std::ranges::count(instance.tasks, 0) > 0) teller = &instance, instance.broker.crash();
  });
  ASSERT_NE(teller, nullptr);
  EXPECT_EQ(teller->told.size(), 1U);
  const auto left = std::ranges::find_if(instances_, [](const Instance& each) { return !each.broker.crashed(); });
  ASSERT_NE(left, instances_.end());
  ASSERT_EQ(left->told.size(), 2U) << testing::PrintToString(left->told);
  EXPECT_GE(left->told[0], 85);
  EXPECT_LE(left->told[0], 100);
  EXPECT_GE(-left->told[1], 120);
  EXPECT_EQ(alerts().size(), 3U);
}

TEST(VolumesOfJob, AreKnownWhereEachTaskIs) {
  using Known = std::map<int32_t, TaskVolumes>;
  const auto counts = [](uint64_t epoch, int64_t rows, int64_t watermark) {
    return TaskVolumes{.epoch = epoch,
                       .counts = {{.rows = 0, .missed = 0, .periods = {{0, rows}}, .watermark = watermark}}};
  };
  const Known one{{0, counts(4, 5, 30)}, {1, counts(6, 1, 10)}}, other{{1, counts(7, 2, 20)}};
  const Known* both[] = {&one, &other};
  EXPECT_EQ(volumes_of_job(both, 3), std::vector<PromiseCounts>());
  const std::vector<PromiseCounts> sum = volumes_of_job(both, 2);
  ASSERT_EQ(sum.size(), 1U);
  EXPECT_EQ(sum[0].periods.at(0), 7);
  EXPECT_EQ(sum[0].watermark, 20);
}

}  // namespace
}  // namespace braid
