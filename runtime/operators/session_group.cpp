#include "runtime/operators/session_group.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "runtime/base/check.h"

namespace braid {
namespace {

/// Sessions last for some gaps, so keys that are in the store alone come back a fraction of one too early.
int64_t timer_width(int64_t gap) {
  constexpr int64_t kLeast = int64_t{1} << 20;
  return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(std::max(gap / 8, kLeast))));
}

}  // namespace

SessionGroupNode::SessionGroupNode(const Services& services)
    : OperatorNode(services),
      content_(*grouping_of(self_)),
      window_(content_.window),
      key_(input_row(0), content_.keys, KeyFormat::Nulls::group),
      key_size_(key_.fixed_size().value_or(GroupRows::kAnySize)),
      state_(state_of_groups(self_, input_row(0))),
      output_(services_, state_, key_),
      range_(services.first_slice, services.end_slice),
      rows_(pool_, key_size_, kStateOffset + state_.size(), 16),
      table_(rows_, range_, pool_),
      cold_(StateFamily::point, {table(kKeyTable)}, services.first_slice, services.end_slice,
            services.read_ahead.range_bytes),
      timer_width_(timer_width(window_.gap_us)) {
  cold_.attach(services.store);
  if (!content_.windowed) changes_.emplace(services_, state_, key_);
}

SessionGroupNode::~SessionGroupNode() {
  if (!state_.has_memory()) return;
  table_.for_each([this](RowHandle key) {
    for (RowHandle row = key; row != kNoRow; row = session(row).older) state_.end(state(row), pool_);
  });
}

void SessionGroupNode::take(int, const Block& block, std::vector<Block>&) {
  KeyBlock keys = key_.encode(block, arena());
  taken_.clear();
  size_t used = 0;  // of taken_, those counted
  auto use = [&] {
    dispositions().use_rows(index(), 0, block, std::span(taken_).subspan(used));
    used = taken_.size();
  };
  const int64_t closed = passed();
  limit_ = limit_of(closed);
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (block.time[row] >= limit_of(std::max(block.watermark[row], closed))) {
      taken_.push_back(row);
      continue;
    }
    use();
    leave_late(0, block, row, content_.late_site);
  }
  use();
  if (!cold_.empty() || !cold_.unread().empty()) note(warm(keys));
  if (changes_) changes_->begin(block);
  fold(block, keys);
}

void SessionGroupNode::fold(const Block& block, const KeyBlock& keys) {
  constexpr size_t kBatch = 128;  // rows whose sessions fit the first cache
  block_ = &block;
  states_.clear();
  added_ = counted_ = 0;
  ++batch_;
  uint32_t before = 0;  // the row that went to `key`
  RowHandle key = kNoRow;
  for (size_t first = 0; first < taken_.size(); first += kBatch) {
    const size_t end = std::min(first + kBatch, taken_.size());
    for (size_t i = first; i < end; ++i) table_.prefetch_slot(keys.hashes[taken_[i]]);
    for (size_t i = first; i < end; ++i) table_.prefetch_row(keys.hashes[taken_[i]]);
    for (size_t i = first; i < end; ++i) {
      const uint32_t at = taken_[i];
      const int64_t time = block.time[at];
      if (key == kNoRow || keys.hashes[at] != keys.hashes[before] || keys.keys[at].view() != keys.keys[before].view()) {
        bool added = false;
        key = table_.find_or_add(keys.hashes[at], keys.keys[at].view(), &added);
        if (changes_ && !changes_->has(key)) {
          shown_.clear();
          if (!added) show(key, shown_);
          changes_->note(key, keys.hashes[at], keys.keys[at].view(), shown_);
          end_shown();
        }
        if (added) begin_key(key, time);
        touch(key);
      }
      before = at;
      const RowHandle row = window_.max_us > 0 ? place_in_cut(key, time) : place(key, time);
      session(row).batch = batch_;
      states_.push_back(state(row));
    }
    changed_value_bytes_ +=
        state_.add(block, std::span(taken_).subspan(added_, states_.size() - added_), states_.data() + added_, pool_);
    added_ = states_.size();
  }
  flush();
}

void SessionGroupNode::flush() {
  ++batch_;
  if (counted_ == states_.size()) return;
  const std::span<const uint32_t> placed = std::span(taken_).first(states_.size());
  changed_value_bytes_ += state_.add(*block_, placed.subspan(added_), states_.data() + added_, pool_);
  changed_value_bytes_ +=
      state_.add_distinct(*block_, placed.subspan(counted_), states_.data() + counted_, arena(), pool_);
  added_ = counted_ = states_.size();
}

void SessionGroupNode::touch(RowHandle key) {
  RowHead& head = rows_.head(key);
  if (head.changed == frozen_.epoch()) return;
  copy(key);
  head.changed = frozen_.epoch();
  changed_.add(key);
}

void SessionGroupNode::begin_key(RowHandle key, int64_t time) {
  Session& made = session(key);
  made.first = made.last = time;
  made.older = kNoRow;
  made.first_loose = kEndTime;
  if (window_.max_us > 0) {
    made.loose = true;
    made.first_loose = time;
    set_timer(key, time);
  } else {
    set_timer(key, add_time(time, window_.gap_us));
  }
}

