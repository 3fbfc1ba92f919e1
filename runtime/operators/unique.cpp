#include "runtime/operators/unique.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/data/time_text.h"
#include "runtime/state/wire.h"

namespace braid {

UniqueNode::UniqueNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<UniqueOperator>(self_.content)),
      key_(input_row(0), content_.fields, KeyFormat::Nulls::group),
      leaves_(flatten(self_.row)),
      rows_(self_.row),
      waiting_(HeldRows::Order::position, table(kWaitingTable), services, rows_, pool_),
      cold_(StateFamily::point, {table(kWinnerTable)}, services.first_slice, services.end_slice,
            services.read_ahead.range_bytes) {
  cold_.attach(services.store);
  std::string fields, within;
  for (int field : content_.fields) fields += (fields.empty() ? "`" : ", `") + self_.row[field].name + "`";
  append_duration_literal(within, content_.within_us);
  reason_ = {{"fields", fields}, {"within", within}};
}

void UniqueNode::take(int, const Block& block, std::vector<Block>&) {
  KeyBlock keys = key_.encode(block, arena());
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (is_late(0, block.time[row], block.watermark[row]) || sealed_.covers(block.time[row])) {
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

uint64_t UniqueNode::release_before(const ReleasePoint& point, std::vector<Block>&) {
  const size_t before = released_.size();
  note(waiting_.take_before(std::min(point.time, edges[0].value()), released_));
  if (edges[0].ended && !released_.empty()) seal(released_.back().time);
  return released_.size() - before;
}

void UniqueNode::put_released(std::vector<Block>& out) {
  for_each_block(released_, HeldRows::Order::position, rows_, leaves_, services_,
                 [&](const Block& block) { decide(block, out); });
  released_.clear();
}

void UniqueNode::finish_release(std::vector<Block>&) {
  waiting_.pass(edges[0].value());
  forget_before(edges[0].finite);
}

void UniqueNode::decide(const Block& block, std::vector<Block>& out) {
  constexpr uint32_t kDuplicateRow = 6202;
  KeyBlock keys = key_.encode(block, arena());
  note(warm(keys, block.rows));
  for (uint32_t row = 0; row < block.rows; ++row) winners_.prefetch(keys.hashes[row]);
  for (uint32_t row = 0; row < block.rows; ++row) winners_.prefetch_entry(keys.hashes[row]);
  std::vector<uint32_t> kept;
  for (uint32_t row = 0; row < block.rows; ++row) {
    dispositions().release(index(), 0, block.record_of(row));
    bool added = false;
    Entry& entry = winners_.find_or_add(keys.hashes[row], keys.keys[row].view(), &added);
    if (!added && block.time[row] < add_time(entry.value.time, content_.within_us)) {
      dispositions().leave(index(), 0, block, row, content_.duplicate_site,
                           {.code = kDuplicateRow, .arguments = reason_});
      continue;
    }
    if (entry.value.changed != frozen_.epoch()) {
      copy(entry);
      entry.value.changed = frozen_.epoch();
      changed_.add(&entry);
    }
    entry.value.time = block.time[row];
    expiries_.expect(add_time(block.time[row], content_.within_us), entry, block.time[row]);
    kept.push_back(row);
  }
  if (kept.empty()) return;
  if (services_.trace != nullptr) services_.trace->put_out(kept);
  out.push_back(select_rows(block, kept, leaves_, arena()));
}

void UniqueNode::forget_before(int64_t watermark) {
  Expiry<Entry> expiry;
  while (expiries_.take(watermark, &expiry)) {
    Entry& entry = *expiry.entry;
    if (!expiry.is_current() || entry.value.time != expiry.mark) continue;
    copy(entry);
    if (entry.value.stored) erased_.erase(StateFamily::point, key_of(entry));
    cold_.gone(entry.hash, entry.key.view());
    winners_.erase(entry);
  }
}

std::string_view UniqueNode::key_of(const Entry& entry) {
  set_point_key(key_bytes_, table(kWinnerTable), entry.hash, entry.key.view());
  return key_bytes_;
}

void UniqueNode::copy(Entry& entry) {
  if (!frozen_.holds(entry.value.changed)) return;
  WireWriter out;
  out.fixed(entry.value.time);
  frozen_.batch().put(StateFamily::point, key_of(entry), out.bytes());
  entry.value.stored = true;
  entry.value.changed = ChangedIn::none;
}

void UniqueNode::freeze() {
  waiting_.freeze();
  frozen_.begin(erased_);
  changed_.freeze();
  cold_.collected();
  sealed_.freeze(frozen_.batch());
}

bool UniqueNode::copy_frozen(CopyBudget& budget) {
  auto ask = [](const Entry* entry) { __builtin_prefetch(entry); };
  return waiting_.copy_frozen(budget) &&
         changed_.copy(frozen_, budget, ask, [](const Entry*) {}, [this](Entry* entry) { copy(*entry); });
}

void UniqueNode::take_frozen(StateBatch& batch) {
  waiting_.take_frozen(batch);
  frozen_.take(batch);
}

Status UniqueNode::warm(const KeyBlock& keys, uint32_t rows) {
  if (!cold_.unread().empty()) {
    for (uint32_t row = 0; row < rows; ++row) cold_.unread().want(keys.hashes[row]);
    BRAID_TRY(read(cold_.unread().take_wanted()));
  }
  if (cold_.empty()) return {};
  std::vector<std::string> wanted;
  for (uint32_t row = 0; row < rows; ++row) {
    std::string_view key = keys.keys[row].view();
    if (cold_.may_hold(keys.hashes[row], key) && winners_.find(keys.hashes[row], key) == nullptr)
      wanted.push_back(point_key(table(kWinnerTable), keys.hashes[row], key));
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  return cold_.store().get_many(StateFamily::point, wanted, [&](size_t place, std::string_view value) -> Status {
    BRAID_TRY(load(wanted[place], value));
    cold_.remove();
    return {};
  });
}

Status UniqueNode::load(std::string_view key, std::string_view value) {
  PointKey parsed = parse_point_key(key);
  WireReader in(value);
  auto time = in.fixed<int64_t>();
  if (in.failed()) return Error{ErrorKind::store, "a row of `unique` is damaged", 0, 0};
  bool added = false;
  Entry& entry = winners_.find_or_add(parsed.hash, parsed.key, &added);
  entry.value = {time, true, ChangedIn::none};
  expiries_.expect(add_time(time, content_.within_us), entry, time);
  return {};
}

Status UniqueNode::restore(StateStore& store, uint64_t memory) {
  BRAID_TRY(waiting_.restore(store, memory));
  memory_ = memory;
  BRAID_TRY(cold_.find_unread(store));
  if (!cold_.attached()) BRAID_TRY(read(cold_.unread().take_all()));
  return sealed_.restore(store, {ErrorKind::store, "a row of `unique` is damaged", 0, 0});
}

Status UniqueNode::read(std::span<const UnreadRanges::Run> runs) {
  return cold_.unread().scan(table(kWinnerTable), runs, [this](std::string_view key, std::string_view value) -> Status {
    if (!cold_.attached() || state_size().bytes < memory_) return load(key, value);
    cold_.add(parse_point_key(key).hash);
    return {};
  });
}

void UniqueNode::read_ahead() {
  note(read(cold_.unread().take_next(services_.read_ahead.ranges)));
  note(cold_.renew());
  note(sweep());
}

Status UniqueNode::evict(uint64_t bytes) {
  uint64_t freed = waiting_.evict(bytes);
  if (freed >= bytes) return {};
  winners_.evict(bytes - freed, [this](Entry& entry) -> uint64_t {
    BRAID_CHECK(entry.value.stored && entry.value.changed == ChangedIn::none,
                "a winner is evicted that was never committed");
    uint64_t size = sizeof(Entry) + sizeof(Expiry<Entry>) + entry.key.size;
    cold_.add(entry.hash);
    winners_.erase(entry);
    return size;
  });
  pool_.release_pending();
  expiries_.drop_evicted();
  return {};
}

Status UniqueNode::sweep() {
  constexpr uint64_t kFew = 4096;
  if (!cold_.unread().empty() || cold_.empty()) return {};
  if (!sweep_from_) {
    if (cold_.entries() <= 2 * swept_ + kFew) return {};
    sweep_from_ = slice_prefix(table(kWinnerTable), services_.first_slice);
  }
  uint64_t rows = 0;
  const std::string begin = *std::exchange(sweep_from_, std::nullopt);
  const std::string end = StateStore::behind_prefix(slice_prefix(table(kWinnerTable), services_.end_slice - 1));
  BRAID_TRY(cold_.store().leap(
      StateFamily::point, begin, end, [&](std::string_view key, std::string_view value) -> Result<std::string> {
        if (++rows > kRowsOfSweep) {
          sweep_from_ = std::string(key);
          return end;
        }
        PointKey parsed = parse_point_key(key);
        if (!expired(WireReader(value).fixed<int64_t>()) || winners_.find(parsed.hash, parsed.key) != nullptr ||
            cold_.is_gone(parsed.hash, parsed.key))
          return std::string();
        erased_.erase(StateFamily::point, key);
        cold_.gone(parsed.hash, parsed.key);
        cold_.remove();
        return std::string();
      }));
  if (!sweep_from_) swept_ = cold_.entries();
  return {};
}

StateSize UniqueNode::state_size() const {
  StateSize size = waiting_.size();
  uint64_t erasures = erased_.changes() * kBytesOfErasure;
  const uint64_t cold = cold_.entries() + cold_.unread().rows();
  size += {winners_.size() + cold, pool_.bytes_used() + winners_.bytes() + expiries_.bytes() + cold_.bytes() + erasures,
           changed_.size() * sizeof(Entry) + erasures, cold};
  return size;
}

}  // namespace braid
