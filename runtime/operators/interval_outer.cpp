// Right and full joins in an interval. A right row goes on alone, once, when no left row can come any more that it
// would meet; until then it waits with the record that caused it. Rows of both sides that go on alone are in one order:
// by time, then by arrival. Where left rows compute their ends (interval_ends), the time of one in that order is its
// end.
#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/operators/interval_join.h"

namespace braid {

KeyBlock IntervalJoinNode::outer_keys(const Block& block) {
  KeyBlock keys = right_key_.encode(block, arena());
  if (std::none_of(keys.has_null, keys.has_null + block.rows, [](uint8_t null) { return null != 0; })) return keys;
  auto* hashes = arena().allocate_array<uint64_t>(block.rows);
  auto* bytes = arena().allocate_array<Bytes>(block.rows);
  auto* none = arena().allocate_array<uint8_t>(block.rows);
  for (uint32_t row = 0; row < block.rows; ++row) {
    const bool null = keys.has_null[row] != 0;
    hashes[row] = null ? 0 : keys.hashes[row];
    bytes[row] = null ? Bytes{"", 0} : keys.keys[row];
    none[row] = 0;
  }
  keys.hashes = hashes;
  keys.keys = bytes;
  keys.has_null = none;
  return keys;
}

Bytes IntervalJoinNode::fields_of(const RightRow& row) {
  RightCause cause;
  if (row.size < sizeof(cause)) return {row.row().data, 0};  // damaged
  std::memcpy(&cause, row.row().data + row.size - sizeof(cause), sizeof(cause));
  return {row.row().data, std::min<uint64_t>(cause.fields, row.size - sizeof(cause))};
}

HeldRow IntervalJoinNode::held_of(const RightRow& row, uint64_t hash) {
  RightCause cause;
  std::memcpy(&cause, row.row().data + row.size - sizeof(cause), sizeof(cause));
  HeldRow held;
  held.time = row.time;
  held.watermark = row.watermark;
  held.record.bytes = {row.row().data + cause.fields, row.size - sizeof(cause) - cause.fields};
  held.record.position = row.position;
  held.record.line = cause.line;
  held.record.source = row.source;
  held.record.partition = row.partition;
  held.record.turn = cause.turn;
  held.record.ordinal = cause.ordinal;
  set_pair(held.record, row.met());
  held.row = {row.row().data, cause.fields};
  held.hash = hash;
  held.sequence = row.sequence;
  return held;
}

void IntervalJoinNode::settle(Entry& entry, RightRow& row) {
  if (row.settled) return;
  copy(entry, row);
  row.settled = true;
  row.changed = frozen_.epoch();
  mark(entry);
}

void IntervalJoinNode::expect_right(Entry& entry, const RightRow& row) {
  const Record record = held_of(row, entry.hash).record;
  right_closings_.push({row.time, record.turn, record.ordinal, row.sequence, &entry});
}

bool IntervalJoinNode::reaches(const LeftRow& left, const RightRow& right) const {
  if (right.time < add_time(left.held.time, *content_.lower_us)) return false;
  return right.time <= (has_own_ends() ? end_of(left) : add_time(left.held.time, *content_.upper_us));
}

void IntervalJoinNode::take_right_outer(const Block& block, std::vector<Block>& out) {
  const KeyBlock keys = outer_keys(block);
  note(warm(block, keys, true));
  prefetch(block, keys, true);
  Block target = rows_.right_rows().target(block, 0);
  PairBatch batch;
  for (uint32_t row = 0; row < block.rows; ++row) {
    const Record& record = block.record_of(row);
    if (is_late(1, block.time[row], block.watermark[row]) || block.time[row] <= sealed_) {
      leave_late(1, block, row, content_.shape.late_site);
      continue;
    }
    dispositions().use(index(), 1, record);
    const std::string_view key = keys.keys[row].view();
    RightRow right;
    right.time = block.time[row];
    right.watermark = block.watermark[row];
    right.source = record.source;
    right.partition = record.partition;
    right.position = record.position;
    right.sequence = sequence_of(row);
    scratch_.clear();
    rows_.right_rows().append(target, row, scratch_);
    const RightCause cause{record.turn, record.line, record.ordinal, static_cast<uint32_t>(scratch_.size())};
    scratch_.append(record.bytes.view());
    scratch_.append(reinterpret_cast<const char*>(&cause), sizeof(cause));
    bool added = false;
    Entry& entry = keys_.find_or_add(keys.hashes[row], key, &added, span_of(right.time));
    RightRow* made = make_right(right, scratch_, pair_place(record));
    add_right(entry, made);
    // Closed already or not: it is decided when this turn's time has moved.
    expect_right(entry, *made);
    const SpanRange spans = left_spans(right.time);
    for (int64_t span = spans.first; span <= spans.last; ++span) {
      Entry* beside = keys_.find(keys.hashes[row], key, span);
      if (beside == nullptr) continue;
      for (LeftRow* left : beside->value.left.rows()) {
        if (!reaches(*left, right)) continue;
        batch.add(left, beside, *made, fields_of(*made), row);
        batch.rights.push_back(made);
        if (batch.lefts.size() == kBlockRows) flush(batch, out);
      }
    }
  }
  flush(batch, out);
}

void IntervalJoinNode::take_left_outer(const Block& block, std::vector<Block>& out) {
  const KeyBlock keys = left_key_.encode(block, arena());
  note(warm(block, keys, false));
  prefetch(block, keys, false);
  JoinPairs pairs;
  std::vector<RightTime> times;
  std::vector<std::pair<Entry*, RightRow*>> rights;
  std::vector<bool> late(block.rows, false);
  for (uint32_t row = 0; row < block.rows; ++row) {
    late[row] = is_late(0, block.time[row], block.watermark[row]) || block.time[row] <= sealed_left_;
    if (late[row]) leave_late(0, block, row, content_.shape.late_site);
    if (late[row] || keys.has_null[row]) continue;
    const SpanRange spans = right_spans(block.time[row]);
    for (int64_t span = spans.first; span <= spans.last; ++span) {
      Entry* entry = keys_.find(keys.hashes[row], keys.keys[row].view(), span);
      if (entry == nullptr) continue;
      for (RightRow* right : candidates(*entry, block.time[row])) {
        if (has_own_ends() && right->time > end_at(block, row)) break;
        pairs.add(row, fields_of(*right));
        times.push_back({right->time, right->watermark, right});
        rights.emplace_back(entry, right);
      }
    }
  }
  PairDrops drops;
  rows_.evaluate(block, pairs, drops);
  JoinPairs met;
  std::vector<RightTime> met_times;
  size_t next = 0;
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (late[row]) continue;
    bool matched = false;
    for (; next < pairs.rows.size() && pairs.rows[next] == row; ++next) {
      const bool rejected = JoinRows::rejects(drops[next]);
      if (drops[next] && !rejected) continue;
      matched = true;
      settle(*rights[next].first, *rights[next].second);
      if (rejected) {
        rows_.reject_pair(block, row, pairs.rights[next], drops[next]);
      } else {
        met.add(row, pairs.rights[next]);
        met_times.push_back(times[next]);
      }
    }
    const bool over = has_own_ends() ? end_at(block, row) < passed_ends() : closed(block.time[row]);
    const bool decided = over || keys.has_null[row];
    if (matched || (decided && content_.shape.left)) dispositions().use(index(), 0, block.record_of(row));
    if (!decided && has_own_ends()) {
      keep_until(block, row, keys, end_at(block, row), matched);
    } else if (!decided) {
      keep_left(block, row, keys, matched);
    } else if (!matched && content_.shape.left) {
      met.add(row, {nullptr, 0});
      met_times.push_back({block.time[row], block.watermark[row]});
    } else if (!matched) {
      rows_.leave_unmatched(block, row);
    }
  }
  if (!met.rows.empty()) emit(block, met, met_times, out);
}

