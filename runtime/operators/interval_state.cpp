// How an interval join forgets, closes and stores its rows.
#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/operators/interval_join.h"
#include "runtime/state/wire.h"

namespace braid {

void IntervalJoinNode::advance(std::vector<Block>& out) {
  if (content_.nearest) {
    std::vector<HeldRow> released;
    int64_t passed = edges[1].ended ? kEndTime : subtract_time(edges[1].finite, upper());
    waiting_.take_before(upper() == INT64_MAX && !edges[1].ended ? kNoTime : passed, released);
    if (edges[1].ended && !released.empty()) {
      sealed_ = std::max(sealed_, add_time(released.back().time, upper()));
      sealed_changed_ = true;
    }
    for (size_t first = 0; first < released.size(); first += kBlockRows) {
      std::vector<const HeldRow*> held;
      for (size_t i = first; i < std::min(released.size(), first + kBlockRows); ++i) held.push_back(&released[i]);
      if (services_.trace != nullptr) trace_by_arrival(*services_.trace, held);
      Block block = block_of(held, left_rows_, left_leaves_, arena());
      KeyBlock keys = left_key_.encode(block, arena());
      std::vector<uint32_t> rows(block.rows);
      for (uint32_t row = 0; row < block.rows; ++row) {
        rows[row] = row;
        dispositions().release(index(), 0, block.record_of(row));
      }
      decide_nearest(block, keys, rows, out);
    }
  } else {
    close_left(out);
  }
  forget_right();
}

void IntervalJoinNode::close_left(std::vector<Block>& out) {
  std::vector<HeldRow> unmatched;
  while (!closings_.empty() && closed(closings_.top().held.time)) {
    Closing closing = closings_.top();
    closings_.pop();
    auto& list = closing.entry->value.left;
    auto place = std::lower_bound(list.begin(), list.end(), closing.held, [](const LeftRow& row, const HeldRow& held) {
      return before_by_arrival(row.held, held);
    });
    BRAID_CHECK(place != list.end() && !before_by_arrival(closing.held, place->held), "a left row is gone");
    if (edges[1].ended && upper() != INT64_MAX) {
      sealed_ = std::max(sealed_, add_time(closing.held.time, upper()));
      sealed_changed_ = true;
    }
    if (place->held.stored) erased_.push_back(held_key(table(kLeftTable), place->held));
    if (!place->matched) unmatched.push_back(place->held);
    release_later(place->held, pool_);
    list.erase(place);
    --left_count_;
    erase_if_empty(*closing.entry);
  }
  for (size_t first = 0; first < unmatched.size(); first += kBlockRows) {
    std::vector<const HeldRow*> held;
    for (size_t i = first; i < std::min(unmatched.size(), first + kBlockRows); ++i) held.push_back(&unmatched[i]);
    if (services_.trace != nullptr) trace_by_arrival(*services_.trace, held);
    Block block = block_of(held, left_rows_, left_leaves_, arena());
    JoinPairs alone;
    std::vector<RightTime> times;
    for (uint32_t row = 0; row < block.rows; ++row) {
      dispositions().release(index(), 0, block.record_of(row));
      if (!content_.shape.left) {
        rows_.leave_unmatched(block, row);
        continue;
      }
      dispositions().use(index(), 0, block.record_of(row));
      alone.add(row, {nullptr, 0});
      times.push_back({block.time[row], block.watermark[row]});
    }
    if (!alone.rows.empty()) emit(block, alone, times, out);
  }
}

void IntervalJoinNode::forget_right() {
  // A right row is needed while a left row can come, or waits, that it lies within reach of. What ends is not counted:
  // a file may grow before the next run.
  if (!content_.lower_us && content_.retain_us == INT64_MAX) return;
  int64_t bound = edges[0].finite;
  if (content_.nearest && !waiting_.empty()) bound = std::min(bound, waiting_.first_time());
  // Needed if time − lower ≥ bound; of `any` if time + retain ≥ bound.
  int64_t passed = content_.lower_us ? add_time(bound, *content_.lower_us) : subtract_time(bound, content_.retain_us);
  while (!expiries_.empty() && expiries_.top().time < passed) {
    Expiry expiry = expiries_.top();
    expiries_.pop();
    Entry& entry = *expiry.entry;
    if (!entry.live || entry.hash != expiry.hash) continue;
    auto& list = entry.value.right;
    auto end = std::lower_bound(list.begin(), list.end(), passed,
                                [](const RightRow& row, int64_t time) { return row.time < time; });
    for (auto row = list.begin(); row != end; ++row) {
      if (row->stored) erased_.push_back(right_key_bytes(entry, *row));
      pool_.release_later(row->row);
      --right_count_;
    }
    list.erase(list.begin(), end);
    erase_if_empty(entry);
  }
}

void IntervalJoinNode::erase_if_empty(Entry& entry) {
  if (!entry.value.left.empty() || !entry.value.right.empty()) return;
  keys_.erase(entry);
}

std::string IntervalJoinNode::right_key_bytes(const Entry& entry, const RightRow& row) const {
  WireWriter key;
  key.fixed(row.source);
  key.fixed(row.partition);
  key.fixed(row.position);
  key.fixed(row.sequence);
  return timed_key(table(kRightTable), row.time, entry.hash, key.bytes());
}

void IntervalJoinNode::collect(StateBatch& batch) {
  waiting_.collect(batch);
  for (std::string& key : erased_) batch.erase(StateFamily::timed, std::move(key));
  erased_.clear();
  for (Entry* entry : changed_) {
    if (!entry->live) continue;
    entry->value.changed = false;
    for (LeftRow& row : entry->value.left) {
      if (!row.dirty) continue;
      WireWriter out;
      out.fixed(static_cast<uint8_t>(row.matched));
      out.text(entry->key.view());
      out.text(held_value(row.held));
      batch.put(StateFamily::timed, held_key(table(kLeftTable), row.held), out.take());
      row.held.stored = true;
      row.dirty = false;
    }
    for (RightRow& row : entry->value.right) {
      if (row.stored) continue;
      WireWriter out;
      out.fixed(row.watermark);
      out.text(entry->key.view());
      out.text(row.row.view());
      batch.put(StateFamily::timed, right_key_bytes(*entry, row), out.take());
      row.stored = true;
    }
  }
  changed_.clear();
  if (sealed_changed_) {
    WireWriter out;
    out.fixed(sealed_);
    batch.put(StateFamily::point, point_key(table(kSealedTable), 0, {}), out.take());
    sealed_changed_ = false;
  }
}

Status IntervalJoinNode::restore(StateStore& store) {
  const Error damaged{ErrorKind::store, "a row of an interval join is damaged", 0, 0};
  BRAID_TRY(waiting_.restore(store, left_rows_));
  BRAID_TRY(store.scan(StateFamily::timed, table_prefix(table(kLeftTable)),
                       [&](std::string_view key, std::string_view value) -> Status {
                         WireReader in(value);
                         LeftRow row;
                         row.matched = in.fixed<uint8_t>() != 0;
                         std::string_view join_key = in.text();
                         std::string_view held = in.text();
                         if (in.failed()) return damaged;
                         BRAID_ASSIGN(row.held, read_held(key, held, left_rows_, pool_));
                         bool added = false;
                         add_left(keys_.find_or_add(row.held.hash, join_key, &added), row);
                         return {};
                       }));
  BRAID_TRY(store.scan(StateFamily::timed, table_prefix(table(kRightTable)),
                       [&](std::string_view key, std::string_view value) -> Status {
                         TimedKey parsed = parse_timed_key(key);
                         WireReader place(parsed.key), in(value);
                         RightRow row;
                         row.stored = true;
                         row.time = parsed.bucket;
                         row.source = place.fixed<uint32_t>();
                         row.partition = place.fixed<uint32_t>();
                         row.position = place.fixed<int64_t>();
                         row.sequence = place.fixed<uint64_t>();
                         row.watermark = in.fixed<int64_t>();
                         std::string_view join_key = in.text();
                         std::string_view content = in.text();
                         if (place.failed() || in.failed() || !rows_.right_rows().fits(content)) return damaged;
                         row.row = pool_.copy(content);
                         bool added = false;
                         add_right(keys_.find_or_add(parsed.hash, join_key, &added), row);
                         return {};
                       }));
  std::string sealed;
  BRAID_ASSIGN(bool found, store.get(StateFamily::point, point_key(table(kSealedTable), 0, {}), &sealed));
  if (found) {
    WireReader in(sealed);
    sealed_ = in.fixed<int64_t>();
    if (in.failed()) return damaged;
  }
  return {};
}

}  // namespace braid
