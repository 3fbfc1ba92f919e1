// What a job shows of itself while it runs, while it is stuck, and at its end.
#include "runtime/engine/job_monitor.h"

#include <gtest/gtest.h>

#include "runtime/engine/test_job.h"
#include "runtime/metrics/exposition.h"

namespace braid {
namespace {

using namespace test;

/// The value of a sample; −1 if there is none.
double sample(const JobMonitor& monitor, const std::string& name) {
  const std::string text = "\n" + metrics_text(monitor.metrics(), MetricFormat::prometheus);
  const size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

class Monitored : public testing::Test {
 protected:
  Monitored() : inputs_(random_inputs(21, 1500)) {
    for (const auto& [path, content] : inputs_) machine_.write(path, content);
    options_.commit_every_turns = 2;
    options_.monitor = &monitor_;
  }

  ProgramBuilder builder_;
  Program program_ = everything(builder_);
  std::vector<std::pair<std::string, std::string>> inputs_;
  Machine machine_{1};
  JobMonitor monitor_{program_, machine_.clock};
  JobOptions options_ = job_options();
};

TEST_F(Monitored, counts_what_members_of_a_job_do) {
  std::vector<JobEvent> events;
  monitor_.on_event = [&](const JobEvent& event) { events.push_back(event); };
  const MemberWork work{.turns = 3,
                        .commits = {{20'000, 0}, {40'000, 15'000}},
                        .recoveries_us = {1'500'000},
                        .aborted = 1,
                        .read = {{"test.s", "in/0", 10, 700}},
                        .written = {{"test.p", 2, "rejected", 90}}};
  monitor_.add(work, 7);
  monitor_.add(work, 9);
  monitor_.add({}, 9);
  monitor_.set_tasks(4, 1);
  EXPECT_EQ(sample(monitor_, "braid_turns_total"), 6);
  EXPECT_EQ(sample(monitor_, "braid_commits_total"), 4);
  EXPECT_EQ(sample(monitor_, "braid_commit_pause_seconds_count"), 4);
  EXPECT_DOUBLE_EQ(sample(monitor_, "braid_commit_pause_seconds_sum"), 0.03);
  EXPECT_DOUBLE_EQ(sample(monitor_, "braid_commit_write_seconds_sum"), 0.12);
  EXPECT_EQ(sample(monitor_, "braid_task_recovery_seconds_count"), 2);
  EXPECT_EQ(sample(monitor_, "braid_commits_aborted_total"), 2);
  EXPECT_EQ(sample(monitor_, "braid_source_records_total{source=\"test.s\",partition=\"in/0\"}"), 20);
  EXPECT_EQ(sample(monitor_, "braid_source_bytes_total{source=\"test.s\",partition=\"in/0\"}"), 1400);
  EXPECT_EQ(sample(monitor_, "braid_output_bytes_total{product=\"test.p\",version=\"2\",port=\"rejected\"}"), 180);
  EXPECT_EQ(sample(monitor_, "braid_tasks{state=\"running\"}"), 4);
  EXPECT_EQ(sample(monitor_, "braid_tasks{state=\"recovering\"}"), 1);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[3].epoch, 9U);
  EXPECT_EQ(events[3].took_us, 25'000);
  EXPECT_EQ(events[3].paused_us, 15'000);
}

TEST_F(Monitored, watches_whether_products_are_fresh) {
  program_.products[0].promises = {{.text = "fresh within 1m", .bound_us = 60'000'000}};
  const std::string name = program_.products[0].qualified();
  const std::string labels = fmt::format("{{product=\"{}\",version=\"1\",promise=\"fresh within 1m\"}}", name);
  std::vector<std::pair<JobEvent::Kind, std::string>> events;
  monitor_.on_event = [&](const JobEvent& event) {
    if (event.promise != nullptr) events.emplace_back(event.kind, event.promise->text);
  };
  monitor_.watch_promises();
  const int64_t start = machine_.clock.now_us();
  const auto show = [&](int64_t at_s, int64_t newest_s, bool idle = false) {
    machine_.clock.set_us(start + at_s * 1'000'000);
    JobStatus status;
    for (const ProductSpec& product : program_.products)
      status.report.products.push_back({.name = product.qualified(), .version = product.version});
    status.report.products[0].counts = {{.newest = start + newest_s * 1'000'000}};
    status.report.products[0].inputs.push_back({"test.s", {}});
    status.partitions.push_back({.source = "test.s", .name = "in/0", .idle = idle});
    monitor_.publish(std::move(status));
    return monitor_.status()->promises.at(0).status;
  };
  show(0, 0);
  EXPECT_EQ(show(10, 8).state, PromiseState::ok);
  EXPECT_EQ(show(11, 8).measured, 3);
  EXPECT_EQ(show(60, 8).state, PromiseState::at_risk);
  EXPECT_TRUE(events.empty());
  EXPECT_EQ(show(70, 8).state, PromiseState::breached);
  EXPECT_EQ(sample(monitor_, "braid_promise_breached" + labels), 1);
  EXPECT_LT(sample(monitor_, "braid_promise_budget_ratio" + labels), 0);
  show(71, 70);
  EXPECT_EQ(show(72, 70).state, PromiseState::ok);
  EXPECT_EQ(sample(monitor_, "braid_promise_breached" + labels), 0);
  EXPECT_EQ(sample(monitor_, "braid_promise_breaches_total" + labels), 1);
  EXPECT_EQ(sample(monitor_, fmt::format("braid_product_freshness_seconds{{product=\"{}\",version=\"1\"}}", name)), 2);
  EXPECT_EQ(events, (std::vector<std::pair<JobEvent::Kind, std::string>>{
                        {JobEvent::Kind::promise_breached, "fresh within 1m"},
                        {JobEvent::Kind::promise_recovered, "fresh within 1m"}}));
  // An idle source is not stale.
  EXPECT_TRUE(show(400, 70, true).idle_since.has_value());
  EXPECT_EQ(events.size(), 2U);
}

TEST_F(Monitored, says_at_the_end_what_the_report_says) {
  std::vector<JobEvent::Kind> events;
  monitor_.on_event = [&](const JobEvent& event) { events.push_back(event.kind); };
  auto report = run_job(program_, options_, machine_.seams());
  ASSERT_TRUE(report.ok()) << report.error().message;
  const std::shared_ptr<const JobStatus> status = monitor_.status();
  ASSERT_NE(status, nullptr);
  EXPECT_EQ(status->epoch, report->epochs);
  EXPECT_EQ(status->report.events, report->events);
  EXPECT_EQ(sample(monitor_, "braid_turns_total"), static_cast<double>(report->turns));
  EXPECT_EQ(sample(monitor_, "braid_turn_duration_seconds_count"), static_cast<double>(report->turns));
  EXPECT_EQ(sample(monitor_, "braid_commits_total"), static_cast<double>(report->epochs));
  EXPECT_EQ(sample(monitor_, "braid_epoch"), static_cast<double>(report->epochs));
  EXPECT_EQ(sample(monitor_, "braid_commit_pause_seconds_count"), static_cast<double>(report->epochs));
  EXPECT_EQ(sample(monitor_, "braid_accounting_deviation_records"), 0);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front(), JobEvent::Kind::recovered);
  EXPECT_EQ(std::count(events.begin(), events.end(), JobEvent::Kind::committed), static_cast<int64_t>(report->epochs));

  // Sources: all has been read, and was counted as it was read.
  double bytes = 0, records = 0, expected_bytes = 0;
  for (const JobStatus::Partition& partition : status->partitions) {
    const std::string labels = fmt::format("{{source=\"{}\",partition=\"{}\"}}", partition.source, partition.name);
    bytes += sample(monitor_, "braid_source_bytes_total" + labels);
    records += sample(monitor_, "braid_source_records_total" + labels);
    EXPECT_EQ(sample(monitor_, "braid_source_lag_bytes" + labels), 0);
    EXPECT_TRUE(partition.ended);
    expected_bytes += static_cast<double>(partition.position);
  }
  EXPECT_EQ(bytes, expected_bytes);
  EXPECT_GT(records, 1000);
  int64_t static_records = 0;  // of the table, which is not read by turns
  for (const SourceSpec& source : program_.sources)
    if (source.is_static()) static_records += 2;
  EXPECT_EQ(records, static_cast<double>(report->events - static_records));

  // Products: each account adds up, and is the report's.
  ASSERT_FALSE(report->products.empty());
  for (const JobReport::Product& product : report->products) {
    for (const JobReport::Input& input : product.inputs) {
      const std::string labels =
          fmt::format("product=\"{}\",version=\"{}\",input=\"{}\"", product.name, product.version, input.name);
      double sum = sample(monitor_, "braid_product_held_records{" + labels + "}");
      for (const char* outcome : {"used", "filtered", "duplicate", "unmatched", "rejected", "late"})
        sum += sample(monitor_, "braid_product_records_total{" + labels + ",outcome=\"" + outcome + "\"}");
      EXPECT_EQ(sum, sample(monitor_, "braid_product_records_in_total{" + labels + "}"));
      EXPECT_EQ(sum, static_cast<double>(input.ledger.in));
      EXPECT_EQ(sample(monitor_, "braid_product_records_total{" + labels + ",outcome=\"rejected\"}"),
                static_cast<double>(input.ledger.rejected));
    }
  }
  // Outputs: the bytes are those of the files.
  int files = 0;
  for (const JobStatus::Output& output : status->outputs) {
    const std::string port = output.port.empty() ? "" : ",port=\"" + output.port + "\"";
    const std::string labels = fmt::format("{{product=\"{}\",version=\"{}\"{}}}", output.product, output.version, port);
    auto content = machine_.fs.read_file(output.path);
    ASSERT_TRUE(content.ok());
    EXPECT_EQ(sample(monitor_, "braid_output_bytes_total" + labels), static_cast<double>(content->size()));
    EXPECT_EQ(sample(monitor_, "braid_output_rows_total" + labels),
              static_cast<double>(std::count(content->begin(), content->end(), '\n')));
    ++files;
  }
  EXPECT_GT(files, 2);
}

TEST_F(Monitored, counts_of_a_store_go_on_in_its_next_run) {
  ASSERT_TRUE(run_job(program_, options_, machine_.seams()).ok());
  JobMonitor again(program_, machine_.clock);
  options_.monitor = &again;
  ASSERT_TRUE(run_job(program_, options_, machine_.seams()).ok());
  EXPECT_EQ(sample(again, "braid_turns_total"), 0);
  EXPECT_EQ(sample(again, "braid_epoch"), sample(monitor_, "braid_epoch"));
  for (const JobStatus::Output& output : monitor_.status()->outputs) {
    const std::string port = output.port.empty() ? "" : ",port=\"" + output.port + "\"";
    const std::string name = fmt::format("braid_output_bytes_total{{product=\"{}\",version=\"{}\"{}}}", output.product,
                                         output.version, port);
    EXPECT_EQ(sample(again, name), sample(monitor_, name));
  }
}

TEST_F(Monitored, results_are_the_same_as_without) {
  ASSERT_TRUE(run_job(program_, options_, machine_.seams()).ok());
  Machine alone(2);
  for (const auto& [path, content] : inputs_) alone.write(path, content);
  options_.monitor = nullptr;
  ASSERT_TRUE(run_job(program_, options_, alone.seams()).ok());
  EXPECT_EQ(machine_.outputs(), alone.outputs());
}

TEST_F(Monitored, is_ready_between_recovery_and_drain) {
  EXPECT_EQ(monitor_.readiness().reason, "starting");
  std::vector<std::string> seen;
  options_.kill_point = [&](std::string_view) { seen.push_back(monitor_.readiness().reason); };
  options_.stop_requested = [&] { return seen.size() > 12; };
  monitor_.on_event = [&](const JobEvent& event) {
    if (event.kind == JobEvent::Kind::draining) seen.push_back("asked to stop");
  };
  ASSERT_TRUE(run_job(program_, options_, machine_.seams()).ok());
  const auto ready = std::find(seen.begin(), seen.end(), "ok");
  const auto asked = std::find(seen.begin(), seen.end(), "asked to stop");
  ASSERT_NE(asked, seen.end());
  EXPECT_EQ(std::count(seen.begin(), ready, "recovering"), ready - seen.begin());
  EXPECT_EQ(std::count(ready, asked, "ok"), asked - ready);
  EXPECT_EQ(std::count(asked + 1, seen.end(), "draining"), seen.end() - asked - 1);
  EXPECT_GT(ready, seen.begin());
}

TEST_F(Monitored, notices_a_job_that_does_not_move_and_a_commit_that_takes_too_long) {
  monitor_.enter(JobPhase::running);
  machine_.clock.advance_us(JobMonitor::kStuckAfter);
  EXPECT_TRUE(monitor_.health().good);
  machine_.clock.advance_us(1);
  EXPECT_EQ(monitor_.health().reason, "stuck");
  EXPECT_EQ(monitor_.readiness().reason, "stuck");
  monitor_.commit_begins();
  monitor_.commit_is_frozen();
  EXPECT_TRUE(monitor_.readiness().good);
  machine_.clock.advance_us(JobMonitor::kOverdueAfter + 1);
  EXPECT_TRUE(monitor_.health().good);
  EXPECT_EQ(monitor_.readiness().reason, "commit_overdue");
  monitor_.commit_is_durable(1);
  EXPECT_TRUE(monitor_.readiness().good);
  monitor_.enter(JobPhase::failed);
  EXPECT_FALSE(monitor_.health().good);
}

TEST_F(Monitored, shows_silence_as_no_delay) {
  JobStatus status;
  status.partitions = {{.source = "s", .name = "1", .watermark = kStart - 5'000'000},
                       {.source = "s", .name = "2", .watermark = kStart - 9'000'000, .idle = true},
                       {.source = "t", .name = "3", .watermark = kStart, .ended = true}};
  monitor_.publish(status);
  EXPECT_EQ(sample(monitor_, "braid_source_watermark_delay_seconds{source=\"s\"}"), 5);
  EXPECT_TRUE(std::isnan(sample(monitor_, "braid_source_watermark_delay_seconds{source=\"t\"}")));
  EXPECT_EQ(sample(monitor_, "braid_source_partitions{source=\"s\",state=\"idle\"}"), 1);
  EXPECT_EQ(sample(monitor_, "braid_source_partitions{source=\"t\",state=\"ended\"}"), 1);
}

}  // namespace
}  // namespace braid
