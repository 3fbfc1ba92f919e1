#include "runtime/promise/promise_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

constexpr double kAtRisk = 0.25;
/// Of periods that have passed at once, as behind a leap of time, only the last are looked at.
constexpr int64_t kMostAtOnce = PublishedRows::kMostPeriods;

int64_t ceil_divide(int64_t value, int64_t unit) {
  return -floor_divide(-value, unit);
}

double ratio(int64_t part, int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

const char* word_of(PromiseState state) {
  switch (state) {
    case PromiseState::ok:
      return "ok";
    case PromiseState::at_risk:
      return "at risk";
    case PromiseState::breached:
      return "breached";
  }
  BRAID_UNREACHABLE("state of a promise");
}

const char* word_of(PromiseSpec::Rule rule) {
  switch (rule) {
    case PromiseSpec::Rule::fresh:
      return "fresh";
    case PromiseSpec::Rule::latency:
      return "latency";
    case PromiseSpec::Rule::complete:
      return "complete";
    case PromiseSpec::Rule::volume:
      return "volume";
    case PromiseSpec::Rule::state:
      return "state";
    case PromiseSpec::Rule::unique:
      return "unique";
  }
  BRAID_UNREACHABLE("rule of a promise");
}

const char* unit_of(PromiseSpec::Rule rule) {
  switch (rule) {
    case PromiseSpec::Rule::fresh:
      return "age_s";
    case PromiseSpec::Rule::latency:
    case PromiseSpec::Rule::complete:
    case PromiseSpec::Rule::unique:
      return "share";
    case PromiseSpec::Rule::volume:
      return "rows";
    case PromiseSpec::Rule::state:
      return "bytes";
  }
  BRAID_UNREACHABLE("rule of a promise");
}

std::string measured_text(PromiseSpec::Rule rule, const PromiseStatus& status) {
  if (status.apart) return "not judged: what other processes have counted is not known";
  if (!status.measured) return "";
  switch (rule) {
    case PromiseSpec::Rule::fresh:
      return fmt::format("the newest row is {:.1f} s old", *status.measured);
    case PromiseSpec::Rule::latency:
      return fmt::format("{:.2f}% of {} rows in time", *status.measured * 100, status.rows);
    case PromiseSpec::Rule::complete:
      return fmt::format("{:.2f}% of {} rows complete", *status.measured * 100, status.rows);
    case PromiseSpec::Rule::unique:
      return fmt::format("{} of {} rows repeat a key", status.missed, status.rows);
    case PromiseSpec::Rule::volume:
      return fmt::format("{:.0f} rows in the last period", *status.measured);
    case PromiseSpec::Rule::state:
      return fmt::format("{:.0f} bytes", *status.measured);
  }
  BRAID_UNREACHABLE("rule of a promise");
}

std::optional<PromiseState> PromiseWatch::update(const PromiseReading& reading) {
  using Rule = PromiseSpec::Rule;
  const bool by_event_time = promise_.rule == Rule::fresh || promise_.rule == Rule::volume;
  if (by_event_time && reading.idle) {
    if (!status_.idle_since) status_.idle_since = reading.now;
    return std::nullopt;
  }
  status_.idle_since.reset();
  const std::optional<double> left = measure(reading);
  if (!left) return std::nullopt;
  status_.budget_left = *left;
  const PromiseState now = *left < 0         ? PromiseState::breached
                           : *left < kAtRisk ? PromiseState::at_risk
                                             : PromiseState::ok;
  const PromiseState before = status_.state;
  if (now == before) return std::nullopt;
  status_.state = now;
  status_.since = reading.now;
  if (now == PromiseState::breached) ++status_.breaches;
  if (now != PromiseState::breached && before != PromiseState::breached) return std::nullopt;
  return before;
}

std::optional<double> PromiseWatch::measure(const PromiseReading& reading) {
  switch (promise_.rule) {
    case PromiseSpec::Rule::fresh:
      return measure_age(reading);
    case PromiseSpec::Rule::latency:
    case PromiseSpec::Rule::complete:
    case PromiseSpec::Rule::unique:
      return measure_share(reading);
    case PromiseSpec::Rule::volume:
      return measure_volume(reading);
    case PromiseSpec::Rule::state:
      if (!reading.state_bytes) return std::nullopt;
      status_.measured = static_cast<double>(*reading.state_bytes);
      return 1 - *status_.measured / static_cast<double>(promise_.most);
  }
  BRAID_UNREACHABLE("rule of a promise");
}

double PromiseWatch::measure_age(const PromiseReading& reading) {
  // Rows may be of a time that the clock has not reached.
  const int64_t since = reading.counts.newest == kNoTime ? began_ : reading.counts.newest;
  const int64_t age = std::max<int64_t>(0, reading.now - since);
  status_.measured = static_cast<double>(age) / 1e6;
  return 1 - ratio(age, promise_.bound_us);
}

double PromiseWatch::measure_share(const PromiseReading& reading) {
  const int64_t part = floor_divide(reading.now, kPartUs) * kPartUs;
  if (window_.empty() || window_.back().begin != part) window_.push_back({part, 0, 0});
  while (window_.front().begin <= reading.now - kWindowUs) {
    status_.rows -= window_.front().rows;
    status_.missed -= window_.front().missed;
    window_.pop_front();
  }
  // A task that has left this process has taken its counts with it.
  const bool less = reading.counts.rows < rows_ || reading.counts.missed < missed_;
  const int64_t rows = less ? 0 : reading.counts.rows - rows_;
  const int64_t missed = less ? 0 : reading.counts.missed - missed_;
  rows_ = reading.counts.rows;
  missed_ = reading.counts.missed;
  window_.back().rows += rows;
  window_.back().missed += missed;
  status_.rows += rows;
  status_.missed += missed;
  status_.all_rows += rows;
  status_.all_missed += missed;
  status_.measured.reset();
  if (status_.rows == 0) return 1;
  status_.measured = 1 - ratio(status_.missed, status_.rows);
  if (status_.missed == 0) return 1;
  const double may_miss = (1 - promise_.share) * static_cast<double>(status_.rows);
  constexpr double kRounding = 1e-9;  // of a share such as 0.99: a row more or less is more than that
  const double missed_now = static_cast<double>(status_.missed);
  // Without a budget the first row is a breach.
  if (may_miss < kRounding) return -missed_now;
  return missed_now <= may_miss + kRounding ? std::max(0.0, 1 - missed_now / may_miss) : 1 - missed_now / may_miss;
}

double PromiseWatch::left_of_period(int64_t rows, bool whole) const {
  double left = 1;
  if (promise_.most > 0)
    left = 1 - ratio(rows, promise_.most);
  else if (rows > 0)
    left = -1;
  if (whole && promise_.least > 0) left = std::min(left, ratio(rows, promise_.least) - 1);
  return left;
}

std::optional<double> PromiseWatch::measure_volume(const PromiseReading& reading) {
  const PromiseCounts& counts = reading.counts;
  status_.apart = reading.others;
  if (reading.others || counts.watermark == kNoTime || counts.watermark == kEndTime) return std::nullopt;
  const int64_t period = promise_.bound_us;
  const int64_t open = floor_divide(counts.watermark, period) * period;
  if (next_period_ == kNoTime) next_period_ = open + period;
  // What counts has begun in the middle of a period, perhaps again. A row of the far future says nothing of those near.
  const bool is_near = counts.from != kNoTime && counts.from < open + kMostAtOnce * period;
  if (is_near && counts.from > next_period_) next_period_ = ceil_divide(counts.from, period) * period;
  next_period_ = std::max(next_period_, open - kMostAtOnce * period);
  for (; next_period_ < open; next_period_ += period) {
    const auto found = counts.periods.find(next_period_);
    const int64_t rows = found == counts.periods.end() ? 0 : found->second;
    status_.measured = static_cast<double>(rows);
    last_period_left_ = left_of_period(rows, true);
  }
  double left = last_period_left_;
  for (auto later = counts.periods.lower_bound(next_period_); later != counts.periods.end(); ++later)
    left = std::min(left, left_of_period(later->second, false));
  return left;
}

}  // namespace braid
