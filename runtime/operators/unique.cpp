#include "runtime/operators/unique.h"

#include <algorithm>

#include "runtime/data/time_text.h"
#include "runtime/state/wire.h"

namespace braid {

UniqueNode::UniqueNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<UniqueOperator>(self_.content)),
      key_(input_row(0), content_.fields, KeyFormat::Nulls::group),
      leaves_(flatten(self_.row)),
      rows_(self_.row),
      waiting_(HeldRows::Order::position, table(kWaitingTable), pool_) {
  std::string fields, within;
  for (int field : content_.fields) fields += (fields.empty() ? "`" : ", `") + self_.row[field].name + "`";
  append_duration_literal(within, content_.within_us);
  reason_ = {{"fields", fields}, {"within", within}};
}

void UniqueNode::begin_turn() {
  pool_.release_pending();
  taken = 0;
}

void UniqueNode::take(int, const Block& block, std::vector<Block>&) {
  KeyBlock keys = key_.encode(block, arena());
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (is_late(0, block.time[row], block.watermark[row]) || block.time[row] <= sealed_) {
      leave_late(0, block, row, content_.late_site);
      continue;
    }
    HeldRow held = hold_row(block, block, row, rows_, pool_);
    held.record.settled = dispositions().hold(index(), 0, block.record_of(row));
    held.hash = keys.hashes[row];
    held.sequence = sequence_of(row);
    waiting_.push(held);
  }
  taken += block.rows;
}

void UniqueNode::seal(int64_t time) {
  if (time <= sealed_) return;
  sealed_ = time;
  sealed_changed_ = true;
}

void UniqueNode::advance(std::vector<Block>& out) {
  released_.clear();
  waiting_.take_before(edges[0].value(), released_);
  if (edges[0].ended && !released_.empty()) {
    sealed_ = std::max(sealed_, released_.back().time);
    sealed_changed_ = true;
  }
  for (size_t first = 0; first < released_.size(); first += kBlockRows) {
    std::vector<const HeldRow*> held;
    for (size_t i = first; i < std::min(released_.size(), first + kBlockRows); ++i) held.push_back(&released_[i]);
    if (services_.trace != nullptr) trace_by_position(*services_.trace, held);
    decide(block_of(held, rows_, leaves_, arena()), out);
  }
  forget_before(edges[0].finite);
}

void UniqueNode::decide(const Block& block, std::vector<Block>& out) {
  constexpr uint32_t kDuplicateRow = 6202;
  KeyBlock keys = key_.encode(block, arena());
  std::vector<uint32_t> kept;
  for (uint32_t row = 0; row < block.rows; ++row) {
    dispositions().release(index(), 0, block.record_of(row));
    bool added = false;
    Entry& entry = winners_.find_or_add(keys.hashes[row], keys.keys[row].view(), &added);
    if (!added && block.time[row] < add_time(entry.value.time, content_.within_us)) {
      dispositions().leave(index(), 0, block, row, content_.duplicate_site, kDuplicateRow, {}, reason_);
      continue;
    }
    entry.value.time = block.time[row];
    if (!entry.value.dirty) changed_.push_back(&entry);
    entry.value.dirty = true;
    expiries_.push_back({block.time[row], &entry, entry.hash});
    kept.push_back(row);
  }
  if (kept.empty()) return;
  if (services_.trace != nullptr) services_.trace->put_out(kept);
  out.push_back(select_rows(block, kept, leaves_, arena()));
}

void UniqueNode::forget_before(int64_t watermark) {
  while (!expiries_.empty() && add_time(expiries_.front().time, content_.within_us) <= watermark) {
    Expiry expiry = expiries_.front();
    expiries_.pop_front();
    Entry& entry = *expiry.entry;
    if (!entry.live || entry.hash != expiry.hash || entry.value.time != expiry.time) continue;
    if (entry.value.stored) erased_.push_back(point_key(table(kWinnerTable), entry.hash, entry.key.view()));
    winners_.erase(entry);
  }
}

void UniqueNode::collect(StateBatch& batch) {
  waiting_.collect(batch);
  for (std::string& key : erased_) batch.erase(StateFamily::point, std::move(key));
  erased_.clear();
  for (Entry* entry : changed_) {
    if (!entry->live || !entry->value.dirty) continue;
    WireWriter out;
    out.fixed(entry->value.time);
    batch.put(StateFamily::point, point_key(table(kWinnerTable), entry->hash, entry->key.view()), out.take());
    entry->value.stored = true;
    entry->value.dirty = false;
  }
  changed_.clear();
  if (sealed_changed_) {
    WireWriter out;
    out.fixed(sealed_);
    batch.put(StateFamily::point, point_key(table(kSealedTable), 0, {}), out.take());
    sealed_changed_ = false;
  }
}

Status UniqueNode::restore(StateStore& store) {
  BRAID_TRY(waiting_.restore(store, rows_));
  const Error damaged{ErrorKind::store, "a row of `unique` is damaged", 0, 0};
  BRAID_TRY(store.scan(StateFamily::point, table_prefix(table(kWinnerTable)),
                       [&](std::string_view key, std::string_view value) -> Status {
                         PointKey parsed = parse_point_key(key);
                         WireReader in(value);
                         bool added = false;
                         Entry& entry = winners_.find_or_add(parsed.hash, parsed.key, &added);
                         entry.value = {in.fixed<int64_t>(), true, false};
                         if (in.failed()) return damaged;
                         expiries_.push_back({entry.value.time, &entry, entry.hash});
                         return {};
                       }));
  std::sort(expiries_.begin(), expiries_.end(), [](const Expiry& a, const Expiry& b) { return a.time < b.time; });
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
