// Windows close: their groups go out in order, and what no open window needs leaves memory and store.
#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/operators/window_group.h"

namespace braid {
namespace {

/// Buckets with more state rows are erased as the ranges that they fill.
constexpr uint64_t kMostNamed = 4096;

}  // namespace

std::optional<int64_t> WindowGroupNode::next_to_close() const {
  if (slices_.empty()) return {};
  if (!overlap_) return slices_.begin()->first.last_end;
  int64_t next = entered_ > 0 ? next_end_ : kEndTime;
  return waiting_.empty() ? next : std::min(next, waiting_.begin()->first);
}

bool WindowGroupNode::advance(std::vector<Block>& out) {
  uint64_t rows = 0;
  while (rows < services_.round_rows && next_release()) rows += close_part(out);
  if (closing_) put_out(/*all=*/true, out);
  // Whether there are more is asked in the next round, as by every step: the store alone may seem to have some.
  return rows >= services_.round_rows;
}

std::optional<ReleasePoint> WindowGroupNode::next_release() {
  if (!closing_) {
    if (overlap_ && !cold_.unread().empty()) note(read_due(edges[0].value()));
    const auto end = next_to_close();
    if (!end || !is_closed(*end, edges[0].value())) return {};
    begin_closing(*end);
  }
  return ReleasePoint{closing_->window.end, next_part() + 1};
}

uint64_t WindowGroupNode::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  uint64_t rows = 0;
  for (auto next = next_release(); next && *next <= point; next = next_release()) rows += close_part(out);
  if (closing_) put_out(/*all=*/true, out);
  return rows;
}

void WindowGroupNode::begin_closing(int64_t end) {
  Closing& closing = closing_.emplace(WindowRange{windows_.start_of(end), end}, services_.first_slice);
  if (!overlap_) {
    closing.slice = slices_.begin()->second.get();
    if (const uint64_t ranges = cold_.unread().ranges_of(end); ranges > 0 && ranges <= kSlices)
      note(read(cold_.unread().take_bucket(end)));  // little: then its rows are known by name
    const bool unread = cold_.unread().holds_bucket(end);
    closing.cold = closing.slice->cold > 0 || unread;
    closing.named = !unread && closing.slice->stored + closing.slice->to_copy <= kMostNamed;
    if (!closing.named) erased_buckets_.push_back(end);
    closing.rows = closing.slice->table.in_order();
    if (!closing.cold) closing.slice->table.clear();
    return;
  }
  enter_trails(end);
  closing.cold = !trails_whole_;
  if (!closing.cold) {
    closing.rows = trails_.in_order();
    return;
  }
  for (const auto& [place, slice] : slices_) {
    if (!slice->entered) continue;
    slice->table.for_each([&](RowHandle row) { closing.rows.push_back(row); });
    if (slice->cold > 0 && (closing.buckets.empty() || closing.buckets.back() != place.last_end))
      closing.buckets.push_back(place.last_end);
  }
  std::sort(closing.rows.begin(), closing.rows.end(), [this](RowHandle a, RowHandle b) { return rows_.before(a, b); });
}

uint32_t WindowGroupNode::next_part() const {
  if (closing_->cold) return closing_->part;
  if (closing_->next == closing_->rows.size()) return services_.end_slice - 1;
  RowHandle row = closing_->rows[closing_->next];
  return slice_of(overlap_ ? trails_.hash(row) : rows_.head(row).hash);
}

uint64_t WindowGroupNode::close_part(std::vector<Block>& out) {
  Closing& closing = *closing_;
  const uint32_t part = next_part();
  uint64_t rows = 0;
  if (closing.cold && overlap_) {
    note(emit_mixed(part, &rows, out));
  } else {
    if (closing.cold) load_part(part);
    auto hash = [&](RowHandle row) { return overlap_ ? trails_.hash(row) : rows_.head(row).hash; };
    while (closing.next < closing.rows.size() && slice_of(hash(closing.rows[closing.next])) == part) {
      ++closing.next;
      ++rows;
    }
    put_out(/*all=*/false, out);
  }
  ++closing.part;
  if (closing.cold ? closing.part == services_.end_slice : closing.next == closing.rows.size()) end_closing(out);
  return rows;
}

void WindowGroupNode::put_out(bool all, std::vector<Block>& out) {
  Closing& closing = *closing_;
  if (closing.cold && overlap_) return;
  while (closing.next - closing.put_out >= (all ? 1 : kBlockRows)) {
    auto rows = std::span<const RowHandle>(closing.rows)
                    .subspan(closing.put_out, std::min<size_t>(kBlockRows, closing.next - closing.put_out));
    if (overlap_) {
      emit_trails(rows, out);
    } else {
      emit_slice(rows, out);
    }
    closing.put_out += rows.size();
  }
}

