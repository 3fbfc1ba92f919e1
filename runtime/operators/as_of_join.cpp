#include "runtime/operators/as_of_join.h"

#include <algorithm>

#include "runtime/data/row_change.h"

namespace braid {

template <class History>
AsOfJoinNode<History>::AsOfJoinNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<AsOfJoinOperator>(self_.content)),
      rows_(services, content_.shape),
      left_key_(input_row(0), content_.shape.left_keys, KeyFormat::Nulls::match_nothing),
      right_key_(input_row(1), content_.shape.right_keys, KeyFormat::Nulls::match_nothing),
      left_leaves_(flatten(input_row(0))),
      left_rows_(input_row(0)),
      versions_(table(kVersionTable), content_.max_age_us, services, rows_.right_rows(), pool_),
      waiting_(HeldRows::Order::arrival, table(kWaitingTable), services, left_rows_, pool_,
               content_.wait_us.has_value()) {
  if constexpr (kIndexed) table_key_ = KeyFormat(input_row(1), content_.shape.table_key, KeyFormat::Nulls::group);
  if (const int ends = content_.shape.right_delete; ends >= 0) {
    delete_column_ = static_cast<int>(leaf_offset(input_row(1), ends));
    of_changes_ = input_row(1)[static_cast<size_t>(ends)].name == kRetracted;
  }
}

template <class History>
void AsOfJoinNode<History>::take(int input, const Block& block, std::vector<Block>& out) {
  if (input == 1) {
    take_version(block);
  } else {
    take_left(block, out);
  }
  taken += block.rows;
}

template <class History>
void AsOfJoinNode<History>::take_version(const Block& block) {
  KeyBlock keys = right_key_.encode(block, arena());
  note(versions_.warm(keys, block.rows));
  Block target = rows_.right_rows().target(block, 0);
  KeyBlock table_keys;
  const int64_t* moves = nullptr;
  if constexpr (kIndexed) {
    table_keys = table_key_.encode(block, arena());
    if (!of_changes_) moves = block.columns[static_cast<size_t>(delete_column_) - 1].template as<int64_t>();
  }
  for (uint32_t row = 0; row < block.rows; ++row) {
    const Record& record = block.record_of(row);
    const auto move = moves == nullptr ? Move::version : static_cast<Move>(moves[row]);
    if (move == Move::version) dispositions().use(index(), 1, record);
    if (keys.has_null[row]) continue;
    bool deletes = delete_column_ >= 0 && block.columns[delete_column_].template as<uint8_t>()[row] != 0;
    Version version;
    version.original = block.time[row];
    version.from = std::max({block.time[row], block.watermark[row], edges[1].finite});
    if (of_changes_) {
      version.position = static_cast<int64_t>(sequence_of(row));
      if (content_.latest) version.from = 0;  // changes come in their order, whatever time they have
    } else {
      version.source = record.source;
      version.partition = record.partition;
      version.position = record.position;
    }
    // An end that is known from a later version gives way to what else is there at its time.
    if (move == Move::leaves) version.source = 0, version.partition = 0, version.position = INT64_MIN;
    if (!deletes) version.row = rows_.right_rows().store(target, row, pool_);
    if constexpr (kIndexed)
      versions_.add(keys.hashes[row], keys.keys[row].view(), table_keys.keys[row].view(), version);
    else
      versions_.add(keys.hashes[row], keys.keys[row].view(), version);
  }
}

template <class History>
void AsOfJoinNode<History>::take_left(const Block& block, std::vector<Block>& out) {
  KeyBlock keys = left_key_.encode(block, arena());
  note(versions_.warm(keys, block.rows));
  for (uint32_t row = 0; row < block.rows; ++row) versions_.prefetch(keys.hashes[row]);
  int64_t table_watermark = edges[1].value();
  pairs_.clear();
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (content_.latest && !keys.has_null[row]) {
      meet(row, keys, kEndTime);
    } else if (!content_.latest && is_late(0, block.time[row], block.watermark[row])) {
      leave_late(0, block, row, content_.shape.late_site);
    } else if (keys.has_null[row]) {
      pairs_.add(row, {nullptr, 0});
    } else if (block.time[row] < table_watermark) {
      meet(row, keys, block.time[row]);
    } else {
      HeldRow held = hold_row(block, block, row, left_rows_, pool_);
      held.record.settled = dispositions().hold(index(), 0, block.record_of(row));
      held.hash = keys.hashes[row];
      held.sequence = sequence_of(row);
      if (services_.wall != nullptr) held.arrival = *services_.wall;
      waiting_.push(held);
    }
  }
  finish(block, out);
}

