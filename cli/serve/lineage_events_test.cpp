// What is told of the runs of a job that starts, is killed, goes on, changes and ends.
#include "cli/serve/lineage_events.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/base/sim_fs.h"

namespace braid::cli {
namespace {

using Json = nlohmann::json;

struct Told {
  std::mutex mutex;
  std::vector<Json> events;
};

/// Takes all at once.
class Taker final : public EventSender {
 public:
  explicit Taker(Told& told) : told_(told) {}
  void add(std::string event) override {
    const std::lock_guard lock(told_.mutex);
    told_.events.push_back(Json::parse(event));
    ++counts_.sent;
  }
  void work(int64_t) override {}
  bool at_rest() const override { return true; }
  std::string problem() const override { return ""; }
  Counts counts() const override { return counts_; }

 private:
  Told& told_;
  Counts counts_;
};

class LineageRuns : public testing::Test {
 protected:
  LineageRuns() { EXPECT_TRUE(fs_.make_directories("/store").ok()); }

  struct Job {
    MetricRegistry metrics;
    std::unique_ptr<LineageEvents> lineage;
  };

  static mesh::DescribedFlow flow(const std::string& name, const std::string& input = "in") {
    const Json described{{"eventTime", "1970-01-01T00:00:00Z"},
                         {"producer", "https://braid.example"},
                         {"job", {{"namespace", "braid://shop"}, {"name", "shop." + name + ".v1"}}},
                         {"inputs", Json::array({{{"namespace", "file"}, {"name", input}}})},
                         {"outputs", Json::array({{{"namespace", "file"}, {"name", name}}})}};
    return {.product = "shop." + name, .version = 1, .described = described.dump()};
  }
  std::unique_ptr<Job> start(std::vector<mesh::DescribedFlow> flows, bool streaming = true, bool fresh = false) {
    auto job = std::make_unique<Job>();
    job->lineage = std::make_unique<LineageEvents>(LineageOptions{.jobs = std::move(flows),
                                                                  .engine = "0.1.0",
                                                                  .store = "/store",
                                                                  .every_us = 60'000'000,
                                                                  .streaming = streaming,
                                                                  .fresh = fresh},
                                                   std::make_unique<Taker>(told_), job->metrics, fs_, clock_);
    return job;
  }
  static JobStatus rows(const std::string& product, int64_t rows) {
    JobStatus status;
    status.outputs.push_back({.product = product,
                              .version = 1,
                              .port = "",
                              .path = "",
                              .rows = rows,
                              .bytes = static_cast<uint64_t>(rows) * 10});
    status.outputs.push_back({.product = product, .version = 1, .port = "late", .path = "", .rows = 99, .bytes = 1});
    return status;
  }
  /// "START shop.paid.v1", of all so far; forgets them.
  std::vector<std::string> types() {
    std::vector<std::string> made;
    for (const Json& event : take())
      made.push_back(event["eventType"].get<std::string>() + " " + event["job"]["name"].get<std::string>());
    return made;
  }
  std::vector<Json> take() {
    const std::lock_guard lock(told_.mutex);
    return std::exchange(told_.events, {});
  }
  static int64_t count_of(const Json& event) {
    return event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"].get<int64_t>();
  }