void WindowGroupNode::end_closing(std::vector<Block>& out) {
  put_out(/*all=*/true, out);
  const int64_t end = closing_->window.end;
  if (overlap_) {
    if (trails_whole_) trails_.leave(end);
    erase_slices(end);
    next_end_ = windows_.next_end(end);
  } else {
    changed_ -= closing_->slice->changed.size();
    cold_.unread().forget(end);
    slices_.erase(closing_->slice->place);
  }
  closing_.reset();
  if (edges[0].ended) seal(add_time(end, content_.window.late_us));
}

/// Slices of the hashes are ranges, so one after the other keeps the order, and only one is in memory as a whole.
void WindowGroupNode::load_part(uint32_t part) {
  Closing& closing = *closing_;
  Slice& slice = *closing.slice;
  std::vector<Group> loaded;
  note(cold_.store().scan(StateFamily::timed, bucket_prefix(table(kGroupTable), part, closing.window.end),
                          [&](std::string_view bytes, std::string_view value) -> Status {
                            TimedKey key = parse_timed_key(bytes);
                            if (slice.table.find(key.hash, key.key) != kNoRow) return {};
                            if (!cold_.unread().holds(key.hash, closing.window.end)) count_back(slice);
                            BRAID_ASSIGN(Group group, load({slice.place, key.hash, key.key}, value));
                            loaded.push_back(group);
                            return {};
                          }));
  note(load_parts(loaded));
  std::vector<RowHandle> rows;
  for (const Group& group : loaded) rows.push_back(group.row);
  auto before = [this](RowHandle a, RowHandle b) { return rows_.before(a, b); };
  std::sort(rows.begin(), rows.end(), before);
  // What has been put out is forgotten, so that this costs no more than the rows.
  std::vector<RowHandle> all(closing.rows.begin() + static_cast<std::ptrdiff_t>(closing.put_out), closing.rows.end());
  closing.next -= closing.put_out;
  closing.put_out = 0;
  closing.rows.resize(all.size() + rows.size());
  std::merge(all.begin(), all.end(), rows.begin(), rows.end(), closing.rows.begin(), before);
}

void WindowGroupNode::emit_slice(std::span<const RowHandle> rows, std::vector<Block>& out) {
  Slice& slice = *closing_->slice;
  constexpr size_t kAhead = 8;
  window_rows_.clear();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kAhead < rows.size()) rows_.prefetch(rows[i + kAhead]);
    window_rows_.push_back({rows_.head(rows[i]).hash, rows_.key(rows[i]), rows_.value(rows[i]), closing_->window});
  }
  output_.put_out(window_rows_, made, out);
  const bool frozen = slice.to_copy > 0;
  for (RowHandle row : rows) {
    if (frozen) copy({&slice, row});
    if (closing_->named) erase_stored({&slice, row});
    state_.end(rows_.value(row), pool_);
    if (closing_->cold) {
      slice.table.erase(row);
    } else {
      rows_.erase(row);
    }
  }
}

void WindowGroupNode::enter_trails(int64_t end) {
  std::vector<Slice*> entering;
  while (!waiting_.empty() && waiting_.begin()->first <= end) {
    entering.push_back(waiting_.begin()->second);
    entering.back()->entered = true;
    ++entered_;
    waiting_.erase(waiting_.begin());
  }
  bool mixed = false;
  if (!cold_.empty())
    for (const auto& [place, slice] : slices_) mixed |= slice->entered && slice->cold > 0;
  if (mixed) {
    trails_.clear();
    trails_whole_ = false;
    return;
  }
  if (!trails_whole_) {
    entering.clear();
    for (const auto& [place, slice] : slices_)
      if (slice->entered) entering.push_back(slice.get());
    trails_whole_ = true;
  }
  for (Slice* slice : entering)
    slice->table.for_each([&](RowHandle row) {
      trails_.enter(rows_.head(row).hash, rows_.key(row), rows_.value(row), slice->place.last_end);
    });
}

void WindowGroupNode::emit_trails(std::span<const RowHandle> groups, std::vector<Block>& out) {
  const size_t slots = (state_.size() + sizeof(Slot) - 1) / sizeof(Slot);
  window_rows_.clear();
  window_states_.assign(slots * groups.size(), slot_i128(0));
  auto state = [&](size_t i) { return reinterpret_cast<char*>(window_states_.data() + slots * i); };
  for (size_t i = 0; i < groups.size(); ++i) {
    trails_.read(groups[i], state(i));
    window_rows_.push_back({trails_.hash(groups[i]), trails_.key(groups[i]), state(i), closing_->window});
  }
  output_.put_out(window_rows_, made, out);
  for (size_t i = 0; i < groups.size(); ++i) state_.end(state(i), pool_);
}

/// A group that is read from the store for one window.
struct WindowGroupNode::Loaded {
  Place place;
  uint64_t hash;
  std::string key;
  char* state;
};

