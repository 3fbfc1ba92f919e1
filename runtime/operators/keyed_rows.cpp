#include "runtime/operators/keyed_rows.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/data/time_text.h"
#include "runtime/operators/distinct_counts.h"

namespace braid {
namespace {

Error damaged() {
  return {ErrorKind::store, "a keyed row of the state is damaged", 0, 0};
}

}  // namespace

KeyedRows::KeyedRows(uint32_t table, uint32_t part_table, const KeyFormat& key, const Services& services,
                     Values& values, BlobPool& pool, std::optional<Timers> timers)
    : row_table_(table),
      part_table_(part_table),
      first_slice_(services.first_slice),
      end_slice_(services.end_slice),
      values_(values),
      pool_(pool),
      range_(services.first_slice, services.end_slice),
      rows_(pool, key.fixed_size().value_or(GroupRows::kAnySize), values.size(), values.alignment()),
      table_(rows_, range_, pool),
      cold_(StateFamily::point, {table}, services.first_slice, services.end_slice, services.read_ahead.range_bytes),
      timers_(timers),
      range_bytes_(services.read_ahead.range_bytes) {
  cold_.attach(services.store);
}

KeyedRows::~KeyedRows() {
  table_.for_each([this](RowHandle row) { values_.end_with_all(rows_.value(row)); });
}

std::string_view KeyedRows::state_key(uint64_t hash, std::string_view key) {
  set_point_key(key_bytes_, row_table_, hash, key);
  return key_bytes_;
}

void KeyedRows::copy(RowHandle row) {
  RowHead& head = rows_.head(row);
  if (!frozen_.holds(head.changed)) return;
  value_.clear();
  values_.store(rows_.value(row), value_, [&](uint16_t set, uint32_t part, std::optional<std::string_view> bytes) {
    const std::string key = point_key(part_table_, head.hash, part_place(rows_.key(row), set, part));
    if (bytes) {
      frozen_.batch().put(StateFamily::point, key, *bytes);
    } else {
      frozen_.batch().erase(StateFamily::point, key);
    }
  });
  if (timers_) copy_timer(row);
  frozen_.batch().put(StateFamily::point, state_key(head.hash, rows_.key(row)), value_.bytes());
  head.stored = true;
  head.changed = ChangedIn::none;
}

std::string KeyedRows::timer_key(RowHandle row) {
  return timed_key(timers_->table, values_.stored_at(rows_.value(row)), rows_.head(row).hash, rows_.key(row));
}

void KeyedRows::copy_timer(RowHandle row) {
  const bool stored = rows_.head(row).stored;
  const int64_t bucket = floor_divide(values_.due(rows_.value(row)), timers_->width);
  int64_t& at = values_.stored_at(rows_.value(row));
  if (stored && at == bucket) return;
  if (stored) frozen_.batch().erase(StateFamily::timed, timer_key(row));
  at = bucket;
  frozen_.batch().put(StateFamily::timed, timer_key(row), {});
}

void KeyedRows::erase(RowHandle row) {
  copy(row);
  RowHead& head = rows_.head(row);
  if (head.stored) {
    erased_.erase(StateFamily::point, state_key(head.hash, rows_.key(row)));
    if (timers_) erased_.erase(StateFamily::timed, timer_key(row));
    const std::vector<uint32_t> parts = values_.parts(rows_.value(row));
    for (size_t set = 0; set < parts.size(); ++set)
      for (uint32_t part = first_part(row, set); part < parts[set]; ++part)
        erased_.erase(StateFamily::point,
                      point_key(part_table_, head.hash, part_place(rows_.key(row), static_cast<uint16_t>(set), part)));
    cold_.gone(head.hash, rows_.key(row));
  }
  values_.end(rows_.value(row));
  head.changed = ChangedIn::none;  // it may stand among the changed ones yet
  table_.erase(row);
}

void KeyedRows::freeze() {
  frozen_.begin(erased_);
  changed_.freeze();
  cold_.collected();
}

bool KeyedRows::copy_frozen(CopyBudget& budget) {
  auto ask = [this](RowHandle row) { rows_.prefetch(row); };
  auto see = [this](RowHandle row) { values_.prefetch(rows_.value(row)); };
  return changed_.copy(frozen_, budget, ask, see, [this](RowHandle row) { copy(row); });
}

Status KeyedRows::warm(const KeyBlock& keys, uint32_t rows) {
  if (cold_.unread().empty() && cold_.empty()) return {};
  std::vector<Wanted> asked;
  for (uint32_t row = 0; row < rows; ++row) asked.push_back({keys.hashes[row], keys.keys[row].view()});
  return bring(asked);
}

Status KeyedRows::bring_due(int64_t time) {
  while (!cold_timers_.empty() && *cold_timers_.begin() * timers_->width < time) {
    const int64_t bucket = *cold_timers_.begin();
    cold_timers_.erase(cold_timers_.begin());
    std::vector<std::pair<uint64_t, std::string>> due;
    for (uint32_t slice = first_slice_; slice < end_slice_; ++slice)
      BRAID_TRY(cold_.store().scan(StateFamily::timed, bucket_prefix(timers_->table, slice, bucket),
                                   [&](std::string_view bytes, std::string_view) -> Status {
                                     const TimedKey key = parse_timed_key(bytes);
                                     if (table_.find(key.hash, key.key) == kNoRow && !cold_.is_gone(key.hash, key.key))
                                       due.emplace_back(key.hash, key.key);
                                     return {};
                                   }));
    std::vector<Wanted> asked;
    for (const auto& [hash, key] : due) asked.push_back({hash, key});
    BRAID_TRY(bring(asked));
  }
  return {};
}

Status KeyedRows::bring(std::span<const Wanted> asked) {
  if (!cold_.unread().empty()) {
    for (const Wanted& each : asked) cold_.unread().want(each.hash);
    BRAID_TRY(read(cold_.unread().take_wanted()));
  }
  if (cold_.empty()) return {};
  std::vector<std::string> wanted;
  for (const Wanted& each : asked)
    if (cold_.may_hold(each.hash, each.key) && table_.find(each.hash, each.key) == kNoRow)
      wanted.emplace_back(state_key(each.hash, each.key));
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<RowHandle> found;
  BRAID_TRY(cold_.store().get_many(StateFamily::point, wanted, [&](size_t place, std::string_view value) -> Status {
    PointKey key = parse_point_key(wanted[place]);
    BRAID_ASSIGN(RowHandle row, load(key.hash, key.key, value));
    found.push_back(row);
    cold_.remove();
    return {};
  }));
  return load_parts(found);
}

Result<RowHandle> KeyedRows::load(uint64_t hash, std::string_view key, std::string_view value) {
  bool added = false;
  RowHandle row = table_.find_or_add(hash, key, &added);
  if (!added) return damaged();
  rows_.head(row).stored = true;
  WireReader in(value);
  if (!values_.load(in, rows_.value(row)) || in.failed() || !in.at_end()) return damaged();
  if (timers_) values_.stored_at(rows_.value(row)) = floor_divide(values_.due(rows_.value(row)), timers_->width);
  values_.loaded(row, rows_.value(row));
  return row;
}

Status KeyedRows::load_parts(std::span<const RowHandle> rows) {
  std::vector<std::string> wanted;
  for (RowHandle row : rows) {
    const std::vector<uint32_t> parts = values_.parts(rows_.value(row));
    for (size_t set = 0; set < parts.size(); ++set)
      for (uint32_t part = first_part(row, set); part < parts[set]; ++part)
        wanted.push_back(
            point_key(part_table_, rows_.head(row).hash, part_place(rows_.key(row), static_cast<uint16_t>(set), part)));
  }
  if (wanted.empty()) return {};
  std::sort(wanted.begin(), wanted.end());
  size_t found = 0;
  BRAID_TRY(cold_.store().get_many(StateFamily::point, wanted, [&](size_t at, std::string_view bytes) -> Status {
    PointKey key = parse_point_key(wanted[at]);
    PartPlace part;
    if (!parse_part_place(key.key, &part)) return damaged();
    RowHandle row = table_.find(key.hash, part.group_key);
    ++found;
    return values_.load_part(part.set, bytes, rows_.value(row)) ? Status() : damaged();
  }));
  return found == wanted.size() ? Status() : damaged();
}

Status KeyedRows::restore(StateStore& store, uint64_t memory) {
  memory_ = memory;
  BRAID_TRY(cold_.find_unread(store));
  if (!cold_.attached()) return read(cold_.unread().take_all());
  if (!timers_) return {};
  UnreadRanges timers(StateFamily::timed, {timers_->table}, first_slice_, end_slice_, range_bytes_);
  BRAID_TRY(timers.begin(cold_.store()));
  for (auto bucket = timers.first_bucket(0); bucket; bucket = timers.first_bucket(0, *bucket + 1))
    cold_timers_.insert(*bucket);
  return {};
}

Status KeyedRows::read(std::span<const UnreadRanges::Run> runs) {
  if (runs.empty()) return {};
  std::vector<RowHandle> found;
  BRAID_TRY(cold_.unread().scan(row_table_, runs, [&](std::string_view bytes, std::string_view value) -> Status {
    PointKey key = parse_point_key(bytes);
    BRAID_ASSIGN(RowHandle row, load(key.hash, key.key, value));
    // What there is no room for was looked at, and goes again.
    if (cold_.attached() && size().bytes >= memory_ && !values_.stays(rows_.value(row))) {
      cold_.add(key.hash);
      values_.end(rows_.value(row));
      table_.erase(row);
    } else {
      found.push_back(row);
    }
    return {};
  }));
  return load_parts(found);
}

Status KeyedRows::read_ahead(uint64_t ranges) {
  BRAID_TRY(read(cold_.unread().take_next(ranges)));
  return cold_.renew();
}

Status KeyedRows::sweep(const std::function<bool(std::string_view stored)>& has_ended) {
  constexpr uint64_t kFew = 4096;
  if (!cold_.unread().empty() || cold_.empty()) return {};
  if (!sweep_from_) {
    if (cold_.entries() <= 2 * swept_ + kFew) return {};
    sweep_from_ = slice_prefix(row_table_, first_slice_);
  }
  uint64_t rows = 0;
  std::vector<std::pair<std::string, std::string>> ended;
  const std::string begin = *std::exchange(sweep_from_, std::nullopt);
  const std::string end = StateStore::behind_prefix(slice_prefix(row_table_, end_slice_ - 1));
  BRAID_TRY(cold_.store().leap(
      StateFamily::point, begin, end, [&](std::string_view bytes, std::string_view value) -> Result<std::string> {
        if (++rows > kRowsOfSweep) {
          sweep_from_ = std::string(bytes);
          return end;
        }
        const PointKey key = parse_point_key(bytes);
        if (has_ended(value) && table_.find(key.hash, key.key) == kNoRow && !cold_.is_gone(key.hash, key.key))
          ended.emplace_back(bytes, value);
        return std::string();
      }));
  std::vector<RowHandle> found;
  for (const auto& [bytes, value] : ended) {
    const PointKey key = parse_point_key(bytes);
    BRAID_ASSIGN(const RowHandle row, load(key.hash, key.key, value));
    found.push_back(row);
    cold_.remove();
  }
  BRAID_TRY(load_parts(found));
  for (const RowHandle row : found) erase(row);
  if (!sweep_from_) swept_ = cold_.entries();
  return {};
}

uint64_t KeyedRows::evict(uint64_t bytes) {
  const uint64_t before = size().bytes;
  auto freed = [&] { return before - std::min(before, size().bytes); };
  std::vector<RowHandle> offered;
  // Second chance: all are offered twice.
  for (size_t turns = 2 * table_.segments(); turns > 0 && freed() < bytes; --turns) {
    if (hand_ >= table_.segments()) hand_ = 0;
    offered.clear();
    table_.visit_segment(hand_++, [&](RowHandle row) { offered.push_back(row); });
    for (RowHandle row : offered) {
      RowHead& head = rows_.head(row);
      if (head.found_lately) {
        head.found_lately = false;
        continue;
      }
      if (freed() >= bytes) break;
      if (values_.stays(rows_.value(row))) continue;
      BRAID_CHECK(head.stored && head.changed == ChangedIn::none, "a row is evicted that was never committed");
      cold_.add(head.hash);
      if (timers_) cold_timers_.insert(values_.stored_at(rows_.value(row)));
      values_.end(rows_.value(row));
      table_.erase(row);
    }
    pool_.release_pending();
  }
  return freed();
}

StateSize KeyedRows::size() const {
  const uint64_t erasures = erased_.changes() * kBytesOfErasure;
  const uint64_t cold = cold_.entries() + cold_.unread().rows();
  return {rows_.size() + cold,
          pool_.bytes_used() + rows_.bytes() + cold_.bytes() + cold_timers_.size() * 6 * sizeof(int64_t) + erasures,
          changed_.size() * rows_.row_size() + erasures, cold};
}

}  // namespace braid