int64_t IntervalJoinNode::passed_right() const {
  return edges[0].ended ? kEndTime : add_time(edges[0].finite, *content_.lower_us);
}

std::optional<int64_t> IntervalJoinNode::first_cold_right() const {
  std::optional<int64_t> first = cold_.unread().first_bucket(kRightTable);
  for (const auto& [span, entries] : cold_spans_) {
    if (end_of(span) <= right_closed_to_) continue;
    return first ? std::min(*first, span) : span;
  }
  return first;
}

int64_t IntervalJoinNode::first_left_outer() const {
  if (has_own_ends()) return first_end();
  const int64_t first = closings_.empty() ? kEndTime : closings_.first_time();
  const auto cold = first_cold_left();
  return cold ? std::min(first, begin_of(*cold)) : first;
}

int64_t IntervalJoinNode::first_right_outer() const {
  if (has_own_ends()) return first_of(right_closings_, cold_rights_);
  const int64_t first = right_closings_.empty() ? kEndTime : right_closings_.first_time();
  const auto cold = first_cold_right();
  return cold ? std::min(first, begin_of(*cold)) : first;
}

void IntervalJoinNode::load_outer(int64_t left_before, int64_t right_before) {
  if (has_own_ends()) {
    load_cold_ends(left_before);
    load_cold(cold_rights_, right_before);
    return;
  }
  for (auto span = first_cold_left(); span && begin_of(*span) < left_before; span = first_cold_left())
    note(load_span(*span, services_.first_slice, services_.end_slice));
  for (auto span = first_cold_right(); span && begin_of(*span) < right_before; span = first_cold_right())
    note(load_span(*span, services_.first_slice, services_.end_slice));
}

