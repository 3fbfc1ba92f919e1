#include "runtime/operators/window_group.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/operators/window_cut.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

Error damaged() {
  return {ErrorKind::store, "a group's state is damaged", 0, 0};
}

}  // namespace

Result<std::unique_ptr<OperatorNode>> WindowGroupNode::make(const Services& services) {
  const GroupOperator& content = *grouping_of(services.program.operators[services.index]);
  BRAID_ASSIGN(WindowAssigner windows, WindowAssigner::make(cut_of(content.window)));
  return std::unique_ptr<OperatorNode>(new WindowGroupNode(services, std::move(windows)));
}

WindowGroupNode::WindowGroupNode(const Services& services, WindowAssigner windows)
    : OperatorNode(services),
      content_(*grouping_of(self_)),
      windows_(std::move(windows)),
      overlap_(!windows_.tumbling()),
      key_(input_row(0), content_.keys, KeyFormat::Nulls::group),
      key_size_(key_.fixed_size().value_or(GroupRows::kAnySize)),
      state_(state_of_groups(self_, input_row(0))),
      output_(services_, state_, key_),
      range_(services.first_slice, services.end_slice),
      rows_(pool_, key_size_, state_.size(), state_.alignment()),
      cold_(StateFamily::timed, {table(kGroupTable)}, services.first_slice, services.end_slice,
            services.read_ahead.range_bytes),
      trails_(state_, key_size_, range_, pool_) {
  cold_.attach(services.store);
}

WindowGroupNode::~WindowGroupNode() {
  if (!state_.has_memory()) return;
  for (const auto& [place, slice] : slices_)
    slice->table.for_each([this](RowHandle row) { state_.end(rows_.value(row), pool_); });
}

WindowGroupNode::Slice& WindowGroupNode::slice_at(const Place& place) {
  std::unique_ptr<Slice>& slice = slices_[place];
  if (slice == nullptr) {
    slice = std::make_unique<Slice>(place, rows_, range_, pool_);
    if (overlap_) waiting_.emplace(place.first_end, slice.get());
  }
  return *slice;
}

bool WindowGroupNode::open_part(const WindowSpan& span, int64_t passed, Place* place) {
  if (is_closed(span.last_end, passed)) return false;
  int64_t first = span.first_end;
  int64_t open_after = subtract_time(passed, content_.window.late_us);
  if (open_after >= first) first = windows_.next_end(open_after);
  while (is_closed(first, passed)) first = windows_.next_end(first);
  *place = {span.last_end, first};
  return true;
}

void WindowGroupNode::take(int, const Block& block, std::vector<Block>&) {
  KeyBlock keys = key_.encode(block, arena());
  taken_.clear();
  taken_slices_.clear();
  size_t used = 0;  // of taken_, those counted
  auto use = [&] {
    dispositions().use_rows(index(), 0, block, std::span(taken_).subspan(used));
    used = taken_.size();
  };
  const int64_t closed = passed();
  // Consecutive rows mostly belong to the same windows.
  WindowSpan span = {0, 0, 0, 0};
  int64_t closes = kNoTime;  // when the first of them does
  Slice* all_open = nullptr;
  const int64_t* ends = nullptr;  // rows say where their windows end
  if (content_.window.span) ends = block.columns[leaf_offset(input_row(0), content_.keys[1])].as<int64_t>();
  for (uint32_t row = 0; row < block.rows; ++row) {
    int64_t time = ends != nullptr ? ends[row] - 1 : block.time[row];
    if (time < span.from || time >= span.to) {
      span = windows_.span(time);
      closes = add_time(span.first_end, content_.window.late_us);
      all_open = nullptr;
    }
    int64_t passed = std::max(block.watermark[row], closed);
    if (ends != nullptr) passed = std::max(passed, block.time[row]);
    if (passed < closes) {
      if (all_open == nullptr) all_open = &slice_at({span.last_end, span.first_end});
      taken_.push_back(row);
      taken_slices_.push_back(all_open);
      continue;
    }
    Place place;
    if (!open_part(span, passed, &place)) {
      use();
      if (ends != nullptr)
        dispositions().leave(index(), 0, block, row, content_.late_site, span_is_over(ends[row], passed));
      else
        leave_late(0, block, row, content_.late_site);
      continue;
    }
    taken_.push_back(row);
    taken_slices_.push_back(&slice_at(place));
    dispositions().partly_late(index(), 0, block.record_of(row));
  }
  use();
  if (!cold_.empty() || !cold_.unread().empty()) note(warm(keys));
  fold(block, keys);
}

