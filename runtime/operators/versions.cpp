#include "runtime/operators/versions.h"

#include <algorithm>
#include <utility>

#include "runtime/state/wire.h"
#include "runtime/time/partition_clock.h"

namespace braid {

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
  version.changed = version.stored ? ChangedIn::none : frozen_.epoch();
  History& list = entry.value;
  auto place = list.find(version.from);
  if (place != list.end() && place->from == version.from) {
    if (position_of(version) < position_of(*place)) {
      if (version.row.data != nullptr) pool_.release_later(version.row);
      return;
    }
    copy(entry, *place);
    if (place->row.data != nullptr) pool_.release_later(place->row);
    version.stored = place->stored;
    *place = version;
  } else {
    place = list.insert(place, version);
    ++count_;
  }
  auto index = static_cast<size_t>(place - list.begin());
  if (version.changed != ChangedIn::none) {
    changed_.add({&entry, version.from});
    unstored_bytes_ += sizeof(Version) + version.row.size;
  }
  if (index > 0) expect_expiry(entry, index - 1);
  expect_expiry(entry, index);
}

void Versions::expect_expiry(Entry& entry, size_t index) {
  History& list = entry.value;
  const Version& version = list[index];
  if (index + 1 < list.size()) superseded_.expect(list[index + 1].from, entry, version.from);
  int64_t settled = add_time(version.from, 1);
  if (version.row.data == nullptr) {
    ended_.expect(settled, entry, version.from);
  } else if (max_age_) {
    int64_t too_old = add_time(add_time(version.original, *max_age_), 1);
    ended_.expect(std::max(settled, too_old), entry, version.from);
  }
}

Versions::Around Versions::around(uint64_t hash, std::string_view key, int64_t from) {
  Around around;
  Entry* entry = keys_.find(hash, key);
  if (entry == nullptr) return around;
  History& list = entry->value;
  auto place = list.find(from);
  if (place != list.begin()) around.before = *(place - 1);
  if (place != list.end() && place->from == from) around.same = *place++;
  if (place != list.end()) around.next = *place;
  return around;
}

Bytes Versions::find(uint64_t hash, std::string_view key, int64_t time) {
  Entry* entry = keys_.find(hash, key);
  if (entry == nullptr) return {nullptr, 0};
  History& list = entry->value;
  auto after = std::upper_bound(list.begin(), list.end(), time,
                                [](int64_t t, const Version& version) { return t < version.from; });
  if (after == list.begin()) return {nullptr, 0};
  const Version& version = *(after - 1);
  return too_old(time, version) ? Bytes{nullptr, 0} : version.row;
}

void Versions::forget_before(int64_t bound, int64_t settled) {
  bound_ = bound;
  settled_ = settled;
  forget(superseded_, bound, true);
  forget(ended_, std::min(bound, settled), false);
}

void Versions::forget(ExpiryQueue<Entry>& expiries, int64_t bound, bool superseded_ones) {
  Expiry<Entry> expiry;
  while (expiries.take(bound, &expiry)) {
    Entry& entry = *expiry.entry;
    if (!expiry.is_current()) continue;
    History& list = entry.value;
    auto place = list.find(expiry.mark);
    if (place == list.end() || place->from != expiry.mark) continue;
    // What was expected may have changed: another row of the same time may have taken its place.
    bool goes = superseded_ones ? place + 1 != list.end() && (place + 1)->from <= bound
                                : place->row.data == nullptr || too_old(bound, *place);
    if (!goes) continue;
    copy(entry, *place);
    if (place->stored) erased_.erase(StateFamily::point, key_of(entry, place->from));
    if (place->row.data != nullptr) pool_.release_later(place->row);
    list.erase(place);
    --count_;
    if (!list.empty()) continue;
    cold_.gone(entry.hash, entry.key.view());
    keys_.erase(entry);
  }
}

std::string_view Versions::key_of(const Entry& entry, int64_t from) {
  set_point_key(key_, table_, entry.hash, entry.key.view());
  append_time_key(key_, from);
  return key_;
}