template <class History>
void AsOfJoinNode<History>::meet(uint32_t row, const KeyBlock& keys, int64_t time) {
  if constexpr (kIndexed) {
    const size_t before = pairs_.rows.size();
    versions_.find(keys.hashes[row], keys.keys[row].view(), time, [&](Bytes right) { pairs_.add(row, right); });
    if (pairs_.rows.size() == before) pairs_.add(row, {nullptr, 0});
  } else {
    pairs_.add(row, versions_.find(keys.hashes[row], keys.keys[row].view(), time));
  }
}

template <class History>
void AsOfJoinNode<History>::finish(const Block& block, std::vector<Block>& out) {
  if constexpr (kIndexed)
    rows_.finish_all(block, pairs_, out);
  else
    rows_.finish(block, pairs_, out);
}

template <class History>
uint64_t AsOfJoinNode<History>::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  const size_t before = released_.size();
  note(waiting_.take_before(std::min(point.time, edges[1].value()), released_));
  const uint64_t count = released_.size() - before;
  if (!content_.wait_us) return count;
  put_released(out);
  note(waiting_.take_early(point.time, released_));
  const uint64_t early = released_.size();
  join_released(true, out);
  released_.clear();
  return count + early;
}

template <class History>
void AsOfJoinNode<History>::put_released(std::vector<Block>& out) {
  join_released(false, out);
  released_.clear();
}

template <class History>
void AsOfJoinNode<History>::join_released(bool early, std::vector<Block>& out) {
  for_each_block(released_, HeldRows::Order::arrival, left_rows_, left_leaves_, services_, [&](const Block& block) {
    KeyBlock keys = left_key_.encode(block, arena());
    note(versions_.warm(keys, block.rows));
    pairs_.clear();
    for (uint32_t row = 0; row < block.rows; ++row) {
      dispositions().release(index(), 0, block.record_of(row));
      if (early) dispositions().early(index(), 0, block.record_of(row));
      meet(row, keys, block.time[row]);
    }
    finish(block, out);
  });
}

template <class History>
void AsOfJoinNode<History>::begin_release_of_waited() {
  if (content_.wait_us) note(waiting_.begin_early(subtract_time(*services_.wall, *content_.wait_us)));
}

template <class History>
std::optional<int64_t> AsOfJoinNode<History>::next_due() {
  if (!content_.wait_us) return {};
  const Result<std::optional<int64_t>> first = waiting_.first_arrival();
  if (!first.ok()) {
    note(first.error());
    return {};
  }
  return *first ? std::optional(add_time(**first, *content_.wait_us)) : std::nullopt;
}

template <class History>
EdgeTime AsOfJoinNode<History>::output_time(std::span<const EdgeTime> inputs) const {
  if (content_.latest) return inputs[0];
  EdgeTime time = OperatorNode::output_time(inputs);
  // A table that has fallen silent holds nothing back, but the rows that wait for it are not out yet.
  if (content_.wait_us && time.moves() && !waiting_.empty()) time.w = std::min(time.w, edges[1].finite);
  return time;
}

template <class History>
void AsOfJoinNode<History>::finish_release(std::vector<Block>&) {
  waiting_.finish_early();
  waiting_.pass(edges[1].value());
  int64_t bound = content_.latest ? kEndTime : edges[0].finite;
  if (!waiting_.empty()) bound = std::min(bound, waiting_.first_time());
  // Behind the newest change none comes that counts from before it.
  versions_.forget_before(bound, content_.latest && of_changes_ ? kEndTime : edges[1].finite);
}

template <class History>
void AsOfJoinNode<History>::freeze() {
  versions_.freeze();
  waiting_.freeze();
}

template <class History>
bool AsOfJoinNode<History>::copy_frozen(CopyBudget& budget) {
  return versions_.copy_frozen(budget) && waiting_.copy_frozen(budget);
}

template <class History>
void AsOfJoinNode<History>::take_frozen(StateBatch& batch) {
  versions_.take_frozen(batch);
  waiting_.take_frozen(batch);
}

template <class History>
Status AsOfJoinNode<History>::restore(StateStore& store, uint64_t memory) {
  BRAID_TRY(versions_.restore(store, memory));
  return waiting_.restore(store, memory);
}

template <class History>
Status AsOfJoinNode<History>::evict(uint64_t bytes) {
  // Waiting rows first, those that wait longest: each is asked for once only.
  uint64_t freed = waiting_.evict(bytes);
  return freed < bytes ? versions_.evict(bytes - freed) : Status();
}

template <class History>
StateSize AsOfJoinNode<History>::state_size() const {
  StateSize size = versions_.size();
  size += waiting_.size();
  size.bytes += pool_.bytes_used();
  return size;
}

template class AsOfJoinNode<Versions>;
template class AsOfJoinNode<VersionIndex>;

}  // namespace braid
