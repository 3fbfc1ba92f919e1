#include <cmath>

#include <gtest/gtest.h>

#include "runtime/base/executor.h"
#include "runtime/metrics/exposition.h"
#include "runtime/metrics/registry.h"

namespace braid {
namespace {

TEST(Metrics, TextOfEachKind) {
  MetricRegistry registry;
  registry.declare({"braid_turns_total", MetricKind::counter, "Turns."}).counter().add(3);
  registry.declare({"braid_lag_bytes", MetricKind::gauge, "Lag.", {"source", "partition"}})
      .gauge({"shop.order", "in/1.ndjson"})
      .set(1.5);
  Histogram& pause =
      registry.declare({"braid_pause_seconds", MetricKind::histogram, "Pause.", {}, {0.001, 1}}).histogram();
  pause.observe(0.0005);
  pause.observe(0.001);  // a bound belongs to its bucket
  pause.observe(0.5);
  pause.observe(7);
  EXPECT_EQ(metrics_text(registry, MetricFormat::prometheus),
            "# HELP braid_turns_total Turns.\n"
            "# TYPE braid_turns_total counter\n"
            "braid_turns_total 3\n"
            "# HELP braid_lag_bytes Lag.\n"
            "# TYPE braid_lag_bytes gauge\n"
            "braid_lag_bytes{source=\"shop.order\",partition=\"in/1.ndjson\"} 1.5\n"
            "# HELP braid_pause_seconds Pause.\n"
            "# TYPE braid_pause_seconds histogram\n"
            "braid_pause_seconds_bucket{le=\"0.001\"} 2\n"
            "braid_pause_seconds_bucket{le=\"1\"} 3\n"
            "braid_pause_seconds_bucket{le=\"+Inf\"} 4\n"
            "braid_pause_seconds_sum 7.5015\n"
            "braid_pause_seconds_count 4\n");
}

TEST(Metrics, OpenMetricsNamesFamiliesOfCountersWithoutTotal) {
  MetricRegistry registry;
  registry.declare({"braid_turns_total", MetricKind::counter, "Turns, \"all\"."}).counter().add(3);
  registry.declare({"braid_pause_seconds", MetricKind::histogram, "Pause.", {}, {1}}).histogram().observe(1);
  EXPECT_EQ(metrics_text(registry, MetricFormat::open_metrics),
            "# HELP braid_turns Turns, \\\"all\\\".\n"
            "# TYPE braid_turns counter\n"
            "braid_turns_total 3\n"
            "# HELP braid_pause_seconds Pause.\n"
            "# TYPE braid_pause_seconds histogram\n"
            "braid_pause_seconds_bucket{le=\"1.0\"} 1\n"
            "braid_pause_seconds_bucket{le=\"+Inf\"} 1\n"
            "braid_pause_seconds_sum 1\n"
            "braid_pause_seconds_count 1\n"
            "# EOF\n");
}

TEST(Metrics, LabelsMayHoldAnything) {
  MetricRegistry registry;
  MetricRegistry::Family& lag = registry.declare({"lag", MetricKind::gauge, "a\\b\nc", {"file", "port"}});
  lag.gauge({"a\"b\\c\nd", ""}).set(1);
  lag.gauge({"\xff!", "late"}).set(2);
  EXPECT_EQ(metrics_text(registry, MetricFormat::prometheus),
            "# HELP lag a\\\\b\\nc\n"
            "# TYPE lag gauge\n"
            "lag{file=\"a\\\"b\\\\c\\nd\"} 1\n"
            "lag{file=\"\\\\xff!\",port=\"late\"} 2\n");
}

TEST(Metrics, NumbersAsPrometheusReadsThem) {
  MetricRegistry registry;
  MetricRegistry::Family& family = registry.declare({"g", MetricKind::gauge, "G.", {"n"}});
  const std::pair<double, const char*> cases[] = {
      {0, "0"},     {-3, "-3"},         {0.1, "0.1"},        {1e300, "1e+300"},
      {NAN, "NaN"}, {INFINITY, "+Inf"}, {-INFINITY, "-Inf"}, {123456789012, "123456789012"}};
  for (const auto& [value, text] : cases) family.gauge({text}).set(value);
  const std::string all = metrics_text(registry, MetricFormat::prometheus);
  for (const auto& [value, text] : cases)
    EXPECT_NE(all.find(fmt::format("g{{n=\"{}\"}} {}\n", text, text)), std::string::npos) << all;
}

TEST(Metrics, ACounterNeverFalls) {
  Counter counter;
  counter.raise_to(5);
  counter.raise_to(4);
  EXPECT_EQ(counter.value(), 5);
}

TEST(Metrics, SeriesStayWhereTheyAreWhileOthersAreMadeAndRead) {
  MetricRegistry registry;
  MetricRegistry::Family& family = registry.declare({"n_total", MetricKind::counter, "N.", {"i"}});
  Counter& first = family.counter({"first"});
  ThreadExecutor executor(2);
  auto reader = executor.start_io([&] {
    for (int i = 0; i < 200; ++i) EXPECT_NE(metrics_text(registry, MetricFormat::prometheus), "");
  });
  for (int i = 0; i < 1000; ++i) {
    first.add();
    family.counter({std::to_string(i)}).add(2);
  }
  reader->wait();
  EXPECT_EQ(&family.counter({"first"}), &first);
  EXPECT_EQ(first.value(), 1000);
  EXPECT_EQ(family.counter({"999"}).value(), 2);
}

}  // namespace
}  // namespace braid
