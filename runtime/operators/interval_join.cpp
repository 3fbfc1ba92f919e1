#include "runtime/operators/interval_join.h"

#include <algorithm>
#include <tuple>

#include "runtime/base/check.h"
#include "runtime/operators/pair_order.h"

namespace braid {
namespace {

/// Left rows of a span come back from the store at once: the more spans an interval has, the fewer these are, and the
/// more entries a row has to look into.
constexpr int64_t kSpansOfInterval = 8;

int64_t span_length(const IntervalJoinOperator& join) {
  if (!join.lower_us || !join.upper_us) return INT64_MAX;
  int64_t width = 0;
  if (__builtin_sub_overflow(*join.upper_us, *join.lower_us, &width)) return INT64_MAX;
  return std::max<int64_t>(width / kSpansOfInterval + 1, 1);
}

/// Whether a flow reads the port to which rows without a match go.
bool unmatched_are_read(const Program& program, const Operator& join, const JoinShape& shape) {
  const std::string& port = program.sites[shape.unmatched_site].port;
  if (port.empty()) return false;
  return std::any_of(program.operators.begin(), program.operators.end(), [&](const Operator& op) {
    const auto* reader = std::get_if<PortOperator>(&op.content);
    return reader != nullptr && reader->port == port &&
           std::find(join.products.begin(), join.products.end(), reader->product) != join.products.end();
  });
}

}  // namespace

IntervalJoinNode::IntervalJoinNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<IntervalJoinOperator>(self_.content)),
      rows_(services, content_.shape),
      left_key_(input_row(0), content_.shape.left_keys, KeyFormat::Nulls::match_nothing),
      right_key_(input_row(1), content_.shape.right_keys, KeyFormat::Nulls::match_nothing),
      left_leaves_(flatten(input_row(0))),
      left_rows_(input_row(0)),
      span_us_(span_length(content_)),
      waiting_(HeldRows::Order::arrival, table(kWaitingTable), services, left_rows_, pool_),
      cold_(StateFamily::timed, {table(kLeftTable), table(kRightTable)}, services.first_slice, services.end_slice,
            services.read_ahead.range_bytes) {
  cold_.attach(services.store);
  if (span_us_ != INT64_MAX) reach_us_ = *content_.upper_us - *content_.lower_us;
  for (int field : content_.shape.right_keys)
    right_key_names_ += (right_key_names_.empty() ? "`" : ", `") + input_row(1)[field].name + "`";
  bool input_is_derived = services.program.operators[self_.inputs[0]].derived;
  makes_rows_ = (!content_.nearest && !exists()) || (self_.derived && !input_is_derived);
  names_pairs_ = !content_.nearest && !exists() && pair_order_shows(services.program, index());
  closes_in_time_ = upper() != INT64_MAX && !has_own_ends();
  leaves_met_ = content_.meets_one || exists();
  emits_alone_ = content_.shape.left && content_.shape.yield != JoinYield::semi;
}

EdgeTime IntervalJoinNode::output_time(std::span<const EdgeTime> inputs) const {
  // What flows read of a port has the time of the product, which this step is a part of.
  const bool alone = content_.shape.left || unmatched_are_read(services_.program, self_, content_.shape);
  const bool waits = content_.nearest || alone;
  if (has_own_ends()) {
    EdgeTime time = OperatorNode::output_time(inputs);
    // A row that goes on alone may be older than both sides are by then.
    if (is_outer() && *content_.lower_us < 0) time = inputs[0].minus(subtract_time(0, *content_.lower_us)) + inputs[1];
    if (waits && time.moves()) time.w = std::min(time.w, first_held());
    return time;
  }
  // Rows that come out when an interval closes have the left row's time, `upper` behind the right side.
  const bool behind = waits || (content_.upper_us && *content_.upper_us < 0);
  if (!is_outer()) return inputs[0] + (behind ? inputs[1].minus(upper()) : inputs[1]);
  // Right rows that go on alone are `lower` behind the left side, and one that comes later than that, or when the left
  // side has ended, has only its own side before it.
  const EdgeTime right = waits ? inputs[1].minus(std::max<int64_t>(upper(), 0)) : inputs[1];
  return (*content_.lower_us < 0 ? inputs[0].minus(subtract_time(0, *content_.lower_us)) : inputs[0]) + right;
}

