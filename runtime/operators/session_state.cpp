// What is stored of sessions. A key's row: bucket of its timer i64 | sessions u32 | each, the newest first: first i64,
// last i64, number u32, loose u8, the aggregates, for each set the number of its parts u32.
#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/operators/session_group.h"

namespace braid {
namespace {

Error damaged() {
  return {ErrorKind::store, "a session's state is damaged", 0, 0};
}

}  // namespace

std::string SessionGroupNode::set_key(uint64_t hash, std::string_view key, uint32_t number, size_t set,
                                      uint32_t part) const {
  std::string owner(key);
  owner.append(reinterpret_cast<const char*>(&number), sizeof(number));
  return point_key(table(kSetTable), hash, part_place(owner, static_cast<uint16_t>(set), part));
}

std::string SessionGroupNode::timer_key(RowHandle key) const {
  return timed_key(table(kTimerTable), session(key).stored_at, rows_.head(key).hash, rows_.key(key));
}

void SessionGroupNode::copy_frozen_key(RowHandle key) {
  RowHead& head = rows_.head(key);
  Session& own = session(key);
  StateBatch& batch = frozen_.batch();
  const int64_t bucket = timer_bucket(own.timer);
  if (head.stored && own.stored_at != bucket) batch.erase(StateFamily::timed, timer_key(key));
  if (!head.stored || own.stored_at != bucket) {
    own.stored_at = bucket;
    batch.put(StateFamily::timed, timer_key(key), {});
  }
  uint32_t count = 0;
  for (RowHandle row = key; row != kNoRow; row = session(row).older) ++count;
  value_.clear();
  value_.fixed(bucket);
  value_.fixed(count);
  for (RowHandle row = key; row != kNoRow; row = session(row).older) {
    const Session& each = session(row);
    value_.fixed(each.first);
    value_.fixed(each.last);
    value_.fixed(each.number);
    value_.fixed(static_cast<uint8_t>(each.loose));
    state_.store(state(row), value_);
    state_.take_news(state(row), pool_, [&](uint16_t set, uint32_t part, std::optional<std::string_view> values) {
      const std::string place = set_key(head.hash, rows_.key(key), each.number, set, part);
      if (values) {
        batch.put(StateFamily::point, place, *values);
      } else {
        batch.erase(StateFamily::point, place);
      }
    });
    for (size_t set = 0; set < state_.part_sets(); ++set) value_.fixed(state_.parts(set, state(row)).stored);
  }
  set_point_key(key_bytes_, table(kKeyTable), head.hash, rows_.key(key));
  batch.put(StateFamily::point, key_bytes_, value_.bytes());
  head.stored = true;
  head.changed = ChangedIn::none;
}

void SessionGroupNode::erase_sets(RowHandle key, RowHandle row) {
  for (size_t i = 0; i < state_.part_sets(); ++i)
    for (uint32_t part = 0; part < state_.parts(i, state(row)).stored; ++part)
      erased_.erase(StateFamily::point, set_key(rows_.head(key).hash, rows_.key(key), session(row).number, i, part));
}

void SessionGroupNode::take_out(RowHandle key) {
  RowHead& head = rows_.head(key);
  if (head.stored) {
    set_point_key(key_bytes_, table(kKeyTable), head.hash, rows_.key(key));
    erased_.erase(StateFamily::point, key_bytes_);
    erased_.erase(StateFamily::timed, timer_key(key));
    cold_.gone(head.hash, rows_.key(key));
  }
  head.changed = ChangedIn::none;
  session(key).has_timer = false;
  table_.take_out(key);
}

void SessionGroupNode::freeze() {
  frozen_.begin(erased_);
  changed_.freeze();
  changed_value_bytes_ = 0;
  cold_.collected();
  sealed_.freeze(frozen_.batch());
}

bool SessionGroupNode::copy_frozen(CopyBudget& budget) {
  return changed_.copy(
      frozen_, budget, [](RowHandle) {}, [this](RowHandle key) { rows_.prefetch(key); },
      [this](RowHandle key) { copy(key); });
}

Status SessionGroupNode::warm(const KeyBlock& keys) {
  wanted_.clear();
  for (uint32_t row : taken_) wanted_.push_back({keys.hashes[row], keys.keys[row].view()});
  return bring(wanted_);
}

Status SessionGroupNode::bring(std::span<const Wanted> asked) {
  if (!cold_.unread().empty()) {
    for (const Wanted& each : asked) cold_.unread().want(each.hash);
    BRAID_TRY(read(cold_.unread().take_wanted()));
  }
  if (cold_.empty()) return {};
  std::vector<std::string> wanted;
  for (const Wanted& each : asked)
    if (cold_.may_hold(each.hash, each.key) && table_.find(each.hash, each.key) == kNoRow)
      wanted.push_back(point_key(table(kKeyTable), each.hash, each.key));
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<RowHandle> loaded;
  BRAID_TRY(cold_.store().get_many(StateFamily::point, wanted, [&](size_t at, std::string_view value) -> Status {
    const PointKey key = parse_point_key(wanted[at]);
    cold_.remove();
    return load(key.hash, key.key, value, loaded);
  }));
  return load_sets(loaded);
}

Status SessionGroupNode::bring_due(int64_t limit) {
  while (!cold_timers_.empty() && *cold_timers_.begin() * timer_width_ < limit) {
    const int64_t bucket = *cold_timers_.begin();
    cold_timers_.erase(cold_timers_.begin());
    std::vector<std::pair<uint64_t, std::string>> due;
    for (uint32_t slice = services_.first_slice; slice < services_.end_slice; ++slice)
      BRAID_TRY(cold_.store().scan(StateFamily::timed, bucket_prefix(table(kTimerTable), slice, bucket),
                                   [&](std::string_view bytes, std::string_view) -> Status {
                                     const TimedKey key = parse_timed_key(bytes);
                                     if (table_.find(key.hash, key.key) == kNoRow && !cold_.is_gone(key.hash, key.key))
                                       due.emplace_back(key.hash, key.key);
                                     return {};
                                   }));
    std::vector<Wanted> wanted;
    for (const auto& [hash, key] : due) wanted.push_back({hash, key});
    BRAID_TRY(bring(wanted));
  }
  return {};
}

Status SessionGroupNode::load(uint64_t hash, std::string_view key, std::string_view value,
                              std::vector<RowHandle>& loaded) {
  WireReader in(value);
  bool added = false;
  const RowHandle own = table_.find_or_add(hash, key, &added);
  if (!added) return damaged();
  const auto stored_at = in.fixed<int64_t>();
  const auto count = in.fixed<uint32_t>();
  RowHandle row = own;
  int64_t first_loose = kEndTime;
  for (uint32_t i = 0; i < count && !in.failed(); ++i) {
    if (i > 0) {
      const RowHandle next = rows_.add(hash, key);
      session(row).older = next;
      row = next;
    }
    Session& each = session(row);
    each.first = in.fixed<int64_t>();
    each.last = in.fixed<int64_t>();
    each.number = in.fixed<uint32_t>();
    each.loose = in.fixed<uint8_t>() != 0;
    each.older = kNoRow;
    if (each.loose) first_loose = std::min(first_loose, each.first);
    if (!state_.load(in, state(row), pool_)) return damaged();
    for (size_t set = 0; set < state_.part_sets(); ++set) state_.parts(set, state(row)).stored = in.fixed<uint32_t>();
  }
  if (count == 0 || in.failed() || !in.at_end()) return damaged();
  rows_.head(own).stored = true;
  session(own).stored_at = stored_at;
  session(own).first_loose = first_loose;
  const int64_t due = session(row).loose ? session(row).first : end_of(session(row));
  set_timer(own, due);
  // Else it would be looked for in vain at the old time, and found too late.
  if (timer_bucket(due) != stored_at) touch(own);
  loaded.push_back(own);
  return {};
}

Status SessionGroupNode::load_sets(std::span<const RowHandle> keys) {
  if (state_.part_sets() == 0) return {};
  struct Owner {
    RowHandle row;
    size_t set;
  };
  std::vector<std::pair<std::string, Owner>> parts;
  for (RowHandle key : keys)
    for (RowHandle row = key; row != kNoRow; row = session(row).older)
      for (size_t i = 0; i < state_.part_sets(); ++i)
        for (uint32_t part = 0; part < state_.parts(i, state(row)).stored; ++part)
          parts.push_back({set_key(rows_.head(key).hash, rows_.key(key), session(row).number, i, part), {row, i}});
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> wanted;
  for (const auto& [key, owner] : parts) wanted.push_back(key);
  size_t found = 0;
  BRAID_TRY(cold_.store().get_many(StateFamily::point, wanted, [&](size_t at, std::string_view value) -> Status {
    const Owner& owner = parts[at].second;
    ++found;
    return state_.load_part(static_cast<uint16_t>(owner.set), value, state(owner.row), pool_) ? Status() : damaged();
  }));
  return found == parts.size() ? Status() : damaged();
}

Status SessionGroupNode::restore(StateStore& store, uint64_t memory) {
  BRAID_TRY(sealed_.restore(store, damaged()));
  memory_ = memory;
  BRAID_TRY(cold_.find_unread(store));
  if (!cold_.attached()) return read(cold_.unread().take_all());
  UnreadRanges timers(StateFamily::timed, {table(kTimerTable)}, services_.first_slice, services_.end_slice,
                      services_.read_ahead.range_bytes);
  BRAID_TRY(timers.begin(cold_.store()));
  for (auto bucket = timers.first_bucket(0); bucket; bucket = timers.first_bucket(0, *bucket + 1))
    cold_timers_.insert(*bucket);
  return {};
}

Status SessionGroupNode::read(std::span<const UnreadRanges::Run> runs) {
  if (runs.empty()) return {};
  full_ = false;
  const bool sets = state_.part_sets() > 0;
  // The values of sets fill the memory behind their keys: one run at a time.
  for (size_t first = 0; first < runs.size(); first += sets ? 1 : runs.size()) {
    std::vector<RowHandle> loaded;
    BRAID_TRY(cold_.unread().scan(table(kKeyTable), runs.subspan(first, sets ? 1 : runs.size()),
                                  [&](std::string_view bytes, std::string_view value) -> Status {
                                    const PointKey key = parse_point_key(bytes);
                                    if (has_room()) return load(key.hash, key.key, value, loaded);
                                    cold_.add(key.hash);
                                    return {};
                                  }));
    BRAID_TRY(load_sets(loaded));
  }
  return {};
}

void SessionGroupNode::read_ahead() {
  note(read(cold_.unread().take_next(services_.read_ahead.ranges)));
  note(cold_.renew());
}

Status SessionGroupNode::evict(uint64_t bytes) {
  const uint64_t before = state_size().bytes;
  auto freed = [&] { return before - std::min(before, state_size().bytes); };
  pool_.release_pending();
  // Second chance: all are offered twice.
  std::vector<RowHandle> offered;
  const size_t segments = table_.segments();
  for (size_t turns = 0; turns < 2 * segments && freed() < bytes; ++turns) {
    if (hand_ >= segments) hand_ = 0;
    offered.clear();
    table_.visit_segment(hand_++, [&](RowHandle key) { offered.push_back(key); });
    for (RowHandle key : offered) {
      RowHead& head = rows_.head(key);
      if (head.found_lately) {
        head.found_lately = false;
        continue;
      }
      if (freed() >= bytes) break;
      if (!head.stored || head.changed != ChangedIn::none) continue;  // its timer has moved on since the commit
      cold_.add(head.hash);
      cold_timers_.insert(session(key).stored_at);
      for (RowHandle row = key; row != kNoRow;) {
        const RowHandle older = session(row).older;
        state_.end(state(row), pool_);
        if (row != key) free_session(row);
        row = older;
      }
      session(key).has_timer = false;
      table_.erase(key);
    }
    pool_.release_pending();
  }
  timers_.erase_if([this](const KeyTimer& timer) {
    const Session& own = session(timer.key);
    return !own.has_timer || own.timer != timer.time || rows_.head(timer.key).hash != timer.hash;
  });
  return {};
}

StateSize SessionGroupNode::state_size() const {
  const uint64_t erasures = erased_.changes() * kBytesOfErasure;
  const uint64_t cold = cold_.entries() + cold_.unread().rows();
  return {rows_.size() + cold,
          pool_.bytes_used() + rows_.bytes() + timers_.bytes() + cold_.bytes() +
              cold_timers_.size() * 6 * sizeof(int64_t) + erasures,
          changed_.size() * rows_.row_size() + changed_value_bytes_ + erasures, cold};
}

}  // namespace braid
