// Sessions close: those whose ends have passed leave their keys and go out in the order of (end, key hash, key bytes).
#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/operators/session_group.h"

namespace braid {

bool SessionGroupNode::advance(std::vector<Block>& out) {
  uint64_t rows = 0;
  while (health().ok() && rows < services_.round_rows) {
    const auto point = next_release();
    if (!point) break;
    rows += changes_ && changes_->next_release() ? put_out_changes(*point, out) : take_closing(point->time, out);
  }
  put_out(1, out);
  // Whether there are more is asked in the next round, as by every step: the store alone may seem to have some.
  return rows >= services_.round_rows;
}

void SessionGroupNode::show(RowHandle key, std::vector<SessionChanges::Shown>& sessions) {
  if (window_.max_us == 0) {
    for (RowHandle row = key; row != kNoRow; row = session(row).older)
      sessions.push_back({session(row).first, session(row).last, end_of(session(row)), state(row)});
    return;
  }
  // As settle() would join them, if no earlier row could come any more.
  std::vector<RowHandle> parts;
  for (RowHandle row = key; row != kNoRow; row = session(row).older) parts.push_back(row);
  std::reverse(parts.begin(), parts.end());
  const size_t begin = sessions.size();
  bool merges = false;
  for (const RowHandle part : parts) {
    const Session& each = session(part);
    if (sessions.size() > begin && each.loose && near(sessions.back().last, each.first) &&
        each.first < add_time(sessions.back().first, window_.max_us)) {
      SessionChanges::Shown& open = sessions.back();
      if (!merges) {
        char* sum = pool_.allocate(state_.size());
        std::memset(sum, 0, state_.size());
        state_.merge(open.state, sum, pool_);
        state_.merge_distinct(open.state, sum, pool_);
        merged_.push_back(sum);
        open.state = sum;
        merges = true;
      }
      state_.merge(state(part), merged_.back(), pool_);
      state_.merge_distinct(state(part), merged_.back(), pool_);
      open.last = each.last;
    } else {
      sessions.push_back({each.first, each.last, 0, state(part)});
      merges = false;
    }
    sessions.back().end =
        std::min(add_time(sessions.back().last, window_.gap_us), add_time(sessions.back().first, window_.max_us));
  }
  std::reverse(sessions.begin() + static_cast<std::ptrdiff_t>(begin), sessions.end());
}

void SessionGroupNode::end_shown() {
  for (char* sum : merged_) {
    state_.end(sum, pool_);
    pool_.release(sum, state_.size());
  }
  merged_.clear();
}

uint64_t SessionGroupNode::put_out_changes(const ReleasePoint& point, std::vector<Block>& out) {
  return changes_->release_before(
      point, [this](RowHandle key, std::vector<SessionChanges::Shown>& sessions) { show(key, sessions); },
      [this] { end_shown(); }, made, out);
}

std::optional<ReleasePoint> SessionGroupNode::next_release() {
  if (changes_)
    if (const auto point = changes_->next_release()) return point;
  const int64_t limit = limit_of(edges[0].value());
  // A timer that goes off may only move on: what is released follows from sessions alone.
  while (next_closing_ == closing_.size()) {
    int64_t first = timers_.empty() ? kEndTime : timers_.first_time();
    if (!cold_timers_.empty()) first = std::min(first, *cold_timers_.begin() * timer_width_);
    if (first >= limit || !health().ok()) return {};
    const int64_t to = std::min(limit, KeyTimers::second_end(first));
    note(bring_due(to));
    close_before(to);
    if (closing_.empty() && to == limit) return {};
  }
  return ReleasePoint{KeyTimers::second_end(closing_[next_closing_].end)};
}

uint64_t SessionGroupNode::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  const uint64_t changes = changes_ ? put_out_changes(point, out) : 0;
  const uint64_t rows = changes + take_closing(point.time, out);
  put_out(1, out);
  return rows;
}

void SessionGroupNode::close_before(int64_t limit) {
  closing_.clear();
  next_closing_ = 0;
  constexpr size_t kAhead = 8;
  // A timer may move on to a time that has passed as well.
  for (;;) {
    due_.clear();
    timers_.take_before(limit, due_);
    if (due_.empty()) break;
    for (size_t i = 0; i < due_.size(); ++i) {
      if (i + kAhead < due_.size()) {
        rows_.prefetch(due_[i + kAhead].key);
        table_.prefetch_slot(due_[i + kAhead].hash);
      }
      close_key(due_[i], limit);
    }
  }
  std::sort(closing_.begin(), closing_.end(), [this](const Closing& a, const Closing& b) {
    return a.end != b.end ? a.end < b.end : rows_.before(a.row, b.row);
  });
}

void SessionGroupNode::close_key(const KeyTimer& timer, int64_t limit) {
  const RowHandle key = timer.key;
  if (!session(key).has_timer || session(key).timer != timer.time || rows_.head(key).hash != timer.hash) return;
  settle(key, limit);
  // The sessions of a key end one after the other, so those that stay are the newest.
  RowHandle open = kNoRow, row = key;  // the oldest of those
  while (row != kNoRow && (session(row).loose || end_of(session(row)) >= limit)) open = row, row = session(row).older;
  if (row != kNoRow) {
    touch(key);
    if (open != kNoRow) session(open).older = kNoRow;
    while (row != kNoRow) {
      const RowHandle older = session(row).older;
      erase_sets(key, row);
      if (row == key) take_out(key);
      closing_.push_back({end_of(session(row)), row});
      row = older;
    }
    if (open == kNoRow) return;
  }
  const int64_t due = session(open).loose ? session(open).first : end_of(session(open));
  if (timer_bucket(due) != session(key).stored_at) touch(key);
  set_timer(key, due);
}

uint64_t SessionGroupNode::take_closing(int64_t before, std::vector<Block>& out) {
  uint64_t rows = 0;
  for (; next_closing_ < closing_.size() && closing_[next_closing_].end < before; ++next_closing_, ++rows)
    released_.push_back(closing_[next_closing_]);
  if (rows > 0 && edges[0].ended) seal(add_time(add_time(released_.back().end, content_.window.late_us), 1));
  put_out(kBlockRows, out);
  return rows;
}

void SessionGroupNode::put_out(size_t least, std::vector<Block>& out) {
  constexpr size_t kAhead = 8;
  size_t done = 0;
  while (released_.size() - done >= least && done < released_.size()) {
    const size_t count = std::min<size_t>(kBlockRows, released_.size() - done);
    out_rows_.clear();
    for (size_t i = done; i < done + count; ++i) {
      if (i + kAhead < released_.size()) rows_.prefetch(released_[i + kAhead].row);
      const RowHandle row = released_[i].row;
      out_rows_.push_back({rows_.head(row).hash, rows_.key(row), state(row), {session(row).first, released_[i].end}});
    }
    if (!changes_) output_.put_out(out_rows_, made, out);
    for (size_t i = done; i < done + count; ++i) {
      state_.end(state(released_[i].row), pool_);
      free_session(released_[i].row);
    }
    done += count;
  }
  released_.erase(released_.begin(), released_.begin() + static_cast<std::ptrdiff_t>(done));
}

}  // namespace braid
