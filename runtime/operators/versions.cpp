#include "runtime/operators/versions.h"

#include <algorithm>
#include <tuple>

#include "runtime/state/wire.h"
#include "runtime/time/partition_clock.h"

namespace braid {
namespace {

auto position_of(const Version& version) {
  return std::tuple(version.source, version.partition, version.position);
}

}  // namespace

Versions::History::Place Versions::History::find(int64_t from) {
  return std::lower_bound(begin(), end(), from, [](const Version& a, int64_t time) { return a.from < time; });
}

void Versions::History::erase(Place place) {
  if (place != begin()) {
    list_.erase(place);
    return;
  }
  *place = {};
  ++gone_;
  if (gone_ * 2 < list_.size()) return;
  list_.erase(list_.begin(), begin());
  gone_ = 0;
}

void Versions::add(uint64_t hash, std::string_view key, Version version) {
  bool added = false;
  insert(keys_.find_or_add(hash, key, &added), version);
}

void Versions::insert(Entry& entry, Version version) {
  version.dirty = !version.stored;
  History& list = entry.value;
  auto place = list.find(version.from);
  if (place != list.end() && place->from == version.from) {
    if (position_of(version) < position_of(*place)) {
      if (version.row.data != nullptr) pool_.release_later(version.row);
      return;
    }
    if (place->row.data != nullptr) pool_.release_later(place->row);
    version.stored = place->stored;
    *place = version;
  } else {
    place = list.insert(place, version);
    ++count_;
  }
  auto index = static_cast<size_t>(place - list.begin());
  if (version.dirty) unstored_.emplace_back(&entry, version.from);
  if (index > 0) expect_expiry(entry, index - 1);
  expect_expiry(entry, index);
}

void Versions::expect_expiry(Entry& entry, size_t index) {
  History& list = entry.value;
  const Version& version = list[index];
  if (index + 1 < list.size()) superseded_.push({list[index + 1].from, &entry, entry.hash, version.from});
  int64_t settled = add_time(version.from, 1);
  if (version.row.data == nullptr) {
    ended_.push({settled, &entry, entry.hash, version.from});
  } else if (max_age_) {
    int64_t too_old = add_time(add_time(version.original, *max_age_), 1);
    ended_.push({std::max(settled, too_old), &entry, entry.hash, version.from});
  }
}

Bytes Versions::find(uint64_t hash, std::string_view key, int64_t time) {
  Entry* entry = keys_.find(hash, key);
  if (entry == nullptr) return {nullptr, 0};
  History& list = entry->value;
  auto after = std::upper_bound(list.begin(), list.end(), time,
                                [](int64_t t, const Version& version) { return t < version.from; });
  if (after == list.begin()) return {nullptr, 0};
  const Version& version = *(after - 1);
  if (max_age_ && subtract_time(time, *max_age_) > version.original) return {nullptr, 0};
  return version.row;
}

void Versions::forget_before(int64_t bound, int64_t settled) {
  forget(superseded_, bound, true);
  forget(ended_, std::min(bound, settled), false);
}

void Versions::forget(Expiries& expiries, int64_t bound, bool superseded_ones) {
  while (!expiries.empty() && expiries.top().bound <= bound) {
    Expiry expiry = expiries.top();
    expiries.pop();
    Entry& entry = *expiry.entry;
    if (!entry.live || entry.hash != expiry.hash) continue;
    History& list = entry.value;
    auto place = list.find(expiry.from);
    if (place == list.end() || place->from != expiry.from) continue;
    // What was expected may have changed: another row of the same time may have taken its place.
    bool goes = superseded_ones
                    ? place + 1 != list.end() && (place + 1)->from <= bound
                    : place->row.data == nullptr || (max_age_ && subtract_time(bound, *max_age_) > place->original);
    if (!goes) continue;
    if (place->stored) erased_.push_back(timed_key(table_, place->from, entry.hash, entry.key.view()));
    if (place->row.data != nullptr) pool_.release_later(place->row);
    list.erase(place);
    --count_;
    if (list.empty()) keys_.erase(entry);
  }
}

void Versions::collect(StateBatch& batch) {
  for (std::string& key : erased_) batch.erase(StateFamily::timed, std::move(key));
  erased_.clear();
  for (auto [entry, from] : unstored_) {
    if (!entry->live) continue;
    auto place = entry->value.find(from);
    if (place == entry->value.end() || place->from != from || !place->dirty) continue;
    WireWriter out;
    out.fixed(place->original);
    out.fixed(place->source);
    out.fixed(place->partition);
    out.fixed(place->position);
    out.fixed(static_cast<uint8_t>(place->row.data == nullptr));
    out.text(place->row.view());
    batch.put(StateFamily::timed, timed_key(table_, from, entry->hash, entry->key.view()), out.take());
    place->stored = true;
    place->dirty = false;
  }
  unstored_.clear();
}

Status Versions::restore(StateStore& store, const StoredRows& rows) {
  return store.scan(StateFamily::timed, table_prefix(table_),
                    [&](std::string_view key, std::string_view value) -> Status {
                      TimedKey parsed = parse_timed_key(key);
                      WireReader in(value);
                      Version version;
                      version.from = parsed.bucket;
                      version.stored = true;
                      version.original = in.fixed<int64_t>();
                      version.source = in.fixed<uint32_t>();
                      version.partition = in.fixed<uint32_t>();
                      version.position = in.fixed<int64_t>();
                      bool deleted = in.fixed<uint8_t>() != 0;
                      std::string_view row = in.text();
                      if (in.failed() || (!deleted && !rows.fits(row)))
                        return Error{ErrorKind::store, "a version of a table is damaged", 0, 0};
                      if (!deleted) version.row = pool_.copy(row);
                      add(parsed.hash, parsed.key, version);
                      return {};
                    });
}

}  // namespace braid