void WindowGroupNode::fold(const Block& block, const KeyBlock& keys) {
  constexpr size_t kBatch = 128;  // rows whose groups fit the first cache
  const ChangedIn epoch = frozen_.epoch();
  states_.resize(taken_.size());
  for (size_t first = 0; first < taken_.size(); first += kBatch) {
    size_t end = std::min(first + kBatch, taken_.size());
    for (size_t i = first; i < end; ++i) taken_slices_[i]->table.prefetch_slot(keys.hashes[taken_[i]]);
    for (size_t i = first; i < end; ++i) taken_slices_[i]->table.prefetch_row(keys.hashes[taken_[i]]);
    Slice* slice = nullptr;
    uint32_t before = 0;  // the row that went to `row`
    RowHandle row = kNoRow;
    for (size_t i = first; i < end; ++i) {
      uint32_t at = taken_[i];
      bool same = slice == taken_slices_[i] && keys.hashes[at] == keys.hashes[before] &&
                  keys.keys[at].view() == keys.keys[before].view();
      before = at;
      if (!same) {
        slice = taken_slices_[i];
        bool added = false;
        row = slice->table.find_or_add(keys.hashes[at], keys.keys[at].view(), &added);
        RowHead& head = rows_.head(row);
        if (head.changed != epoch) {
          copy({slice, row});
          head.changed = epoch;
          slice->changed.push_back(row);
          ++changed_;
        }
      }
      states_[i] = rows_.value(row);
    }
    changed_value_bytes_ +=
        state_.add(block, std::span(taken_).subspan(first, end - first), states_.data() + first, pool_);
  }
  changed_value_bytes_ += state_.add_distinct(block, taken_, states_.data(), arena(), pool_);
}

std::string WindowGroupNode::place_key(const Place& place, std::string_view key) const {
  std::string bytes(key);
  if (overlap_) append_time_key(bytes, place.first_end);
  return bytes;
}

bool WindowGroupNode::parse_place(uint64_t hash, int64_t bucket, std::string_view bytes, StoredPlace* place) const {
  *place = {{bucket, bucket}, hash, bytes};
  if (!overlap_) return true;
  if (bytes.size() < sizeof(int64_t)) return false;
  place->place.first_end = read_time_key(bytes.substr(bytes.size() - sizeof(int64_t)));
  place->key.remove_suffix(sizeof(int64_t));
  return true;
}

void WindowGroupNode::set_state_key(std::string& bytes, const StoredPlace& place) const {
  set_timed_key(bytes, table(kGroupTable), place.place.last_end, place.hash, place.key);
  if (overlap_) append_time_key(bytes, place.place.first_end);
}

std::string WindowGroupNode::state_key(const StoredPlace& place) const {
  std::string bytes;
  set_state_key(bytes, place);
  return bytes;
}

std::string WindowGroupNode::part_key(const StoredPlace& place, size_t set, uint32_t part) const {
  return timed_key(table(kPartTable), place.place.last_end, place.hash,
                   part_place(place_key(place.place, place.key), static_cast<uint16_t>(set), part));
}