void SessionGroupNode::set_timer(RowHandle key, int64_t time) {
  Session& own = session(key);
  own.timer = time;
  own.has_timer = true;
  timers_.push({time, rows_.head(key).hash, key});
}

uint32_t SessionGroupNode::next_number(RowHandle key) const {
  uint32_t next = 0;
  for (RowHandle row = key; row != kNoRow; row = session(row).older) next = std::max(next, session(row).number + 1);
  return next;
}

RowHandle SessionGroupNode::move_out(RowHandle key) {
  if (session(key).batch == batch_) flush();
  const RowHandle made = rows_.add(rows_.head(key).hash, rows_.key(key));
  session(made) = session(key);
  session(made).has_timer = false;
  std::memcpy(state(made), state(key), state_.size());
  std::memset(state(key), 0, state_.size());
  return made;
}

RowHandle SessionGroupNode::insert(RowHandle key, RowHandle newer, int64_t time) {
  const uint32_t number = next_number(key);
  RowHandle made = key;
  if (newer == kNoRow) {
    const RowHandle moved = move_out(key);
    session(key).older = moved;
  } else {
    made = rows_.add(rows_.head(key).hash, rows_.key(key));
    session(made).older = session(newer).older;
    session(newer).older = made;
  }
  Session& own = session(made);
  own.first = own.last = time;
  own.number = number;
  own.batch = 0;
  own.loose = window_.max_us > 0;
  if (own.loose) session(key).first_loose = std::min(session(key).first_loose, time);
  const int64_t due = own.loose ? time : add_time(time, window_.gap_us);
  if (due < session(key).timer) set_timer(key, due);
  return made;
}

RowHandle SessionGroupNode::place(RowHandle key, int64_t time) {
  RowHandle newer = kNoRow;
  for (RowHandle row = key; row != kNoRow; newer = row, row = session(row).older) {
    Session& each = session(row);
    if (time > each.last) {
      if (!near(each.last, time)) return insert(key, newer, time);
      each.last = time;
      return row;
    }
    if (time >= each.first) return row;
    if (!near(time, each.first)) continue;
    each.first = time;
    while (session(row).older != kNoRow && near(session(session(row).older).last, time)) merge_older(key, row);
    return row;
  }
  return insert(key, newer, time);
}

void SessionGroupNode::merge_older(RowHandle key, RowHandle row) {
  const RowHandle older = session(row).older;
  add_state(key, older, row);
  session(row).first = std::min(session(row).first, session(older).first);
  session(row).older = session(older).older;
  free_session(older);
}

void SessionGroupNode::add_state(RowHandle key, RowHandle from, RowHandle into) {
  if (session(from).batch == batch_ || session(into).batch == batch_) flush();
  erase_sets(key, from);
  changed_value_bytes_ += state_.absorb(state(from), state(into), pool_);
  state_.end(state(from), pool_);
}

void SessionGroupNode::free_session(RowHandle row) {
  rows_.head(row).changed = ChangedIn::none;
  session(row).has_timer = false;
  rows_.erase(row);
}

RowHandle SessionGroupNode::place_in_cut(RowHandle key, int64_t time) {
  settle(key, limit_);
  RowHandle newer = kNoRow;
  for (RowHandle row = key; row != kNoRow; newer = row, row = session(row).older) {
    Session& each = session(row);
    if (time < each.first) continue;
    if (each.loose) return time == each.first ? row : insert(key, newer, time);
    if (!near(each.last, time) || time >= add_time(each.first, window_.max_us)) return insert(key, newer, time);
    each.last = std::max(each.last, time);
    return row;
  }
  return insert(key, newer, time);
}

void SessionGroupNode::settle(RowHandle key, int64_t limit) {
  if (session(key).first_loose > limit) return;
  touch(key);
  parts_.clear();
  RowHandle row = key;
  for (; row != kNoRow && session(row).loose; row = session(row).older) parts_.push_back(row);
  if (row != kNoRow) parts_.push_back(row);
  std::reverse(parts_.begin(), parts_.end());
  // Rows behind a settled beginning are of its session if they are near, though others may come between.
  size_t kept = row != kNoRow ? 1 : 0, next = kept;  // of parts_, those that remain
  for (; next < parts_.size(); ++next) {
    const RowHandle part = parts_[next];
    const int64_t time = session(part).first;
    if (kept > 0) {
      Session& open = session(parts_[kept - 1]);
      if (near(open.last, time) && time < add_time(open.first, window_.max_us)) {
        add_state(key, part, parts_[kept - 1]);
        open.last = time;
        if (part != key) free_session(part);
        continue;
      }
    }
    if (time > limit) break;
    session(part).loose = false;
    parts_[kept++] = part;
  }
  session(key).first_loose = next < parts_.size() ? session(parts_[next]).first : kEndTime;
  while (next < parts_.size()) parts_[kept++] = parts_[next++];
  for (size_t i = 1; i < kept; ++i) session(parts_[i]).older = parts_[i - 1];
  // The newest stays in the key's row.
  const RowHandle newest = parts_[kept - 1];
  if (newest == key) return;
  const Session own = session(key);
  session(key) = session(newest);
  session(key).has_timer = own.has_timer;
  session(key).timer = own.timer;
  session(key).stored_at = own.stored_at;
  session(key).first_loose = own.first_loose;
  std::memcpy(state(key), state(newest), state_.size());
  free_session(newest);
}

}  // namespace braid