  SimFs fs_{1};
  ManualClock clock_{1'700'000'000'000'000};
  Told told_;
};

TEST_F(LineageRuns, begin_go_on_and_end) {
  auto job = start({flow("paid")});
  job->lineage->begin();
  job->lineage->begin();
  job->lineage->look(rows("shop.paid", 5));
  clock_.advance_us(59'000'000);
  job->lineage->look(rows("shop.paid", 6));
  clock_.advance_us(1'000'000);
  job->lineage->look(rows("shop.paid", 8));
  clock_.advance_us(60'000'000);
  job->lineage->look(rows("shop.paid", 15));
  JobReport report;
  job->lineage->end(report);
  job.reset();
  const std::vector<Json> events = take();
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0]["eventType"], "START");
  EXPECT_FALSE(events[0]["outputs"][0].contains("outputFacets"));
  EXPECT_EQ(events[1]["eventType"], "RUNNING");
  EXPECT_EQ(count_of(events[1]), 3);  // since the job has its store
  EXPECT_EQ(events[1]["outputs"][0]["outputFacets"]["outputStatistics"]["size"], 30);
  EXPECT_EQ(count_of(events[2]), 7);  // since the event before
  EXPECT_EQ(events[3]["eventType"], "COMPLETE");
  EXPECT_EQ(count_of(events[3]), 0);
  for (const Json& event : events) EXPECT_EQ(event["run"]["runId"], events[0]["run"]["runId"]);
  EXPECT_FALSE(fs_.read_file("/store/lineage.json").ok());
}

/// Of a job over topics. A task comes with the rows that it has made elsewhere, and takes its own with it.
TEST_F(LineageRuns, count_rows_of_tasks_that_come_and_go) {
  struct Rows {
    int32_t task;
    int64_t rows, before;
  };
  const auto status = [](std::initializer_list<Rows> tasks) {
    JobStatus made;
    for (const Rows& each : tasks)
      made.tasks.push_back({.number = each.task,
                            .products = {{.name = "shop.paid", .version = 1, .rows = each.rows}},
                            .rows_before = {each.before}});
    return made;
  };
  auto job = start({flow("paid")});
  const auto look = [&](const JobStatus& now) {
    clock_.advance_us(60'000'000);
    job->lineage->look(now);
  };
  job->lineage->look(status({}));
  look(status({{0, 105, 100}}));                 // read before anybody has looked
  look(status({{0, 110, 100}, {1, 502, 500}}));  // another task comes
  look(status({{1, 503, 500}}));                 // one goes
  look(status({{0, 700, 698}, {1, 503, 500}}));  // and comes back
  job->lineage->end(JobReport{});
  job.reset();
  const std::vector<Json> events = take();
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(count_of(events[1]), 5);
  EXPECT_EQ(count_of(events[2]), 7);
  EXPECT_EQ(count_of(events[3]), 1);
  EXPECT_EQ(count_of(events[4]), 2);
  EXPECT_FALSE(events[4]["outputs"][0]["outputFacets"]["outputStatistics"].contains("size"));
}

TEST_F(LineageRuns, go_on_behind_a_kill_as_the_same_run) {
  auto job = start({flow("paid")}, false);
  job->lineage->look(rows("shop.paid", 2));
  job.reset();  // killed: nobody told its end
  const std::string id = take().at(0)["run"]["runId"];
  clock_.advance_us(5'000'000);
  job = start({flow("paid")}, false);
  job->lineage->look(rows("shop.paid", 7));
  JobReport report;
  job->lineage->end(report);
  job.reset();
  const std::vector<Json> events = take();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["eventType"], "RUNNING");
  EXPECT_EQ(events[1]["eventType"], "COMPLETE");
  EXPECT_EQ(count_of(events[1]), 5) << "of the whole run";
  for (const Json& event : events) EXPECT_EQ(event["run"]["runId"], id);
}

TEST_F(LineageRuns, of_what_has_changed_are_ended_and_others_begin) {
  auto job = start({flow("paid"), flow("gone")});
  job->lineage->begin();
  job.reset();
  const std::vector<Json> before = take();
  job = start({flow("paid", "other input")});
  job->lineage->begin();
  job.reset();
  const std::vector<Json> events = take();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0]["eventType"], "ABORT");
  EXPECT_EQ(events[0]["run"]["runId"], before[0]["run"]["runId"]);
  EXPECT_EQ(events[1]["eventType"], "START");
  EXPECT_NE(events[1]["run"]["runId"], before[0]["run"]["runId"]);
  EXPECT_EQ(events[2]["eventType"], "ABORT");
  EXPECT_EQ(events[2]["job"]["name"], "shop.gone.v1");
}

TEST_F(LineageRuns, are_others_when_the_job_starts_over) {
  start({flow("paid")})->lineage->begin();
  start({flow("paid")}, true, true)->lineage->begin();
  EXPECT_EQ(types(), (std::vector<std::string>{"START shop.paid.v1", "ABORT shop.paid.v1", "START shop.paid.v1"}));
}

TEST_F(LineageRuns, end_by_an_error_or_on_request) {
  auto job = start({flow("paid")});
  job->lineage->begin();
  job->lineage->end(Error{.kind = ErrorKind::output, .message = "no space"});
  job.reset();
  std::vector<Json> events = take();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1]["eventType"], "FAIL");
  EXPECT_EQ(events[1]["run"]["facets"]["errorMessage"]["message"], "no space");
  job = start({flow("paid")});
  job->lineage->begin();
  JobReport report;
  report.drained = true;
  job->lineage->end(report);
  job.reset();
  EXPECT_EQ(types(), (std::vector<std::string>{"START shop.paid.v1", "ABORT shop.paid.v1"}));
  job = start({flow("paid")});
  job->lineage->end(Error{.kind = ErrorKind::input, .message = "another job has the store"});
  job.reset();
  EXPECT_TRUE(take().empty()) << "a job that never had its store has no run";
}

TEST_F(LineageRuns, begin_anew_behind_a_file_that_cannot_be_read) {
  ASSERT_TRUE(fs_.write_file("/store/lineage.json", "{").ok());
  start({flow("paid")})->lineage->begin();
  EXPECT_EQ(types(), std::vector<std::string>{"START shop.paid.v1"});
}

}  // namespace
}  // namespace braid::cli
