// Semi and anti joins in an interval. A left row goes on once and alone: at its first match, or once its interval has
// closed without one. It keeps its time, since which match comes first depends on arrival. Its residual cannot fail;
// one that can is asked of all matches together, as by `nearest`.
#include "runtime/operators/interval_join.h"

namespace braid {

std::vector<bool> IntervalJoinNode::met_rows(const Block& block, const KeyBlock& keys) {
  std::vector<bool> met(block.rows, false);
  JoinPairs pairs;
  std::vector<RightTime> times;
  const bool any_will_do = content_.shape.residual.empty();
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (keys.has_null[row]) continue;
    const std::string_view key = keys.keys[row].view();
    if (!any_will_do) {
      add_candidates(row, block.time[row], keys.hashes[row], key, pairs, times);
      continue;
    }
    const SpanRange spans = right_spans(block.time[row]);
    for (int64_t span = spans.first; span <= spans.last && !met[row]; ++span)
      if (const Entry* entry = keys_.find(keys.hashes[row], key, span))
        met[row] = !candidates(*entry, block.time[row]).empty();
  }
  if (any_will_do) return met;
  PairDrops drops;
  rows_.evaluate(block, pairs, drops);
  for (size_t i = 0; i < pairs.rows.size(); ++i)
    if (!drops[i]) met[pairs.rows[i]] = true;
  return met;
}

void IntervalJoinNode::decide_exists(const Block& block, uint32_t row, bool met, JoinPairs& going,
                                     std::vector<RightTime>& times) {
  if (met != (content_.shape.yield == JoinYield::semi)) {
    if (met)
      rows_.leave_met(block, row);
    else
      rows_.leave_unmatched(block, row);
    return;
  }
  if (makes_rows_) dispositions().use(index(), 0, block.record_of(row));
  going.add(row, {nullptr, 0});
  times.push_back({block.time[row], block.watermark[row]});
}

void IntervalJoinNode::take_left_exists(const Block& block, std::vector<Block>& out) {
  const KeyBlock keys = left_key_.encode(block, arena());
  note(warm(block, keys, false));
  prefetch(block, keys, false);
  const std::vector<bool> met = met_rows(block, keys);
  JoinPairs going;
  std::vector<RightTime> times;
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (is_late(0, block.time[row], block.watermark[row])) {
      leave_late(0, block, row, content_.shape.late_site);
    } else if (met[row] || keys.has_null[row] || closed(block.time[row])) {
      decide_exists(block, row, met[row], going, times);
    } else {
      keep_left(block, row, keys, false);
    }
  }
  if (!going.rows.empty()) emit(block, going, times, out);
}

void IntervalJoinNode::flush_exists(const Block& left, PairBatch& batch, std::vector<Block>& out) {
  PairDrops drops;
  rows_.evaluate(left, batch.pairs, drops);
  JoinPairs going;
  std::vector<RightTime> times;
  for (uint32_t i = 0; i < batch.lefts.size(); ++i) {
    LeftRow& row = *batch.lefts[i];
    if (drops[i] || row.matched) continue;
    copy(*batch.entries[i], row);
    row.matched = true;
    row.held.changed = frozen_.epoch();
    mark(*batch.entries[i]);
    dispositions().release(index(), 0, left.record_of(i));
    decide_exists(left, i, true, going, times);
  }
  if (!going.rows.empty()) emit(left, going, times, out);
}

}  // namespace braid
