#include "runtime/operators/version_index.h"

#include <algorithm>
#include <iterator>

#include "runtime/time/partition_clock.h"

namespace braid {
namespace {

/// A node of the map, besides what the pool has.
constexpr uint64_t kBytesOfNode = 48;

Error damaged() {
  return {ErrorKind::store, "a version of a table is damaged", 0, 0};
}

}  // namespace

VersionIndex::VersionIndex(uint32_t table, std::optional<int64_t> max_age, const Services& services,
                           const StoredRows& rows, BlobPool& pool)
    : table_(table),
      max_age_(max_age),
      rows_(rows),
      pool_(pool),
      keys_(pool),
      cold_(StateFamily::point, {table}, services.first_slice, services.end_slice, services.read_ahead.range_bytes),
      ranges_ahead_(services.read_ahead.ranges) {
  cold_.attach(services.store);
}

void VersionIndex::add(uint64_t hash, std::string_view key, std::string_view table_key, Version version) {
  bool added = false;
  place_.assign(table_key);
  append_time_key(place_, version.from);
  insert(keys_.find_or_add(hash, key, &added), place_, version);
}

void VersionIndex::insert(Entry& entry, std::string_view place, Version version) {
  version.changed = version.stored ? ChangedIn::none : frozen_.epoch();
  Found& versions = entry.value.versions;
  auto found = versions.find(place);
  if (found != versions.end()) {
    if (position_of(version) < position_of(found->second)) {
      if (version.row.data != nullptr) pool_.release_later(version.row);
      return;
    }
    copy(entry, found->first, found->second);
    if (found->second.row.data != nullptr) pool_.release_later(found->second.row);
    version.stored = found->second.stored;
    found->second = version;
  } else {
    found = versions.emplace(std::string(place), version).first;
    ++count_;
    place_bytes_ += place.size();
  }
  if (version.changed != ChangedIn::none) {
    changed_.add({&entry, found->first});
    unstored_bytes_ += sizeof(Version) + kBytesOfNode + place.size() + version.row.size;
  }
  if (found != versions.begin())
    if (const auto before = std::prev(found); of_one_key(before->first, place)) superseded_.expect(version.from, entry);
  if (const auto next = std::next(found); next != versions.end() && of_one_key(next->first, place))
    superseded_.expect(next->second.from, entry);
  const int64_t settled = add_time(version.from, 1);
  if (version.row.data == nullptr) {
    ended_.expect(settled, entry);
  } else if (max_age_) {
    ended_.expect(std::max(settled, add_time(add_time(version.original, *max_age_), 1)), entry);
  }
}

void VersionIndex::forget_before(int64_t bound, int64_t settled) {
  bound_ = bound;
  settled_ = settled;
  std::vector<Expiry<Entry>> tidied;
  Expiry<Entry> expiry;
  auto take_all = [&](ExpiryQueue<Entry>& expiries, int64_t time) {
    while (expiries.take(time, &expiry)) {
      if (!expiry.is_current()) continue;
      Group& group = expiry.entry->value;
      const bool most = uint64_t{++group.due} * 2 >= group.versions.size();
      if (most) tidied.push_back(expiry);
    }
  };
  take_all(superseded_, bound);
  take_all(ended_, std::min(bound, settled));
  for (const Expiry<Entry>& each : tidied)
    if (each.is_current() && each.entry->value.due > 0) tidy(*each.entry);
}

void VersionIndex::tidy(Entry& entry) {
  entry.value.due = 0;
  Found& versions = entry.value.versions;
  const int64_t ended = std::min(bound_, settled_);
  for (auto at = versions.begin(); at != versions.end();) {
    const auto next = std::next(at);
    Version& version = at->second;
    const bool superseded = next != versions.end() && of_one_key(at->first, next->first) && next->second.from <= bound_;
    const bool gone = version.from < ended && (version.row.data == nullptr || too_old(ended, version));
    if (superseded || gone) {
      copy(entry, at->first, version);
      if (version.stored) erased_.erase(StateFamily::point, state_key(entry, at->first));
      if (version.row.data != nullptr) pool_.release_later(version.row);
      place_bytes_ -= at->first.size();
      --count_;
      versions.erase(at);
    }
    at = next;
  }
  if (!versions.empty()) return;
  cold_.gone(entry.hash, entry.key.view());
  keys_.erase(entry);
}

std::string_view VersionIndex::state_key(const Entry& entry, std::string_view place) {
  set_point_key(key_, table_, entry.hash, entry.key.view());
  key_ += place;
  return key_;
}

void VersionIndex::copy(const Entry& entry, std::string_view place, Version& version) {
  if (!frozen_.holds(version.changed)) return;
  value_.clear();
  value_.fixed(static_cast<uint32_t>(entry.key.size));
  value_.fixed(version.original);
  value_.fixed(version.source);
  value_.fixed(version.partition);
  value_.fixed(version.position);
  value_.fixed(static_cast<uint8_t>(version.row.data == nullptr));
  value_.text(version.row.view());
  frozen_.batch().put(StateFamily::point, state_key(entry, place), value_.bytes());
  version.stored = true;
  version.changed = ChangedIn::none;
}

void VersionIndex::freeze() {
  frozen_.begin(erased_);
  changed_.freeze();
  unstored_bytes_ = 0;
  cold_.collected();
}

bool VersionIndex::copy_frozen(CopyBudget& budget) {
  auto ask = [](const Changed& changed) { __builtin_prefetch(changed.entry); };
  return changed_.copy(
      frozen_, budget, ask, [](const Changed&) {},
      [this](const Changed& changed) {
        if (!changed.entry->live) return;
        const auto found = changed.entry->value.versions.find(changed.place);
        if (found != changed.entry->value.versions.end()) copy(*changed.entry, found->first, found->second);
      });
}

Result<VersionIndex::Stored> VersionIndex::parse(std::string_view key, std::string_view value) const {
  const std::string_view bytes = parse_point_key(key).key;
  WireReader in(value);
  const auto size = in.fixed<uint32_t>();
  if (in.failed() || bytes.size() < size + sizeof(int64_t)) return damaged();
  Stored found;
  found.key = bytes.substr(0, size);
  found.place = bytes.substr(size);
  found.version.from = read_time_key(found.place.substr(found.place.size() - sizeof(int64_t)));
  found.version.stored = true;
  found.version.original = in.fixed<int64_t>();
  found.version.source = in.fixed<uint32_t>();
  found.version.partition = in.fixed<uint32_t>();
  found.version.position = in.fixed<int64_t>();
  const bool deleted = in.fixed<uint8_t>() != 0;
  found.row = in.text();
  if (in.failed() || (!deleted && !rows_.fits(found.row))) return damaged();
  found.version.row = {deleted ? nullptr : found.row.data(), deleted ? 0 : found.row.size()};
  return found;
}

void VersionIndex::keep(Entry& entry, const Stored& stored) {
  Version version = stored.version;
  if (version.row.data != nullptr) version.row = pool_.copy(stored.row);
  insert(entry, stored.place, version);
}

Status VersionIndex::warm(const KeyBlock& keys, uint32_t rows) {
  if (!cold_.unread().empty()) {
    for (uint32_t row = 0; row < rows; ++row)
      if (!keys.has_null[row]) cold_.unread().want(keys.hashes[row]);
    BRAID_TRY(read(cold_.unread().take_wanted()));
  }
  if (cold_.empty()) return {};
  std::vector<std::pair<uint64_t, std::string_view>> wanted;
  for (uint32_t row = 0; row < rows; ++row) {
    if (keys.has_null[row]) continue;
    const std::string_view key = keys.keys[row].view();
    if (cold_.may_hold(keys.hashes[row], key) && keys_.find(keys.hashes[row], key) == nullptr)
      wanted.emplace_back(keys.hashes[row], key);
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  for (const auto& [hash, key] : wanted) BRAID_TRY(load(hash, key));
  return {};
}

Status VersionIndex::load(uint64_t hash, std::string_view key) {
  Entry* entry = nullptr;
  BRAID_TRY(cold_.store().scan(StateFamily::point, point_key(table_, hash, key),
                               [&](std::string_view stored_key, std::string_view value) -> Status {
                                 BRAID_ASSIGN(Stored found, parse(stored_key, value));
                                 if (found.key != key) return {};  // a longer value that begins alike
                                 bool added = false;
                                 if (entry == nullptr) entry = &keys_.find_or_add(hash, key, &added);
                                 keep(*entry, found);
                                 if (cold_count_ > 0) --cold_count_;
                                 return {};
                               }));
  if (entry != nullptr) cold_.remove();
  return {};
}

Status VersionIndex::restore(StateStore& store, uint64_t memory) {
  memory_ = memory;
  BRAID_TRY(cold_.find_unread(store));
  return cold_.attached() ? Status() : read(cold_.unread().take_all());
}

Status VersionIndex::read(std::span<const UnreadRanges::Run> runs) {
  last_cold_.clear();
  return cold_.unread().scan(table_, runs, [this](std::string_view bytes, std::string_view value) -> Status {
    BRAID_ASSIGN(Stored found, parse(bytes, value));
    const uint64_t hash = parse_point_key(bytes).hash;
    // What one value has comes one after the other: it is in memory with all of it, or with nothing.
    if (keys_.find(hash, found.key) == nullptr && cold_.attached() && pool_.bytes_used() + size().bytes >= memory_) {
      std::string place = point_key(table_, hash, found.key);
      if (place != last_cold_) cold_.add(hash);
      last_cold_ = std::move(place);
      ++cold_count_;
      return {};
    }
    bool added = false;
    keep(keys_.find_or_add(hash, found.key, &added), found);
    return {};
  });
}

Status VersionIndex::read_ahead() {
  BRAID_TRY(read(cold_.unread().take_next(ranges_ahead_)));
  return cold_.renew();
}

Status VersionIndex::evict(uint64_t bytes) {
  keys_.evict(bytes, [this](Entry& entry) -> uint64_t {
    uint64_t freed = sizeof(Entry) + entry.key.size;
    for (const auto& [place, version] : entry.value.versions) {
      BRAID_CHECK(version.stored && version.changed == ChangedIn::none,
                  "a version is evicted that was never committed");
      freed += sizeof(Version) + kBytesOfNode + place.size() + version.row.size;
      place_bytes_ -= place.size();
      if (version.row.data != nullptr) pool_.release(version.row);
    }
    count_ -= entry.value.versions.size();
    cold_count_ += entry.value.versions.size();
    cold_.add(entry.hash);
    keys_.erase(entry);
    return freed;
  });
  pool_.release_pending();
  superseded_.drop_evicted();
  ended_.drop_evicted();
  return {};
}

StateSize VersionIndex::size() const {
  const uint64_t erasures = erased_.changes() * kBytesOfErasure;
  const uint64_t bytes = keys_.bytes() + count_ * (sizeof(Version) + kBytesOfNode) + place_bytes_ + cold_.bytes() +
                         superseded_.bytes() + ended_.bytes() + erasures;
  const uint64_t cold = cold_count_ + cold_.unread().rows();
  return {count_ + cold, bytes, unstored_bytes_ + erasures, cold};
}

}  // namespace braid