Status WindowGroupNode::emit_mixed(uint32_t part, uint64_t* count, std::vector<Block>& out) {
  Closing& closing = *closing_;
  GroupRows sums(pool_, key_size_, state_.size(), state_.alignment());
  GroupTable found(sums, range_, pool_);
  auto add = [&](uint64_t hash, std::string_view key, const char* state) {
    bool added = false;
    RowHandle sum = found.find_or_add(hash, key, &added);
    state_.merge(state, sums.value(sum), pool_);
    state_.merge_distinct(state, sums.value(sum), pool_);
  };
  for (; closing.next < closing.rows.size(); ++closing.next) {
    RowHandle row = closing.rows[closing.next];
    if (slice_of(rows_.head(row).hash) != part) break;
    add(rows_.head(row).hash, rows_.key(row), rows_.value(row));
  }
  std::vector<Loaded> loaded;
  const Status status = load_slice(part, closing.window.end, closing.buckets, loaded);
  for (const Loaded& group : loaded) {
    if (status.ok()) add(group.hash, group.key, group.state);
    state_.end(group.state, pool_);
    pool_.release(group.state, state_.size());
  }
  const std::vector<RowHandle> groups = found.in_order();
  *count = groups.size();
  for (size_t first = 0; first < groups.size(); first += kBlockRows) {
    window_rows_.clear();
    for (size_t i = first; i < std::min(first + kBlockRows, groups.size()); ++i)
      window_rows_.push_back({sums.head(groups[i]).hash, sums.key(groups[i]), sums.value(groups[i]), closing.window});
    if (status.ok()) output_.put_out(window_rows_, made, out);
  }
  for (RowHandle group : groups) {
    state_.end(sums.value(group), pool_);
    found.erase(group);
  }
  return status;
}

Status WindowGroupNode::load_slice(uint32_t hash_slice, int64_t end, std::span<const int64_t> buckets,
                                   std::vector<Loaded>& loaded) {
  for (int64_t bucket : buckets) {
    BRAID_TRY(cold_.store().scan(StateFamily::timed, bucket_prefix(table(kGroupTable), hash_slice, bucket),
                                 [&](std::string_view bytes, std::string_view value) -> Status {
                                   TimedKey key = parse_timed_key(bytes);
                                   StoredPlace place;
                                   if (!parse_place(key.hash, bucket, key.key, &place))
                                     return Error{ErrorKind::store, "a group's key is damaged", 0, 0};
                                   if (place.place.first_end > end) return {};
                                   auto slice = slices_.find(place.place);
                                   if (slice == slices_.end() ||
                                       slice->second->table.find(place.hash, place.key) != kNoRow)
                                     return {};
                                   char* state = pool_.allocate(state_.size());
                                   std::memset(state, 0, state_.size());
                                   loaded.push_back({place.place, place.hash, std::string(place.key), state});
                                   return load_state(value, state);
                                 }));
  }
  std::vector<std::pair<std::string, std::pair<size_t, size_t>>> parts;  // with their group and set
  for (size_t i = 0; i < loaded.size(); ++i)
    for (size_t set = 0; set < state_.part_sets(); ++set)
      for (uint32_t part = 0; part < state_.parts(set, loaded[i].state).stored; ++part)
        parts.push_back({part_key({loaded[i].place, loaded[i].hash, loaded[i].key}, set, part), {i, set}});
  std::sort(parts.begin(), parts.end());
  std::vector<std::string> wanted;
  for (const auto& [key, owner] : parts) wanted.push_back(key);
  const Error damaged{ErrorKind::store, "a set of distinct values is damaged", 0, 0};
  BRAID_TRY(cold_.store().get_many(StateFamily::timed, wanted, [&](size_t at, std::string_view value) -> Status {
    auto [group, set] = parts[at].second;
    return state_.load_part(static_cast<uint16_t>(set), value, loaded[group].state, pool_) ? Status() : damaged;
  }));
  for (const Loaded& group : loaded)
    if (!state_.whole(group.state)) return damaged;
  return {};
}

void WindowGroupNode::erase_slices(int64_t end) {
  uint64_t stored = 0, cold = 0;
  auto last = slices_.begin();
  for (; last != slices_.end() && last->first.last_end == end; ++last) {
    stored += last->second->stored + last->second->to_copy;
    cold += last->second->cold;
  }
  const bool named = stored <= kMostNamed && cold == 0;
  if (!named) erased_buckets_.push_back(end);
  for (auto at = slices_.begin(); at != last; ++at) {
    Slice& slice = *at->second;
    changed_ -= slice.changed.size();
    slice.table.for_each([&](RowHandle row) {
      if (slice.to_copy > 0) copy({&slice, row});
      if (named) erase_stored({&slice, row});
      state_.end(rows_.value(row), pool_);
      rows_.erase(row);
    });
    slice.table.clear();
    --entered_;
  }
  cold_.remove(cold);
  slices_.erase(slices_.begin(), last);
}

void WindowGroupNode::erase_stored(const Group& group) {
  if (!rows_.head(group.row).stored) return;
  const StoredPlace place = place_of(group);
  set_state_key(key_bytes_, place);
  erased_.erase(StateFamily::timed, key_bytes_);
  for (size_t i = 0; i < state_.part_sets(); ++i)
    for (uint32_t part = 0; part < state_.parts(i, rows_.value(group.row)).stored; ++part)
      erased_.erase(StateFamily::timed, part_key(place, i, part));
}

}  // namespace braid
