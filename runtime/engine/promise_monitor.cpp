#include "runtime/engine/promise_monitor.h"

#include <algorithm>
#include <limits>
#include <map>

#include "runtime/engine/job_monitor.h"

namespace braid {
namespace {

/// For each product: whether all that moves its time is idle or has ended.
std::vector<bool> idle_products(const JobStatus& status) {
  std::map<std::string, bool> rests;  // by what a product reads
  for (const JobStatus::Partition& partition : status.partitions) {
    const bool silent = partition.idle || partition.ended;
    const auto [source, first] = rests.emplace(partition.source, silent);
    if (!first) source->second &= silent;
  }
  std::vector<bool> idle;
  for (const JobReport::Product& product : status.report.products) {
    idle.push_back(std::all_of(product.inputs.begin(), product.inputs.end(), [&](const JobReport::Input& input) {
      const auto found = rests.find(input.name);
      return found == rests.end() || found->second;
    }));
    rests[product.name] = idle.back();
  }
  return idle;
}

bool idle_source(const JobStatus& status, const std::string& name) {
  return std::ranges::all_of(status.partitions, [&](const JobStatus::Partition& partition) {
    return partition.source != name || partition.idle || partition.ended;
  });
}

}  // namespace

/// docs/operations/metrics.md lists them all.
struct PromiseMonitor::Families {
  explicit Families(MetricRegistry& registry) : to(registry) {}
  MetricRegistry& to;
  using Family = MetricRegistry::Family;
  static constexpr MetricKind kCounter = MetricKind::counter, kGauge = MetricKind::gauge;

