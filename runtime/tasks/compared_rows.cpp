#include "runtime/tasks/compared_rows.h"

#include <algorithm>

#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"

namespace braid {
namespace {

/// Of a key and a value, never 0.
uint64_t hash_of(std::string_view key, const std::optional<std::string_view>& value) {
  return hash_mix(key_hash(key), value ? key_hash(*value) : 1) | 1;
}

}  // namespace

ComparedRows::ComparedRows(std::function<Status()> serve) : serve_(std::move(serve)) {}

ComparedRows::Row ComparedRows::copy(const TappedRow& row) {
  return {.hash = hash_mix(key_hash(row.topic), hash_of(row.key.value_or(""), row.value)),
          .time_us = row.time_us,
          .product = row.product,
          .port = row.port,
          .topic = row.topic,
          .key = std::string(row.replaces ? row.key.value_or("") : ""),
          .replaces = row.replaces};
}

void ComparedRows::Without::row(const TappedRow& row) {
  rows_.push_back(copy(row));
  if (!row.replaces) return;
  Last& last = lasts_[{row.topic, std::string(*row.key)}];
  last.value.reset();
  if (row.value) last.value = std::string(*row.value);
  last.time_us = row.time_us;
}

Status ComparedRows::Without::end_epoch(const EpochRecord& made, const EpochRecord& stored) {
  for (auto& [place, last] : lasts_) {
    Last& known = all_.lasts_[place];
    if (known.clock > stored.clock) continue;
    last.clock = stored.clock;
    known = std::move(last);
  }
  lasts_.clear();
  if (made.outputs != stored.outputs) all_.kept_[stored.before.epoch] = std::move(rows_);
  rows_.clear();
  return all_.serve_();
}

Status ComparedRows::AsItWas::end_epoch(const EpochRecord&, const EpochRecord& stored) {
  for (const Row& row : rows_)
    if (row.replaces)
      if (const auto known = all_.changed_.find({row.topic, row.key}); known != all_.changed_.end())
        known->second.be(row, stored.clock);
  const auto kept = all_.kept_.find(stored.before.epoch);
  if (kept != all_.kept_.end()) {
    std::unordered_map<uint64_t, int64_t> would_be;
    for (const Row& row : kept->second) ++would_be[row.hash];
    for (const Row& row : rows_) {
      if (const auto same = would_be.find(row.hash); same != would_be.end() && same->second > 0) {
        --same->second;
        continue;
      }
      Topic& topic = all_.topics_[row.topic];
      topic.product = row.product;
      topic.port = row.port;
      topic.by_key = row.replaces;
      ++topic.rows;
      topic.newest_us = std::max(topic.newest_us, row.time_us < 0 ? stored.clock : row.time_us);
    }
    // Both those that are there and those that are missing: which is the last row of its key, the end shows.
    std::unordered_map<uint64_t, int64_t> was;
    for (const Row& row : rows_) ++was[row.hash];
    for (const Row& row : kept->second) --was[row.hash];
    for (const auto* rows : {&kept->second, &rows_})
      for (const Row& row : *rows)
        if (row.replaces && was[row.hash] != 0)
          all_.changed_.try_emplace({row.topic, row.key}, Was{.time_us = row.time_us});
    for (const Row& row : rows_)
      if (row.replaces)
        if (const auto changed = all_.changed_.find({row.topic, row.key}); changed != all_.changed_.end())
          changed->second.be(row, stored.clock);
  }
  rows_.clear();
  return all_.serve_();
}

std::vector<ComparedRows::Correction> ComparedRows::corrections() const {
  std::vector<Correction> found;
  for (const auto& [place, was] : changed_) {
    const auto& [topic, key] = place;
    Correction made{.topic = topic, .key = key, .value = {}, .time_us = was.time_us};
    const auto last = lasts_.find(place);
    if (last != lasts_.end()) {
      made.value = last->second.value;
      made.time_us = last->second.time_us;
      std::optional<std::string_view> value;
      if (made.value) value = *made.value;
      // It was written again behind that, and is right.
      if (was.hash == hash_mix(key_hash(topic), hash_of(key, value))) continue;
    }
    found.push_back(std::move(made));
  }
  return found;
}

}  // namespace braid