void WindowGroupNode::copy_frozen_group(const Group& group) {
  Slice& slice = *group.slice;
  char* state = rows_.value(group.row);
  RowHead& head = rows_.head(group.row);
  value_.clear();
  state_.store(state, value_);
  if (state_.part_sets() > 0) {
    slice.stored -= state_.stored_parts(state);
    state_.take_news(state, pool_, [&](uint16_t set, uint32_t part, std::optional<std::string_view> values) {
      const std::string place = part_key(place_of(group), set, part);
      if (values) {
        frozen_.batch().put(StateFamily::timed, place, *values);
      } else {
        frozen_.batch().erase(StateFamily::timed, place);
      }
    });
    slice.stored += state_.stored_parts(state);
    for (size_t set = 0; set < state_.part_sets(); ++set) value_.fixed(state_.parts(set, state).stored);
  }
  set_state_key(key_bytes_, place_of(group));
  frozen_.batch().put(StateFamily::timed, key_bytes_, value_.bytes());
  if (!head.stored) ++slice.stored;
  BRAID_CHECK(slice.to_copy > 0, "more groups are frozen than changed");
  --slice.to_copy;
  head.stored = true;
  head.changed = ChangedIn::none;
}

void WindowGroupNode::freeze() {
  frozen_.begin(erased_);
  for (int64_t end : erased_buckets_) {
    erase_bucket(frozen_.batch(), table(kGroupTable), end, services_.first_slice, services_.end_slice);
    if (state_.part_sets() > 0)
      erase_bucket(frozen_.batch(), table(kPartTable), end, services_.first_slice, services_.end_slice);
  }
  erased_buckets_.clear();
  for (const auto& [place, slice] : slices_) {
    if (slice->changed.empty()) continue;
    slice->to_copy = slice->changed.size();
    to_copy_.push_back({slice.get(), std::exchange(slice->changed, {})});
  }
  changed_ = 0;
  changed_value_bytes_ = 0;
  cold_.collected();
  sealed_.freeze(frozen_.batch());
}

bool WindowGroupNode::copy_frozen(CopyBudget& budget) {
  constexpr size_t kAhead = 8;
  for (; next_part_to_copy_ < to_copy_.size(); ++next_part_to_copy_, next_to_copy_ = 0) {
    const FrozenPart& part = to_copy_[next_part_to_copy_];
    for (; next_to_copy_ < part.rows.size(); ++next_to_copy_) {
      if (!budget.any()) return false;
      if (next_to_copy_ + kAhead < part.rows.size()) rows_.prefetch(part.rows[next_to_copy_ + kAhead]);
      frozen_.spend(budget, [&] { copy({part.slice, part.rows[next_to_copy_]}); });
    }
  }
  to_copy_.clear();
  next_part_to_copy_ = 0;
  return true;
}