  Family& freshness = to.declare({"braid_product_freshness_seconds",
                                  kGauge,
                                  "Clock minus the event time of the newest row, of products that promise `fresh`.",
                                  {"product", "version"}});
  Family& state_bytes = to.declare({"braid_product_state_bytes",
                                    kGauge,
                                    "State of a product's steps, of products that promise `state`.",
                                    {"product", "version"}});
  Family& rows = to.declare({"braid_promise_rows_total",
                             kCounter,
                             "Rows that were measured for a promise of `latency`, `complete` or `unique`.",
                             {"product", "version", "promise"}});
  Family& missed = to.declare({"braid_promise_missed_rows_total",
                               kCounter,
                               "Of the measured rows, those that were slow, had a null, or repeated a key.",
                               {"product", "version", "promise"}});
  Family& period_rows = to.declare({"braid_promise_period_rows",
                                    kGauge,
                                    "Rows of the last whole period of a promise of `volume`; NaN before the first.",
                                    {"product", "version", "promise"}});
  Family& state = to.declare({"braid_promise_breached",
                              kGauge,
                              "1 while a promise of the contract is breached, otherwise 0.",
                              {"product", "version", "promise"}});
  Family& budget = to.declare({"braid_promise_budget_ratio",
                               kGauge,
                               "Share of a promise's budget that is left; less than 0: it is breached.",
                               {"product", "version", "promise"}});
  Family& bound = to.declare({"braid_promise_bound",
                              kGauge,
                              "Of latency, complete and unique the share of rows that may miss it; of state bytes.",
                              {"product", "version", "promise"}});
  Family& breaches = to.declare({"braid_promise_breaches_total",
                                 kCounter,
                                 "How often a promise was breached while this process ran.",
                                 {"product", "version", "promise"}});
};

PromiseMonitor::PromiseMonitor(const Program& program, MetricRegistry& metrics)
    : program_(program), families_(std::make_unique<Families>(metrics)) {}

PromiseMonitor::~PromiseMonitor() = default;

void PromiseMonitor::watch(int64_t now) {
  int volumes = 0;
  const auto add = [&](bool of_source, size_t relation, const std::vector<PromiseSpec>& promises) {
    for (size_t i = 0; i < promises.size(); ++i) {
      watched_.push_back(
          {.of_source = of_source, .relation = relation, .promise = i, .watch = PromiseWatch(promises[i], now)});
      if (promises[i].rule == PromiseSpec::Rule::volume) watched_.back().volume = volumes++;
    }
  };
  for (size_t product = 0; product < program_.products.size(); ++product)
    add(false, product, program_.products[product].promises);
  for (const SourceSpec& source : program_.sources) {
    if (source.promises.empty()) continue;
    add(true, sources_.size(), source.promises);
    sources_.push_back(&source);
  }
}

PromiseReading PromiseMonitor::reading_of(Watched& each, const JobStatus& status, bool idle) {
  PromiseReading reading{.now = status.taken_at, .idle = idle, .others = status.others};
  if (each.is_of_all(status)) {
    // The inputs of others may move while those here are idle; where none does, their watermark says it.
    reading.counts = status.volumes[static_cast<size_t>(each.volume)];
    reading.idle = idle && reading.counts.watermark == kEndTime;
    reading.others = false;
    return reading;
  }
  if (each.of_source) {
    const std::vector<PromiseCounts>& counts = status.report.sources[each.relation].counts;
    if (each.promise < counts.size()) reading.counts = counts[each.promise];
    return reading;
  }
  const JobReport::Product& product = status.report.products[each.relation];
  if (each.promise < product.counts.size()) reading.counts = product.counts[each.promise];
  // Rows in the store alone are taken to be like those in memory.
  const StateSize& state = product.state;
  if (state.rows > state.cold)
    each.row_bytes = static_cast<double>(state.bytes) / static_cast<double>(state.rows - state.cold);
  if (state.rows == 0 || each.row_bytes > 0)
    reading.state_bytes = static_cast<uint64_t>(each.row_bytes * static_cast<double>(state.rows));
  return reading;
}

void PromiseMonitor::show(const Watched& each, const std::string& name, int64_t relation_version) {
  const PromiseSpec& promise = each.watch.promise();
  const PromiseStatus& now = each.watch.status();
  const std::string version = std::to_string(relation_version);
  const double measured = now.measured.value_or(std::numeric_limits<double>::quiet_NaN());
  switch (promise.rule) {
    case PromiseSpec::Rule::fresh:
      if (now.measured) families_->freshness.gauge({name, version}).set(measured);
      break;
    case PromiseSpec::Rule::latency:
    case PromiseSpec::Rule::complete:
    case PromiseSpec::Rule::unique:
      families_->rows.counter({name, version, promise.text}).raise_to(static_cast<double>(now.all_rows));
      families_->missed.counter({name, version, promise.text}).raise_to(static_cast<double>(now.all_missed));
      break;
    case PromiseSpec::Rule::volume:
      families_->period_rows.gauge({name, version, promise.text}).set(measured);
      break;
    case PromiseSpec::Rule::state:
      families_->state_bytes.gauge({name, version}).set(measured);
      break;
  }
  using Rule = PromiseSpec::Rule;
  if (promise.rule == Rule::latency || promise.rule == Rule::complete || promise.rule == Rule::unique)
    families_->bound.gauge({name, version, promise.text}).set(1 - promise.share);
  else if (promise.rule == Rule::state)
    families_->bound.gauge({name, version, promise.text}).set(static_cast<double>(promise.most));
  families_->state.gauge({name, version, promise.text}).set(now.state == PromiseState::breached ? 1 : 0);
  families_->budget.gauge({name, version, promise.text}).set(now.budget_left);
  families_->breaches.counter({name, version, promise.text}).raise_to(static_cast<double>(now.breaches));
}

bool PromiseMonitor::Watched::is_of_all(const JobStatus& status) const {
  return volume >= 0 && static_cast<size_t>(volume) < status.volumes.size();
}

bool PromiseMonitor::is_to_be_told(Watched& each, const JobStatus& status, bool has_changed) {
  if (!each.is_of_all(status) || status.tells_of_all) {
    // Who told of it before may have ended before it could.
    const bool is_late = each.is_of_all(status) && !each.told && each.watch.status().state == PromiseState::breached;
    each.told = true;
    return has_changed || is_late;
  }
  // Somebody else does. A recovery that nobody has told is none where the breach was not told either.
  if (has_changed) each.told = each.watch.status().state != PromiseState::breached;
  return false;
}

std::vector<size_t> PromiseMonitor::update(JobStatus& status) {
  std::vector<size_t> changed;
  if (watched_.empty() || status.report.products.size() != program_.products.size() ||
      status.report.sources.size() != sources_.size())
    return changed;
  const std::vector<bool> idle = idle_products(status);
  for (Watched& each : watched_) {
    const auto* source = each.of_source ? sources_[each.relation] : nullptr;
    const std::string name = source != nullptr ? source->name : status.report.products[each.relation].name;
    const int64_t version = source != nullptr ? source->version : status.report.products[each.relation].version;
    const bool rests = source != nullptr ? idle_source(status, name) : idle[each.relation];
    const bool has_changed = each.watch.update(reading_of(each, status, rests)).has_value();
    if (is_to_be_told(each, status, has_changed)) changed.push_back(status.promises.size());
    const PromiseSpec& promise = each.watch.promise();
    status.promises.push_back({.relation = name,
                               .version = version,
                               .of_source = source != nullptr,
                               .text = promise.text,
                               .owner = promise.owner,
                               .readers = promise.readers,
                               .rule = promise.rule,
                               .status = each.watch.status(),
                               .of_all = each.is_of_all(status)});
    show(each, name, version);
  }
  return changed;
}

}  // namespace braid
