// Joins in an interval whose upper end each left row computes. Such an end has no bound, so all rows of a key lie in
// one entry, and a left row closes by its own end. It may go on alone long after others of its time, so time behind the
// join stands at the first row that is held. Where right rows go on alone, too, interval_outer takes the rows; ends are
// those of here.
//
// Where all matches decide, as of `nearest`, a left row waits until its own end, and the right rows in its reach with
// it.
//
// After a restart all left rows are looked at once: their ends say when they close, their times where time stands.
#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/operators/interval_join.h"

namespace braid {

void IntervalJoinNode::forget_time(int64_t time) {
  const auto found = times_held_.find(TimeQueue<Closing, ByArrival>::bucket_of(time));
  BRAID_CHECK(found != times_held_.end(), "a left row leaves that was not held");
  if (--found->second == 0) times_held_.erase(found);
}

void IntervalJoinNode::expect_end(Entry& entry, const LeftRow& row) {
  const Record& record = row.held.record;
  closings_.push({end_of(row), record.turn, record.ordinal, row.held.sequence, &entry});
}

void IntervalJoinNode::note_cold(ColdTimes& times, int64_t time, uint64_t hash, std::string_view key) {
  ColdEnds& ends = times[TimeQueue<Closing, ByArrival>::bucket_of(time)];
  ends.first = std::min(ends.first, time);
  if (ends.entries.empty() || ends.entries.back().first != hash || ends.entries.back().second != key)
    cold_ends_bytes_ += bytes_of(ends.entries.emplace_back(hash, key));
}

void IntervalJoinNode::load_cold(ColdTimes& times, int64_t before) {
  while (!times.empty() && times.begin()->second.first < before) {
    const ColdEnds ends = std::move(times.begin()->second);
    times.erase(times.begin());
    for (const ColdEntry& entry : ends.entries) {
      cold_ends_bytes_ -= bytes_of(entry);
      const auto& [hash, key] = entry;
      if (cold_.may_hold(hash, key) && keys_.find(hash, key, 0) == nullptr) note(load(hash, key, 0));
    }
  }
}

void IntervalJoinNode::keep_until(const Block& block, uint32_t row, const KeyBlock& keys, int64_t end, bool matched) {
  HeldRow held = hold_row(block, block, row, left_rows_, pool_);
  held.record.settled = matched ? 0 : dispositions().hold(index(), 0, block.record_of(row));
  held.hash = keys.hashes[row];
  held.sequence = sequence_of(row);
  held.arrival = end;
  bool added = false;
  Entry& entry = keys_.find_or_add(keys.hashes[row], keys.keys[row].view(), &added, span_of(block.time[row]));
  LeftRow* made = make_left(held, matched);
  add_left(entry, made);
  expect_end(entry, *made);
  count_time(held.time);
}

void IntervalJoinNode::add_candidates_before(uint32_t row, int64_t time, int64_t end, uint64_t hash,
                                             std::string_view key, JoinPairs& pairs, std::vector<RightTime>& times) {
  const Entry* entry = keys_.find(hash, key, span_of(time));
  if (entry == nullptr) return;
  for (const RightRow* right : candidates(*entry, time)) {
    if (right->time > end) break;
    pairs.add(row, right->row());
    times.push_back({right->time, right->watermark, right});
  }
}

int64_t IntervalJoinNode::end_at(const Block& block, uint32_t row) const {
  const size_t column = leaf_offset(input_row(0), static_cast<size_t>(content_.upper_field));
  return std::min(add_time(block.time[row], block.columns[column].as<int64_t>()[row]), kEndTime - 1);
}

int64_t IntervalJoinNode::first_held() const {
  return times_held_.empty() ? kEndTime : times_held_.begin()->first * TimeQueue<Closing, ByArrival>::kWidth;
}

void IntervalJoinNode::take_nearest_ends(const Block& block, const KeyBlock& keys, std::vector<Block>& out) {
  std::vector<uint32_t> decided;
  for (uint32_t row = 0; row < block.rows; ++row) {
    const int64_t end = end_at(block, row);
    if (is_late(0, block.time[row], block.watermark[row]))
      leave_late(0, block, row, content_.shape.late_site);
    else if (keys.has_null[row] || edges[1].ended || end < passed_ends())
      decided.push_back(row);
    else
      keep_until(block, row, keys, end, false);
  }
  if (!decided.empty()) decide_nearest(block, keys, decided, out);
}

void IntervalJoinNode::take_left_ends(const Block& block, std::vector<Block>& out) {
  const KeyBlock keys = left_key_.encode(block, arena());
  note(warm(block, keys, false));
  prefetch(block, keys, false);
  if (content_.nearest) return take_nearest_ends(block, keys, out);
  JoinPairs pairs;
  std::vector<RightTime> times;
  std::vector<bool> late(block.rows, false);
  for (uint32_t row = 0; row < block.rows; ++row) {
    late[row] = is_late(0, block.time[row], block.watermark[row]);
    if (late[row])
      leave_late(0, block, row, content_.shape.late_site);
    else if (!keys.has_null[row])
      add_candidates_before(row, block.time[row], end_at(block, row), keys.hashes[row], keys.keys[row].view(), pairs,
                            times);
  }
  PairDrops drops;
  rows_.evaluate(block, pairs, drops);
  JoinPairs going;
  std::vector<RightTime> going_times;
  size_t next = 0;
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (late[row]) continue;
    bool matched = false;
    for (; next < pairs.rows.size() && pairs.rows[next] == row; ++next) {
      const bool rejected = JoinRows::rejects(drops[next]);
      if (drops[next] && !rejected) continue;
      matched = true;
      if (exists()) continue;
      if (rejected) {
        rows_.reject_pair(block, row, pairs.rights[next], drops[next]);
      } else {
        going.add(row, pairs.rights[next]);
        going_times.push_back(times[next]);
      }
    }
    const bool closed = edges[1].ended || end_at(block, row) < passed_ends() || keys.has_null[row];
    if (exists() && (matched || closed)) {
      decide_exists(block, row, matched, going, going_times);
      continue;
    }
    if (matched || (closed && emits_alone_)) dispositions().use(index(), 0, block.record_of(row));
    if (!closed) {
      keep_until(block, row, keys, end_at(block, row), matched);
    } else if (!matched && emits_alone_) {
      going.add(row, {nullptr, 0});
      going_times.push_back({block.time[row], block.watermark[row]});
    } else if (!matched) {
      rows_.leave_unmatched(block, row);
    }
  }
  if (!going.rows.empty()) emit(block, going, going_times, out);
}