Status WindowGroupNode::warm(const KeyBlock& keys) {
  if (!cold_.unread().empty()) {
    for (size_t i = 0; i < taken_.size(); ++i)
      cold_.unread().want(keys.hashes[taken_[i]], taken_slices_[i]->place.last_end);
    BRAID_TRY(read(cold_.unread().take_wanted()));
  }
  std::vector<std::string> wanted;
  for (size_t i = 0; i < taken_.size(); ++i) {
    const Slice& slice = *taken_slices_[i];
    if (slice.cold == 0) continue;
    uint64_t hash = keys.hashes[taken_[i]];
    std::string_view key = keys.keys[taken_[i]].view();
    if (cold_.may_hold(hash, key, slice.place.last_end) && slice.table.find(hash, key) == kNoRow)
      wanted.push_back(state_key({slice.place, hash, key}));
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<Group> loaded;
  BRAID_TRY(cold_.store().get_many(StateFamily::timed, wanted, [&](size_t at, std::string_view value) -> Status {
    TimedKey key = parse_timed_key(wanted[at]);
    StoredPlace place;
    if (!parse_place(key.hash, key.bucket, key.key, &place)) return damaged();
    count_back(slice_at(place.place));
    BRAID_ASSIGN(Group group, load(place, value));
    loaded.push_back(group);
    return {};
  }));
  return load_parts(loaded);
}

void WindowGroupNode::count_back(Slice& slice) {
  BRAID_CHECK(slice.cold > 0, "a group comes back that was not away");
  --slice.cold;
  cold_.remove();
}

Status WindowGroupNode::load_state(std::string_view value, char* state) {
  WireReader in(value);
  bool whole = state_.load(in, state, pool_);
  for (size_t set = 0; set < state_.part_sets(); ++set) state_.parts(set, state).stored = in.fixed<uint32_t>();
  return whole && !in.failed() && in.at_end() ? Status() : damaged();
}

Result<WindowGroupNode::Group> WindowGroupNode::load(const StoredPlace& place, std::string_view value) {
  Slice& slice = slice_at(place.place);
  bool added = false;
  Group group{&slice, slice.table.find_or_add(place.hash, place.key, &added)};
  rows_.head(group.row).stored = true;
  BRAID_TRY(load_state(value, rows_.value(group.row)));
  return group;
}

Status WindowGroupNode::load_parts(std::span<const Group> groups) {
  std::vector<std::string> wanted;
  for (const Group& group : groups)
    for (size_t i = 0; i < state_.part_sets(); ++i)
      for (uint32_t part = 0; part < state_.parts(i, rows_.value(group.row)).stored; ++part)
        wanted.push_back(part_key(place_of(group), i, part));
  std::sort(wanted.begin(), wanted.end());
  BRAID_TRY(cold_.store().get_many(StateFamily::timed, wanted, [&](size_t at, std::string_view value) -> Status {
    TimedKey key = parse_timed_key(wanted[at]);
    PartPlace part;
    StoredPlace place;
    if (!parse_part_place(key.key, &part) || !parse_place(key.hash, key.bucket, part.group_key, &place))
      return damaged();
    RowHandle row = slice_at(place.place).table.find(place.hash, place.key);
    return state_.load_part(part.set, value, rows_.value(row), pool_) ? Status() : damaged();
  }));
  for (const Group& group : groups)
    if (!state_.whole(rows_.value(group.row))) return damaged();
  return {};
}

Status WindowGroupNode::restore(StateStore& store, uint64_t memory) {
  BRAID_TRY(sealed_.restore(store, damaged()));
  memory_ = memory;
  restored_passed_ = passed();
  UnreadRanges& unread = cold_.unread();
  BRAID_TRY(cold_.find_unread(store));
  if (!cold_.attached()) return read(unread.take_all());
  // Without overlap a bucket is a window, which closes at its time though nothing has been read of it.
  if (!overlap_)
    for (auto end = unread.first_bucket(0); end; end = unread.first_bucket(0, *end + 1)) slice_at({*end, *end});
  return {};
}

Status WindowGroupNode::read(std::span<const UnreadRanges::Run> runs) {
  if (runs.empty()) return {};
  full_ = false;
  const bool sets = state_.part_sets() > 0;
  // The values of sets fill the memory behind their groups: one run at a time.
  for (size_t first = 0; first < runs.size(); first += sets ? 1 : runs.size()) {
    std::vector<Group> loaded;
    BRAID_TRY(cold_.unread().scan(
        table(kGroupTable), runs.subspan(first, sets ? 1 : runs.size()),
        [&](std::string_view key, std::string_view value) { return take_stored(key, value, loaded); }));
    BRAID_TRY(load_parts(loaded));
  }
  return overlap_ ? enter_restored() : Status();
}

Status WindowGroupNode::take_stored(std::string_view bytes, std::string_view value, std::vector<Group>& loaded) {
  TimedKey key = parse_timed_key(bytes);
  StoredPlace place;
  if (!parse_place(key.hash, key.bucket, key.key, &place)) return damaged();
  Slice& slice = slice_at(place.place);
  ++slice.stored;
  if (!has_room()) {
    // At its end the row says how many rows its sets have beside it.
    const size_t counts = state_.part_sets() * sizeof(uint32_t);
    if (value.size() < counts) return damaged();
    WireReader in(value.substr(value.size() - counts));
    for (size_t i = 0; i < state_.part_sets(); ++i) slice.stored += in.fixed<uint32_t>();
    ++slice.cold;
    cold_.add(place.hash, place.place.last_end);
    return {};
  }
  // Trails refer to all groups of the slices that have entered.
  if (slice.entered && trails_whole_) {
    trails_.clear();
    trails_whole_ = false;
  }
  BRAID_ASSIGN(Group group, load(place, value));
  slice.stored += state_.stored_parts(rows_.value(group.row));
  if (state_.part_sets() > 0) loaded.push_back(group);
  return {};
}

Status WindowGroupNode::enter_restored() {
  // Windows that had closed before stay closed.
  for (auto each = waiting_.begin(); each != waiting_.end() && is_closed(each->first, restored_passed_);) {
    Slice& slice = *each->second;
    Place open;
    if (!open_part({0, 0, slice.place.first_end, slice.place.last_end}, restored_passed_, &open)) return damaged();
    next_end_ = open.first_end;
    slice.entered = true;
    ++entered_;
    trails_.clear();
    trails_whole_ = false;
    each = waiting_.erase(each);
  }
  return {};
}

int64_t WindowGroupNode::first_end_of_unread(int64_t bucket) {
  WindowSpan span = windows_.span(windows_.start_of(bucket));
  Place open;
  return open_part({0, 0, span.first_end, bucket}, restored_passed_, &open) ? open.first_end : bucket;
}

Status WindowGroupNode::read_due(int64_t passed) {
  UnreadRanges& unread = cold_.unread();
  // Of two buckets, the later one's first window is no earlier.
  std::vector<UnreadRanges::Run> runs;
  for (auto bucket = unread.first_bucket(0); bucket && is_closed(first_end_of_unread(*bucket), passed);
       bucket = unread.first_bucket(0)) {
    const std::vector<UnreadRanges::Run> more = unread.take_bucket(*bucket);
    runs.insert(runs.end(), more.begin(), more.end());
  }
  UnreadRanges::sort(runs);
  return read(runs);
}

void WindowGroupNode::read_ahead() {
  note(read(cold_.unread().take_next(services_.read_ahead.ranges)));
  note(cold_.renew());
}

Status WindowGroupNode::evict(uint64_t bytes) {
  const uint64_t before = state_size().bytes;
  // Trails refer to the groups.
  trails_.clear();
  trails_whole_ = entered_ == 0;
  pool_.release_pending();
  auto freed = [&] { return before - std::min(before, state_size().bytes); };
  size_t segments = 0;
  for (const auto& [place, slice] : slices_) segments += slice->table.segments() + 1;
  // Second chance: all are offered twice.
  std::vector<RowHandle> offered;
  for (size_t turns = 0; turns < 2 * segments && freed() < bytes && !slices_.empty(); ++turns) {
    auto at = slices_.lower_bound(hand_);
    if (at == slices_.end()) at = slices_.begin();
    if (at->first != hand_) hand_segment_ = 0;
    hand_ = at->first;
    Slice& slice = *at->second;
    if (hand_segment_ >= slice.table.segments()) {
      auto next = std::next(at);
      hand_ = next == slices_.end() ? slices_.begin()->first : next->first;
      hand_segment_ = 0;
      continue;
    }
    offered.clear();
    slice.table.visit_segment(hand_segment_++, [&](RowHandle row) { offered.push_back(row); });
    for (RowHandle row : offered) {
      RowHead& head = rows_.head(row);
      if (head.found_lately) {
        head.found_lately = false;
        continue;
      }
      if (freed() >= bytes) break;
      BRAID_CHECK(head.stored && head.changed == ChangedIn::none, "a group is evicted that was never committed");
      ++slice.cold;
      cold_.add(head.hash, slice.place.last_end);
      state_.end(rows_.value(row), pool_);
      slice.table.erase(row);
    }
    pool_.release_pending();
  }
  return {};
}

StateSize WindowGroupNode::state_size() const {
  uint64_t erasures = erased_.changes() * kBytesOfErasure;
  const uint64_t cold = cold_.entries() + cold_.unread().rows();
  return {
      rows_.size() + cold,
      pool_.bytes_used() + rows_.bytes() + trails_.bytes() + cold_.bytes() + slices_.size() * sizeof(Slice) + erasures,
      changed_ * rows_.row_size() + changed_value_bytes_ + erasures, cold};
}

}  // namespace braid