Result<Versions::StoredVersion> Versions::parse(std::string_view key, std::string_view value) const {
  std::string_view place = parse_point_key(key).key;
  const Error damaged{ErrorKind::store, "a version of a table is damaged", 0, 0};
  if (place.size() < sizeof(int64_t)) return damaged;
  StoredVersion found;
  found.key = place.substr(0, place.size() - sizeof(int64_t));
  found.version.from = read_time_key(place.substr(found.key.size()));
  found.version.stored = true;
  WireReader in(value);
  found.version.original = in.fixed<int64_t>();
  found.version.source = in.fixed<uint32_t>();
  found.version.partition = in.fixed<uint32_t>();
  found.version.position = in.fixed<int64_t>();
  bool deleted = in.fixed<uint8_t>() != 0;
  found.row = in.text();
  if (in.failed() || (!deleted && !rows_.fits(found.row))) return damaged;
  if (deleted) found.row = {};
  found.version.row = {deleted ? nullptr : found.row.data(), found.row.size()};
  return found;
}

Status Versions::warm(const KeyBlock& keys, uint32_t rows) {
  if (!cold_.unread().empty()) {
    for (uint32_t row = 0; row < rows; ++row)
      if (!keys.has_null[row]) cold_.unread().want(keys.hashes[row]);
    BRAID_TRY(read(cold_.unread().take_wanted()));
  }
  if (cold_.empty()) return {};
  std::vector<std::pair<uint64_t, std::string_view>> wanted;
  for (uint32_t row = 0; row < rows; ++row) {
    if (keys.has_null[row]) continue;
    std::string_view key = keys.keys[row].view();
    if (cold_.may_hold(keys.hashes[row], key) && keys_.find(keys.hashes[row], key) == nullptr)
      wanted.emplace_back(keys.hashes[row], key);
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  for (const auto& [hash, key] : wanted) BRAID_TRY(load(hash, key));
  return {};
}

Status Versions::load(uint64_t hash, std::string_view key) {
  Entry* entry = nullptr;
  BRAID_TRY(cold_.store().scan(StateFamily::point, point_key(table_, hash, key),
                               [&](std::string_view stored_key, std::string_view value) -> Status {
                                 BRAID_ASSIGN(StoredVersion found, parse(stored_key, value));
                                 if (found.key != key) return {};  // a longer key that begins alike
                                 bool added = false;
                                 if (entry == nullptr) entry = &keys_.find_or_add(hash, key, &added);
                                 Version version = found.version;
                                 if (version.row.data != nullptr) version.row = pool_.copy(found.row);
                                 insert(*entry, version);
                                 if (cold_count_ > 0) --cold_count_;
                                 return {};
                               }));
  if (entry != nullptr) cold_.remove();
  return {};
}

void Versions::copy(const Entry& entry, Version& version) {
  if (!frozen_.holds(version.changed)) return;
  value_.clear();
  value_.fixed(version.original);
  value_.fixed(version.source);
  value_.fixed(version.partition);
  value_.fixed(version.position);
  value_.fixed(static_cast<uint8_t>(version.row.data == nullptr));
  value_.text(version.row.view());
  frozen_.batch().put(StateFamily::point, key_of(entry, version.from), value_.bytes());
  version.stored = true;
  version.changed = ChangedIn::none;
}

void Versions::freeze() {
  frozen_.begin(erased_);
  changed_.freeze();
  unstored_bytes_ = 0;
  cold_.collected();
}

bool Versions::copy_frozen(CopyBudget& budget) {
  auto ask = [](const Place& place) { __builtin_prefetch(place.entry); };
  return changed_.copy(
      frozen_, budget, ask, [](const Place&) {},
      [this](const Place& place) {
        if (!place.entry->live) return;
        auto version = place.entry->value.find(place.from);
        if (version != place.entry->value.end() && version->from == place.from) copy(*place.entry, *version);
      });
}

Status Versions::restore(StateStore& store, uint64_t memory) {
  memory_ = memory;
  BRAID_TRY(cold_.find_unread(store));
  return cold_.attached() ? Status() : read(cold_.unread().take_all());
}

Status Versions::read(std::span<const UnreadRanges::Run> runs) {
  last_cold_.clear();
  return cold_.unread().scan(table_, runs,
                             [this](std::string_view key, std::string_view value) { return take_stored(key, value); });
}

Status Versions::take_stored(std::string_view key, std::string_view value) {
  BRAID_ASSIGN(StoredVersion found, parse(key, value));
  const uint64_t hash = parse_point_key(key).hash;
  // The rows of a key come one after the other: it is in memory with all of them, or with none.
  if (keys_.find(hash, found.key) == nullptr && cold_.attached() && pool_.bytes_used() + size().bytes >= memory_) {
    std::string place = point_key(table_, hash, found.key);
    if (place != last_cold_) cold_.add(hash);
    last_cold_ = std::move(place);
    ++cold_count_;
    return {};
  }
  if (found.version.row.data != nullptr) found.version.row = pool_.copy(found.row);
  add(hash, found.key, found.version);
  return {};
}

Status Versions::read_ahead() {
  BRAID_TRY(read(cold_.unread().take_next(ranges_ahead_)));
  BRAID_TRY(cold_.renew());
  return sweep();
}

Status Versions::evict(uint64_t bytes) {
  keys_.evict(bytes, [this](Entry& entry) -> uint64_t {
    uint64_t freed = sizeof(Entry) + entry.key.size;
    for (const Version& version : entry.value) {
      BRAID_CHECK(version.stored && version.changed == ChangedIn::none,
                  "a version is evicted that was never committed");
      freed += sizeof(Version) + version.row.size;
      if (version.row.data != nullptr) pool_.release(version.row);
    }
    count_ -= entry.value.size();
    cold_count_ += entry.value.size();
    cold_.add(entry.hash);
    keys_.erase(entry);
    return freed;
  });
  pool_.release_pending();
  superseded_.drop_evicted();
  ended_.drop_evicted();
  return {};
}

/// Of cold histories, what forget_before would have taken; some histories at once.
Status Versions::sweep() {
  constexpr uint64_t kFew = 4096;
  if (!cold_.unread().empty() || cold_.empty()) return {};
  if (!sweep_from_) {
    if (cold_.entries() <= 2 * swept_ + kFew) return {};
    sweep_from_ = slice_prefix(table_, first_slice_);
  }
  struct Row {
    std::string key;
    Version version;
  };
  std::vector<Row> history;
  uint64_t hash = 0, rows = 0;
  std::string key;
  int64_t ended = std::min(bound_, settled_);
  auto settle = [&] {
    if (history.empty() || keys_.find(hash, key) != nullptr || cold_.is_gone(hash, key)) return;
    size_t first = 0;
    while (first + 1 < history.size() && history[first + 1].version.from <= bound_) ++first;
    const Version& last = history[first].version;
    bool none_left =
        first + 1 == history.size() && last.from < ended && (last.row.data == nullptr || too_old(ended, last));
    for (size_t i = 0; i < first + (none_left ? 1 : 0); ++i) {
      erased_.erase(StateFamily::point, history[i].key);
      if (cold_count_ > 0) --cold_count_;
    }
    if (!none_left) return;
    cold_.gone(hash, key);
    cold_.remove();
  };
  const std::string begin = *std::exchange(sweep_from_, std::nullopt);
  const std::string end = StateStore::behind_prefix(slice_prefix(table_, end_slice_ - 1));
  BRAID_TRY(cold_.store().leap(StateFamily::point, begin, end,
                               [&](std::string_view stored_key, std::string_view value) -> Result<std::string> {
                                 BRAID_ASSIGN(StoredVersion found, parse(stored_key, value));
                                 uint64_t found_hash = parse_point_key(stored_key).hash;
                                 if (found_hash != hash || found.key != key) {
                                   settle();
                                   history.clear();
                                   hash = found_hash;
                                   key = found.key;
                                   if (rows >= kRowsOfSweep) {
                                     sweep_from_ = std::string(stored_key);
                                     return end;
                                   }
                                 }
                                 ++rows;
                                 history.push_back({std::string(stored_key), found.version});
                                 return std::string();
                               }));
  settle();
  if (!sweep_from_) swept_ = cold_.entries();
  return {};
}

StateSize Versions::size() const {
  uint64_t bytes = keys_.bytes() + count_ * sizeof(Version) + cold_.bytes() + superseded_.bytes() + ended_.bytes() +
                   erased_.changes() * kBytesOfErasure;
  const uint64_t cold = cold_count_ + cold_.unread().rows();
  return {count_ + cold, bytes, unstored_bytes_ + erased_.changes() * kBytesOfErasure, cold};
}

}  // namespace braid