void IntervalJoinNode::take_right_ends(const Block& block, std::vector<Block>& out) {
  const KeyBlock keys = right_key_.encode(block, arena());
  note(warm(block, keys, true));
  prefetch(block, keys, true);
  Block target = rows_.right_rows().target(block, 0);
  PairBatch batch;
  std::vector<Entry*> met_entries;
  for (uint32_t row = 0; row < block.rows; ++row) {
    const Record& record = block.record_of(row);
    if (is_late(1, block.time[row], block.watermark[row]) || block.time[row] <= sealed_) {
      leave_late(1, block, row, content_.shape.late_site);
      continue;
    }
    dispositions().use(index(), 1, record);
    if (keys.has_null[row]) continue;
    bool added = false;
    Entry& entry = keys_.find_or_add(keys.hashes[row], keys.keys[row].view(), &added, span_of(block.time[row]));
    RightRow right;
    right.time = block.time[row];
    right.watermark = block.watermark[row];
    right.source = record.source;
    right.partition = record.partition;
    right.position = record.position;
    right.sequence = sequence_of(row);
    scratch_.clear();
    rows_.right_rows().append(target, row, scratch_);
    RightRow* made = make_right(right, scratch_, pair_place(record));
    add_right(entry, made);
    if (content_.nearest) continue;
    for (LeftRow* left : entry.value.left.rows()) {
      if (right.time < add_time(left->held.time, *content_.lower_us) || right.time > end_of(*left)) continue;
      batch.add(left, &entry, *made, made->row(), row);
      if (batch.lefts.size() == kBlockRows) flush(batch, out);
    }
    if (leaves_met_ && !entry.value.left.empty()) met_entries.push_back(&entry);
  }
  flush(batch, out);
  for (Entry* entry : met_entries) forget_matched(*entry);
}

std::optional<ReleasePoint> IntervalJoinNode::next_release_ends() const {
  const int64_t first = first_end();
  if (first >= passed_ends()) return {};
  return ReleasePoint{TimeQueue<Closing, ByArrival>::bucket_end(first)};
}

uint64_t IntervalJoinNode::release_ends(const ReleasePoint& point, std::vector<Block>& out) {
  const int64_t before = std::min(point.time, passed_ends());
  load_cold_ends(before);
  std::vector<HeldRow> unmatched;
  const uint64_t held = left_count_;
  Closing closing;
  while (closings_.take_before(before, &closing)) close_end(closing, unmatched);
  const uint64_t rows = held - left_count_;  // not those that have left: after a restart nobody knows of them
  // They are in the order of their ends.
  uint64_t next = 0;
  for_each_block(unmatched, HeldRows::Order::arrival, left_rows_, left_leaves_, services_, [&](const Block& block) {
    if (services_.trace != nullptr)
      for (OrderKey& key : services_.trace->rows) key.time = unmatched[next++].arrival;
    if (!content_.nearest) return settle_alone(block, out);
    std::vector<uint32_t> all(block.rows);
    for (uint32_t row = 0; row < block.rows; ++row) {
      all[row] = row;
      dispositions().release(index(), 0, block.record_of(row));
    }
    decide_nearest(block, left_key_.encode(block, arena()), all, out);
  });
  return rows;
}

void IntervalJoinNode::close_end(const Closing& closing, std::vector<HeldRow>& unmatched) {
  auto list = closing.entry->value.left.rows();
  const auto place = std::find_if(list.begin(), list.end(),
                                  [&](const LeftRow* row) { return row->held.sequence == closing.sequence; });
  BRAID_CHECK(place != list.end() || leaves_met_, "a left row is gone");
  if (place == list.end()) return;  // it left when it met its match
  if (edges[1].ended) seal(closing.time);
  LeftRow& row = **place;
  copy(*closing.entry, row);
  if (row.held.stored) erased_.erase(StateFamily::timed, left_key_of(*closing.entry, row.held));
  if (!row.matched) unmatched.push_back(row.held);
  forget_time(row.held.time);
  drop_later(row);
  closing.entry->value.left.erase(static_cast<size_t>(place - list.begin()), 1);
  --left_count_;
  erase_if_empty(*closing.entry);
}

}  // namespace braid