std::optional<ReleasePoint> IntervalJoinNode::next_release_outer() {
  const int64_t left = first_left_outer(), right = first_right_outer();
  const int64_t left_passed = has_own_ends() ? passed_ends() : passed();
  int64_t first = kEndTime;
  if (left < left_passed) first = left;
  if (right < passed_right()) first = std::min(first, right);
  if (first == kEndTime) return {};
  return ReleasePoint{TimeQueue<Closing, ByArrival>::bucket_end(first)};
}

uint64_t IntervalJoinNode::release_outer(const ReleasePoint& point, std::vector<Block>& out) {
  const int64_t before = std::min(point.time, has_own_ends() ? passed_ends() : passed());
  const int64_t right_before = std::min(point.time, passed_right());
  load_outer(before, right_before);
  std::vector<HeldRow> lefts, rights;
  const uint64_t held = left_count_;
  Closing closing;
  while (closings_.take_before(before, &closing)) has_own_ends() ? close_end(closing, lefts) : close(closing, lefts);
  while (right_closings_.take_before(right_before, &closing)) close_right(closing, rights);
  // Right rows that have met one are not expected any more after a restart.
  const uint64_t rows = held - left_count_ + rights.size();
  auto place = [this](const HeldRow& row, bool of_left) {
    const int64_t time = of_left && has_own_ends() ? row.arrival : row.time;
    return std::tuple(time, row.record.turn, row.record.ordinal, row.sequence);
  };
  size_t left = 0, right = 0;
  while (left < lefts.size() || right < rights.size()) {
    const size_t first_left = left, first_right = right;
    while (left < lefts.size() && (right == rights.size() || place(lefts[left], true) < place(rights[right], false)))
      ++left;
    settle_left(std::span(lefts).subspan(first_left, left - first_left), out);
    while (right < rights.size() && (left == lefts.size() || place(rights[right], false) < place(lefts[left], true)))
      ++right;
    emit_right(std::span(rights).subspan(first_right, right - first_right), out);
  }
  return rows;
}

void IntervalJoinNode::close_right(const Closing& closing, std::vector<HeldRow>& unmatched) {
  auto list = closing.entry->value.right.rows();
  auto place = std::lower_bound(list.begin(), list.end(), closing.time,
                                [](const RightRow* row, int64_t time) { return row->time < time; });
  while (place != list.end() && (*place)->time == closing.time && (*place)->sequence != closing.sequence) ++place;
  BRAID_CHECK(place != list.end() && (*place)->time == closing.time, "a right row is gone");
  if (edges[0].ended) seal_left(subtract_time(closing.time, *content_.lower_us));
  RightRow& row = **place;
  if (row.settled) return;
  unmatched.push_back(held_of(row, closing.entry->hash));
  settle(*closing.entry, row);
}

void IntervalJoinNode::settle_left(std::span<const HeldRow> rows, std::vector<Block>& out) {
  size_t next = 0;
  for_each_block(rows, HeldRows::Order::arrival, left_rows_, left_leaves_, services_, [&](const Block& block) {
    if (services_.trace != nullptr && has_own_ends())
      for (OrderKey& key : services_.trace->rows) key.time = rows[next++].arrival;
    settle_alone(block, out);
  });
}

void IntervalJoinNode::emit_right(std::span<const HeldRow> rows, std::vector<Block>& out) {
  for_each_block(rows, HeldRows::Order::arrival, rows_.right_rows(), rows_.right_leaves(), services_,
                 [&](const Block& block) {
                   dispositions().make(index(), block.rows);
                   if (services_.trace != nullptr) {
                     std::vector<uint32_t> all(block.rows);
                     for (uint32_t row = 0; row < block.rows; ++row) all[row] = row;
                     services_.trace->put_out(all);
                   }
                   out.push_back(rows_.alone(block));
                 });
}

}  // namespace braid