bool IntervalJoinNode::closed(int64_t left_time) const {
  return edges[1].ended || left_time < passed();
}

void IntervalJoinNode::mark(Entry& entry) {
  if (entry.value.changed == frozen_.epoch()) return;
  changed_.add(&entry);
  entry.value.changed = frozen_.epoch();
}

IntervalJoinNode::LeftRow* IntervalJoinNode::make_left(const HeldRow& held, bool matched) {
  return new (pool_.allocate(sizeof(LeftRow))) LeftRow{held, matched};
}

IntervalJoinNode::RightRow* IntervalJoinNode::make_right(RightRow head, std::string_view row, std::string_view met) {
  head.size = static_cast<uint32_t>(row.size());
  head.is_pair = !met.empty();
  const size_t behind = head.is_pair ? sizeof(uint32_t) + met.size() : 0;
  auto* made = new (pool_.allocate(sizeof(RightRow) + row.size() + behind)) RightRow(head);
  char* bytes = reinterpret_cast<char*>(made + 1);
  std::memcpy(bytes, row.data(), row.size());
  if (head.is_pair) write_pair(met, bytes + row.size());
  return made;
}

void IntervalJoinNode::add_left(Entry& entry, LeftRow* row) {
  auto list = entry.value.left.rows();
  auto place = std::upper_bound(list.begin(), list.end(), row,
                                [](const LeftRow* a, const LeftRow* b) { return before_by_arrival(a->held, b->held); });
  if (closes_in_time()) {
    const HeldRow& held = row->held;
    closings_.push({held.time, held.record.turn, held.record.ordinal, held.sequence, &entry});
  }
  if (!row->held.stored) {
    row->held.changed = frozen_.epoch();
    mark(entry);
    unstored_bytes_ +=
        sizeof(LeftRow) + row->held.row.size + row->held.record.bytes.size + pair_bytes(row->held.record);
  }
  entry.value.left.insert(static_cast<size_t>(place - list.begin()), row, pool_);
  ++left_count_;
}

void IntervalJoinNode::add_right(Entry& entry, RightRow* row) {
  auto list = entry.value.right.rows();
  auto place = std::upper_bound(list.begin(), list.end(), row,
                                [](const RightRow* a, const RightRow* b) { return a->place() < b->place(); });
  if (forgets()) expiries_.expect(row->time, entry);
  if (!row->stored) {
    row->changed = frozen_.epoch();
    mark(entry);
    unstored_bytes_ += row->bytes();
  }
  entry.value.right.insert(static_cast<size_t>(place - list.begin()), row, pool_);
  ++right_count_;
}

IntervalJoinNode::SpanRange IntervalJoinNode::right_spans(int64_t time) const {
  if (span_us_ == INT64_MAX) return {0, 0};
  return {span_of(add_time(time, *content_.lower_us)), span_of(add_time(time, *content_.upper_us))};
}

IntervalJoinNode::SpanRange IntervalJoinNode::left_spans(int64_t time) const {
  if (span_us_ == INT64_MAX) return {0, 0};
  return {span_of(subtract_time(time, *content_.upper_us)), span_of(subtract_time(time, *content_.lower_us))};
}

IntervalJoinNode::SpanRange IntervalJoinNode::repeated_spans(int64_t time) const {
  if (span_us_ == INT64_MAX) return {0, 0};
  return {span_of(subtract_time(time, reach_us_)), span_of(add_time(time, reach_us_))};
}

void IntervalJoinNode::prefetch(const Block& block, const KeyBlock& keys, bool right) {
  auto each = [&](auto ask) {
    for (uint32_t row = 0; row < block.rows; ++row) {
      if (keys.has_null[row]) continue;
      const SpanRange spans = right ? left_spans(block.time[row]) : right_spans(block.time[row]);
      for (int64_t span = spans.first; span <= spans.last; ++span) ask(keys.hashes[row], span);
    }
  };
  each([this](uint64_t hash, int64_t span) { keys_.prefetch(hash, span); });
  each([this](uint64_t hash, int64_t span) { keys_.prefetch_entry(hash, span); });
  if (right) return;
  each([this](uint64_t hash, int64_t span) {
    if (const Entry* entry = keys_.first(hash, span)) entry->value.right.prefetch();
  });
}

