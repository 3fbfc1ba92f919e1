#include "runtime/promise/published_rows.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "runtime/data/key_bytes.h"
#include "runtime/data/row_change.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

constexpr int64_t kStepsOfBound = 64;

int64_t watermark_of(const EdgeTime& time) {
  return time.moves() ? time.w : kEndTime;
}

/// Keeps the newest `most` entries; `of_oldest`: the rows of others go to the oldest that is kept.
void keep_newest(std::map<int64_t, int64_t>& counts, size_t most, bool of_oldest) {
  while (counts.size() > most) {
    const auto oldest = counts.begin();
    if (of_oldest) std::next(oldest)->second += oldest->second;
    counts.erase(oldest);
  }
}

void add_all(const std::map<int64_t, int64_t>& from, std::map<int64_t, int64_t>& to) {
  for (const auto& [at, rows] : from) to[at] += rows;
}

}  // namespace

PromiseCounts& PromiseCounts::operator+=(const PromiseCounts& other) {
  rows += other.rows;
  missed += other.missed;
  add_all(other.periods, periods);
  watermark = std::min(watermark, other.watermark);
  newest = std::max(newest, other.newest);
  from = std::max(from, other.from);
  return *this;
}

void PublishedRows::Hidden::take(Hidden& other) {
  rows += other.rows;
  newest = std::max(newest, other.newest);
  for (size_t i = 0; i < missed.size(); ++i) missed[i] += other.missed[i];
  add_all(other.times, times);
  for (const auto& [promise, of_promise] : other.periods) add_all(of_promise, periods[promise]);
  other = {.missed = std::vector<int64_t>(missed.size())};
}

void PublishedRows::find_path(const std::vector<Field>& row, const std::vector<int>& path,
                              std::vector<Presence>& presence, std::vector<KeyPart>& parts) {
  std::optional<Presence> found;
  const std::vector<Field>* fields = &row;
  Type type;
  size_t leaf = 0;
  for (const int index : path) {
    leaf += leaf_offset(*fields, static_cast<size_t>(index));
    type = (*fields)[static_cast<size_t>(index)].type;
    while (type->kind == TypeKind::optional || type->kind == TypeKind::checked) {
      found = {leaf, static_cast<uint8_t>(type->kind == TypeKind::optional ? 1 : 0)};
      ++leaf;
      type = type->element;
    }
    fields = &type->fields;
  }
  parts.push_back({leaf, leaf_count(type), type});
  if (found) presence.push_back(*found);
}

PublishedRows::PublishedRows(const WatchedRows& rows, int64_t newest)
    : watched_(rows),
      leaves_(flatten(rows.row).size()),
      present_(rows.promises.size()),
      keys_(rows.promises.size()),
      repeated_(rows.promises.size()),
      counts_(rows.promises.size(), PromiseCounts{.newest = newest}) {
  open_.missed.resize(rows.promises.size());
  frozen_.missed.resize(rows.promises.size());
  if (rows.deleted_field >= 0) deleted_leaf_ = leaf_offset(rows.row, static_cast<size_t>(rows.deleted_field));
  for (size_t i = 0; i < rows.promises.size(); ++i) {
    const PromiseSpec& promise = rows.promises[i];
    for (const std::vector<int>& path : promise.fields) find_path(rows.row, path, present_[i], keys_[i]);
    if (promise.rule == PromiseSpec::Rule::unique) repeated_[i] = std::make_unique<RepeatedKeys>(promise.bound_us);
    // A later period has no row of before.
    if (promise.rule == PromiseSpec::Rule::volume && newest != kNoTime)
      counts_[i].from = (floor_divide(newest, promise.bound_us) + 1) * promise.bound_us;
    if (promise.rule != PromiseSpec::Rule::latency) continue;
    const int64_t step = std::max<int64_t>(1, promise.bound_us / kStepsOfBound);
    step_us_ = step_us_ == 0 ? step : std::min(step_us_, step);
  }
}

bool PublishedRows::goes(const Block& block, uint32_t row) const {
  if (watched_.deleted_field >= 0 && block.columns[deleted_leaf_].as<uint8_t>()[row] != 0) return true;
  return watched_.changes && row_change(block, leaves_, row) == RowChange::goes;
}