void IntervalJoinNode::add_candidates(uint32_t row, int64_t time, uint64_t hash, std::string_view key, JoinPairs& pairs,
                                      std::vector<RightTime>& times) {
  SpanRange spans = right_spans(time);
  for (int64_t span = spans.first; span <= spans.last; ++span) {
    Entry* entry = keys_.find(hash, key, span);
    if (entry == nullptr) continue;
    for (const RightRow* right : candidates(*entry, time)) {
      pairs.add(row, right->row());
      times.push_back({right->time, right->watermark, right});
    }
  }
}

std::span<IntervalJoinNode::RightRow* const> IntervalJoinNode::candidates(const Entry& entry, int64_t time) const {
  auto list = entry.value.right.rows();
  auto first = list.begin(), last = list.end();
  if (content_.lower_us) {
    int64_t from = add_time(time, *content_.lower_us);
    first = std::lower_bound(first, last, from, [](const RightRow* row, int64_t t) { return row->time < t; });
  }
  if (content_.upper_us) {
    int64_t to = add_time(time, *content_.upper_us);
    last = std::upper_bound(first, last, to, [](int64_t t, const RightRow* row) { return t < row->time; });
  }
  return {first, last};
}

void IntervalJoinNode::take(int input, const Block& block, std::vector<Block>& out) {
  if (is_outer()) {
    if (input == 1)
      take_right_outer(block, out);
    else
      take_left_outer(block, out);
  } else if (has_own_ends()) {
    if (input == 1)
      take_right_ends(block, out);
    else
      take_left_ends(block, out);
  } else if (input == 1) {
    take_right(block, out);
  } else if (content_.nearest) {
    take_nearest(block, out);
  } else if (exists()) {
    take_left_exists(block, out);
  } else {
    take_left(block, out);
  }
  taken += block.rows;
}

void IntervalJoinNode::seal(int64_t time) {
  if (time <= sealed_) return;
  sealed_ = time;
  sealed_changed_ = true;
}

void IntervalJoinNode::seal_left(int64_t time) {
  if (time <= sealed_left_) return;
  sealed_left_ = time;
  sealed_changed_ = true;
}

std::vector<bool> IntervalJoinNode::passing(const Block& block) {
  if (content_.right_filter.empty()) return {};
  std::vector<void*> none(block.columns.size(), nullptr);
  const KernelResult result = run_kernel(content_.right_filter, block, none, arena(), services_.call);
  if (result.drops.empty()) return {};
  std::vector<bool> passing(block.rows, false);
  for (const uint32_t row : result.kept) passing[row] = true;
  return passing;
}

const IntervalJoinNode::RightRow* IntervalJoinNode::repeated(uint64_t hash, std::string_view key, int64_t time) {
  const bool bounded = span_us_ != INT64_MAX;
  const SpanRange spans = repeated_spans(time);
  for (int64_t near = spans.first; near <= spans.last; ++near) {
    Entry* entry = keys_.find(hash, key, near);
    if (entry == nullptr) continue;
    for (const RightRow* right : entry->value.right.rows())
      if (!bounded || (right->time >= subtract_time(time, reach_us_) && right->time <= add_time(time, reach_us_)))
        return right;
  }
  return nullptr;
}

void IntervalJoinNode::leave_repeated(const Block& block, uint32_t row, const RightRow& first) {
  constexpr uint32_t kPromiseBroken = 6203;
  ReasonArguments arguments = {
      {"fields", right_key_names_}, {"position", std::to_string(first.position)}, {"partition", partition_text(first)}};
  dispositions().leave(index(), 1, block, row, content_.duplicate_site,
                       {.code = kPromiseBroken, .arguments = std::move(arguments)});
}

std::string IntervalJoinNode::partition_text(const RightRow& row) const {
  const Bytes partition = services_.call.partition_names[row.source][row.partition];
  // In tests and dry-runs partitions have no names.
  return std::string(partition.size > 0 ? partition.view() : services_.call.source_names[row.source].view());
}

void IntervalJoinNode::take_right(const Block& block, std::vector<Block>& out) {
  KeyBlock keys = right_key_.encode(block, arena());
  note(warm(block, keys, true));
  prefetch(block, keys, true);
  const std::vector<bool> passes = passing(block);
  Block target = rows_.right_rows().target(block, 0);
  PairBatch batch;
  std::vector<Entry*> met_entries;
  for (uint32_t row = 0; row < block.rows; ++row) {
    const Record& record = block.record_of(row);
    if (is_late(1, block.time[row], block.watermark[row]) || block.time[row] <= sealed_) {
      leave_late(1, block, row, content_.shape.late_site);
      continue;
    }
    std::string_view key = keys.keys[row].view();
    if (content_.meets_one && !keys.has_null[row]) {
      if (const RightRow* first = repeated(keys.hashes[row], key, block.time[row])) {
        leave_repeated(block, row, *first);
        continue;
      }
    }
    dispositions().use(index(), 1, record);
    if (keys.has_null[row]) continue;
    bool added = false;
    Entry& entry = keys_.find_or_add(keys.hashes[row], key, &added, span_of(block.time[row]));
    RightRow right;
    right.time = block.time[row];
    right.watermark = block.watermark[row];
    right.source = record.source;
    right.partition = record.partition;
    right.position = record.position;
    right.sequence = sequence_of(row);
    scratch_.clear();
    if (passes.empty() || passes[row]) rows_.right_rows().append(target, row, scratch_);
    RightRow* made = make_right(right, scratch_, pair_place(record));
    add_right(entry, made);
    if (content_.nearest) continue;
    SpanRange spans = left_spans(right.time);
    for (int64_t span = spans.first; span <= spans.last; ++span) {
      Entry* beside = keys_.find(keys.hashes[row], key, span);
      if (beside == nullptr) continue;
      for (LeftRow* left : beside->value.left.rows()) {
        if (content_.lower_us && right.time < add_time(left->held.time, *content_.lower_us)) continue;
        if (content_.upper_us && right.time > add_time(left->held.time, *content_.upper_us)) continue;
        batch.add(left, beside, *made, made->row(), row);
        if (batch.lefts.size() == kBlockRows) flush(batch, out);
      }
      if (leaves_met_ && !beside->value.left.empty()) met_entries.push_back(beside);
    }
  }
  flush(batch, out);
  if (batch.filtered > 0) dispositions().make_filtered(index(), batch.filtered);
  for (Entry* entry : met_entries) forget_matched(*entry);
}

void IntervalJoinNode::flush(PairBatch& batch, std::vector<Block>& out) {
  if (batch.lefts.empty()) return;
  if (services_.trace != nullptr) services_.trace->causes = &batch.causes;
  std::vector<const HeldRow*> held;
  for (const LeftRow* left : batch.lefts) held.push_back(&left->held);
  const Block left = block_of(held, left_rows_, left_leaves_, arena());
  if (exists()) {
    flush_exists(left, batch, out);
  } else if (is_outer()) {
    flush_pairs<true>(left, batch, out);
  } else {
    flush_pairs<false>(left, batch, out);
  }
  if (services_.trace != nullptr) services_.trace->causes = nullptr;
  batch.clear();
}

template <bool kOuter>
void IntervalJoinNode::flush_pairs(const Block& left, PairBatch& batch, std::vector<Block>& out) {
  PairDrops drops;
  rows_.evaluate(left, batch.pairs, drops);
  JoinPairs met;
  std::vector<RightTime> met_times;
  for (uint32_t i = 0; i < batch.lefts.size(); ++i) {
    const bool rejected = JoinRows::rejects(drops[i]);
    if (drops[i] && !rejected) continue;
    LeftRow& row = *batch.lefts[i];
    if (!row.matched) {
      copy(*batch.entries[i], row);
      row.matched = true;
      row.held.changed = frozen_.epoch();
      mark(*batch.entries[i]);
      dispositions().release(index(), 0, left.record_of(i));
      dispositions().use(index(), 0, left.record_of(i));
    }
    if constexpr (kOuter) batch.rights[i]->settled = true;  // it came with this block
    const Bytes right = batch.pairs.rights[i];
    if (right.size == 0) {
      ++batch.filtered;
      continue;
    }
    if (rejected) {
      rows_.reject_pair(left, i, right, drops[i]);
      continue;
    }
    met.add(i, right);
    met_times.push_back(batch.times[i]);
  }
  if (!met.rows.empty()) emit(left, met, met_times, out);
}