void PublishedRows::add(const Block& block) {
  for (uint32_t row = 0; row < block.rows; ++row) open_.rows += goes(block, row) ? 0 : 1;
  if (block.time != nullptr && block.rows > 0)
    open_.newest = std::max(open_.newest, *std::max_element(block.time, block.time + block.rows));
  if (step_us_ > 0 && block.time != nullptr) add_times(block);
  for (size_t i = 0; i < watched_.promises.size(); ++i) {
    const PromiseSpec::Rule rule = watched_.promises[i].rule;
    if (rule == PromiseSpec::Rule::complete) count_nulls(block, i);
    if (rule == PromiseSpec::Rule::volume && block.time != nullptr) count_periods(block, i);
    if (rule == PromiseSpec::Rule::unique) count_repeated(block, i);
  }
}

void PublishedRows::add_times(const Block& block) {
  // Rows that stand together are mostly of one step.
  int64_t last = 0, rows = 0;
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (goes(block, row)) continue;
    const int64_t step = floor_divide(block.time[row], step_us_);
    if (step != last && rows > 0) {
      open_.times[last] += rows;
      rows = 0;
    }
    last = step;
    ++rows;
  }
  if (rows > 0) open_.times[last] += rows;
  keep_newest(open_.times, kMostSteps, true);
}

void PublishedRows::count_nulls(const Block& block, size_t promise) {
  for (uint32_t row = 0; row < block.rows; ++row) {
    const bool whole = std::all_of(present_[promise].begin(), present_[promise].end(),
                                   [&](const Presence& each) { return each.of(block, row); });
    open_.missed[promise] += whole || goes(block, row) ? 0 : 1;
  }
}

void PublishedRows::count_periods(const Block& block, size_t promise) {
  const int64_t period = watched_.promises[promise].bound_us;
  std::map<int64_t, int64_t>& periods = open_.periods[promise];
  for (uint32_t row = 0; row < block.rows; ++row)
    if (!goes(block, row)) ++periods[floor_divide(block.time[row], period) * period];
  keep_newest(periods, kMostPeriods, false);
}

void PublishedRows::count_repeated(const Block& block, size_t promise) {
  for (uint32_t row = 0; row < block.rows; ++row) {
    // A null repeats nothing.
    const bool whole =
        std::ranges::all_of(present_[promise], [&](const Presence& each) { return each.of(block, row); });
    if (!whole || goes(block, row)) continue;
    key_bytes_.clear();
    for (const KeyPart& part : keys_[promise]) {
      slots_.clear();
      for (size_t leaf = part.first; leaf < part.first + part.count; ++leaf)
        slots_.push_back(read_slot(block.columns[leaf], row));
      append_key_bytes(part.type, slots_.data(), key_bytes_);
    }
    const int64_t time = block.time == nullptr ? 0 : block.time[row];
    open_.missed[promise] += repeated_[promise]->repeats(key_hash(key_bytes_), time) ? 1 : 0;
  }
}

void PublishedRows::freeze(const EdgeTime& time) {
  frozen_.take(open_);
  frozen_watermark_ = watermark_of(time);
}

std::vector<PromiseCounts> PublishedRows::counts(const EdgeTime& time) const {
  std::vector<PromiseCounts> counts = counts_;
  // Time moves without rows, too, and then no epoch tells of it.
  if (open_.rows == 0 && frozen_.rows == 0)
    for (PromiseCounts& each : counts) each.watermark = watermark_of(time);
  return counts;
}

PromiseCounts PublishedRows::frozen_periods(size_t promise) const {
  PromiseCounts made = counts_[promise];
  if (const auto frozen = frozen_.periods.find(promise); frozen != frozen_.periods.end())
    add_all(frozen->second, made.periods);
  made.watermark = frozen_watermark_;
  return made;
}

void PublishedRows::restore_periods(size_t promise, const PromiseCounts& counts) {
  counts_[promise].periods = counts.periods;
  counts_[promise].from = counts.from;
  counts_[promise].watermark = counts.watermark;
  frozen_watermark_ = counts.watermark;
}

void PublishedRows::show(int64_t now) {
  for (size_t i = 0; i < counts_.size(); ++i) {
    const PromiseSpec& promise = watched_.promises[i];
    PromiseCounts& counts = counts_[i];
    counts.rows += frozen_.rows;
    counts.missed += frozen_.missed[i];
    counts.watermark = frozen_watermark_;
    counts.newest = std::max(counts.newest, frozen_.newest);
    if (promise.rule == PromiseSpec::Rule::latency)
      for (const auto& [step, rows] : frozen_.times)
        if (subtract_time(now, (step + 1) * step_us_ - 1) >= promise.bound_us) counts.missed += rows;
    if (promise.rule != PromiseSpec::Rule::volume) continue;
    add_all(frozen_.periods[i], counts.periods);
    keep_newest(counts.periods, kMostPeriods, false);
  }
  frozen_ = {.missed = std::vector<int64_t>(counts_.size())};
}

}  // namespace braid