void IntervalJoinNode::take_left(const Block& block, std::vector<Block>& out) {
  KeyBlock keys = left_key_.encode(block, arena());
  note(warm(block, keys, false));
  prefetch(block, keys, false);
  JoinPairs pairs;
  std::vector<RightTime> times;
  std::vector<bool> late(block.rows, false);
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (is_late(0, block.time[row], block.watermark[row])) {
      late[row] = true;
      leave_late(0, block, row, content_.shape.late_site);
      continue;
    }
    if (!keys.has_null[row])
      add_candidates(row, block.time[row], keys.hashes[row], keys.keys[row].view(), pairs, times);
  }
  PairDrops drops;
  rows_.evaluate(block, pairs, drops);
  JoinPairs met;
  std::vector<RightTime> met_times;
  uint64_t filtered = 0;  // pairs
  size_t next = 0;
  std::vector<uint32_t> used;  // rows that are not settled yet
  auto settle_used = [&] {
    if (!used.empty()) dispositions().use_rows(index(), 0, block, used);
    used.clear();
  };
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (late[row]) continue;
    bool matched = false;
    for (; next < pairs.rows.size() && pairs.rows[next] == row; ++next) {
      const bool rejected = JoinRows::rejects(drops[next]);
      if (drops[next] && !rejected) continue;
      matched = true;
      if (pairs.rights[next].size == 0) {
        ++filtered;
      } else if (rejected) {
        settle_used();
        rows_.reject_pair(block, row, pairs.rights[next], drops[next]);
      } else {
        met.add(row, pairs.rights[next]);
        met_times.push_back(times[next]);
      }
    }
    bool decided = closed(block.time[row]) || keys.has_null[row];
    if (matched) used.push_back(row);
    if (matched && content_.meets_one) continue;
    if (decided) {
      if (matched) continue;
      if (content_.shape.left) {
        used.push_back(row);
        met.add(row, {nullptr, 0});
        met_times.push_back({block.time[row], block.watermark[row]});
      } else {
        settle_used();
        rows_.leave_unmatched(block, row);
      }
      continue;
    }
    settle_used();
    keep_left(block, row, keys, matched);
  }
  settle_used();
  if (filtered > 0) dispositions().make_filtered(index(), filtered);
  if (!met.rows.empty()) emit(block, met, met_times, out);
}

void IntervalJoinNode::keep_left(const Block& block, uint32_t row, const KeyBlock& keys, bool matched) {
  HeldRow held = hold_row(block, block, row, left_rows_, pool_);
  // One that is matched is settled, and never asked again.
  held.record.settled = matched ? 0 : dispositions().hold(index(), 0, block.record_of(row));
  held.hash = keys.hashes[row];
  held.sequence = sequence_of(row);
  bool added = false;
  add_left(keys_.find_or_add(keys.hashes[row], keys.keys[row].view(), &added, span_of(block.time[row])),
           make_left(held, matched));
}

void IntervalJoinNode::emit(const Block& left, const JoinPairs& pairs, std::span<const RightTime> times,
                            std::vector<Block>& out) {
  if (makes_rows_) dispositions().make(index(), pairs.rows.size());
  if (services_.trace != nullptr) services_.trace->put_out(pairs.rows);
  for (size_t first = 0; first < pairs.rows.size(); first += kBlockRows) {
    size_t count = std::min<size_t>(kBlockRows, pairs.rows.size() - first);
    JoinPairs part;
    for (size_t i = first; i < first + count; ++i) part.add(pairs.rows[i], pairs.rights[i]);
    Block joined = rows_.join(left, part);
    auto* time = arena().allocate_array<int64_t>(count);
    auto* watermark = arena().allocate_array<int64_t>(count);
    for (size_t i = 0; i < count; ++i) {
      time[i] = std::max(joined.time[i], times[first + i].time);
      watermark[i] = std::min(joined.watermark[i], times[first + i].watermark);
    }
    joined.time = time;
    joined.watermark = watermark;
    if (names_pairs_) name_pairs(joined, times.subspan(first, count));
    out.push_back(std::move(joined));
  }
}

void IntervalJoinNode::name_pairs(Block& joined, std::span<const RightTime> times) const {
  auto* records = arena().allocate_array<Record>(joined.rows);
  auto* record = arena().allocate_array<uint32_t>(joined.rows);
  for (uint32_t row = 0; row < joined.rows; ++row) {
    records[row] = joined.record_of(row);
    record[row] = row;
    const RightRow* right = times[row].right;
    if (right == nullptr) continue;
    const RightPlace place{right->time, right->source, right->partition, right->position, right->sequence};
    set_pair(records[row], pair_behind(records[row], place, pair_place(right->met()), arena()));
  }
  joined.records = records;
  joined.record = record;
}

void IntervalJoinNode::take_nearest(const Block& block, std::vector<Block>& out) {
  KeyBlock keys = left_key_.encode(block, arena());
  std::vector<uint32_t> decided;
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (is_late(0, block.time[row], block.watermark[row])) {
      leave_late(0, block, row, content_.shape.late_site);
    } else if (keys.has_null[row] || closed(block.time[row])) {
      decided.push_back(row);
    } else {
      HeldRow held = hold_row(block, block, row, left_rows_, pool_);
      held.record.settled = dispositions().hold(index(), 0, block.record_of(row));
      held.hash = keys.hashes[row];
      held.sequence = sequence_of(row);
      waiting_.push(held);
    }
  }
  if (!decided.empty()) decide_nearest(block, keys, decided, out);
}

void IntervalJoinNode::decide_nearest(const Block& block, const KeyBlock& keys, std::span<const uint32_t> rows,
                                      std::vector<Block>& out) {
  note(warm(block, keys, false));
  JoinPairs pairs;
  std::vector<RightTime> times;
  for (uint32_t row : rows) {
    if (keys.has_null[row]) continue;
    if (has_own_ends())
      add_candidates_before(row, block.time[row], end_at(block, row), keys.hashes[row], keys.keys[row].view(), pairs,
                            times);
    else
      add_candidates(row, block.time[row], keys.hashes[row], keys.keys[row].view(), pairs, times);
  }
  PairDrops drops;
  rows_.evaluate(block, pairs, drops);
  JoinPairs met;
  std::vector<RightTime> met_times;
  size_t next = 0;
  for (uint32_t row : rows) {
    const Record& record = block.record_of(row);
    const PairDrop* rejection = nullptr;
    size_t best = pairs.rows.size();
    uint64_t best_distance = 0;
    for (; next < pairs.rows.size() && pairs.rows[next] == row; ++next) {
      if (drops[next]) {
        if (rejection == nullptr && JoinRows::rejects(drops[next])) rejection = &drops[next];
        continue;
      }
      int64_t a = times[next].time, b = block.time[row];
      uint64_t distance = a > b ? static_cast<uint64_t>(a) - static_cast<uint64_t>(b)
                                : static_cast<uint64_t>(b) - static_cast<uint64_t>(a);
      // Candidates come by time, then position: the first of equals is the earlier.
      if (best == pairs.rows.size() || distance < best_distance) {
        best = next;
        best_distance = distance;
      }
    }
    if (rejection != nullptr) {
      dispositions().leave(index(), 0, block, row, rejection->drop->site, *rejection->reason);
    } else if (exists()) {
      decide_exists(block, row, best < pairs.rows.size(), met, met_times);
    } else if (best == pairs.rows.size() && !content_.shape.left) {
      rows_.leave_unmatched(block, row);
    } else {
      bool any = best < pairs.rows.size();
      if (makes_rows_) dispositions().use(index(), 0, record);
      met.add(row, any ? pairs.rights[best] : Bytes{nullptr, 0});
      met_times.push_back(any ? times[best] : RightTime{block.time[row], block.watermark[row]});
    }
  }
  if (!met.rows.empty()) emit(block, met, met_times, out);
}

}  // namespace braid
