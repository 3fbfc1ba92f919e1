#include "runtime/operators/held_rows.h"

#include <algorithm>
#include <tuple>

#include "runtime/base/check.h"
#include "runtime/data/time_text.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

/// Of rows of one record that come by several ways the one on the record's first way is the first, whenever they arrive
/// (docs/decisions/0091).
bool is_on_another_way(const Record& record) {
  return record.settled != 0;
}

/// The current block consists of these rows, in their operator's order.
void trace_by_arrival(OutputTrace& trace, std::span<const HeldRow* const> held) {
  trace.rows.clear();
  for (const HeldRow* row : held)
    trace.rows.push_back({.time = row->time, .a = row->record.turn, .b = row->record.ordinal, .c = row->sequence});
}

void trace_by_position(OutputTrace& trace, std::span<const HeldRow* const> held) {
  constexpr uint64_t kSign = uint64_t{1} << 63;  // positions are ordered as signed numbers
  trace.rows.clear();
  for (const HeldRow* row : held) {
    const Record& record = row->record;
    trace.rows.push_back({.time = row->time,
                          .a = uint64_t{record.source} << 32 | record.partition,
                          .b = static_cast<uint64_t>(record.position) ^ kSign,
                          .bytes = pair_place(record),
                          .d = row->sequence | uint64_t{is_on_another_way(row->record)} << 63});
  }
}

/// Behind the rest of the row.
Result<int64_t> read_arrival(std::string_view value) {
  if (value.size() < sizeof(int64_t)) return Error{ErrorKind::store, "a waiting row is damaged", 0, 0};
  return WireReader(value.substr(value.size() - sizeof(int64_t))).fixed<int64_t>();
}

void keep_one_of_each(std::vector<int64_t>& numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  if (numbers.size() > numbers.capacity() / 2) numbers.reserve(2 * numbers.size() + 64);
}

}  // namespace

bool before_by_arrival(const HeldRow& a, const HeldRow& b) {
  return std::tuple(a.time, a.record.turn, a.record.ordinal, a.sequence) <
         std::tuple(b.time, b.record.turn, b.record.ordinal, b.sequence);
}

bool before_by_position(const HeldRow& a, const HeldRow& b) {
  const std::tuple first(a.time, a.record.source, a.record.partition, a.record.position);
  const std::tuple second(b.time, b.record.source, b.record.partition, b.record.position);
  if (first != second) return first < second;
  return std::tuple(pair_place(a.record), is_on_another_way(a.record), a.sequence, a.hash) <
         std::tuple(pair_place(b.record), is_on_another_way(b.record), b.sequence, b.hash);
}

HeldRow hold_row(const Block& block, const Block& whole, uint32_t row, StoredRows& rows, BlobPool& pool) {
  HeldRow held;
  held.time = block.time[row];
  held.watermark = block.watermark[row];
  held.record = block.record_of(row);
  keep_record(held.record, pool);
  held.row = rows.store(whole, row, pool);
  return held;
}

void keep_record(Record& record, BlobPool& pool) {
  record.bytes = pool.copy(record.bytes.view());
  if (const Bytes pair = pair_memory(record); pair.size > 0) set_pair(record, pool.copy(pair.view()).data);
}

void release_record(const Record& record, BlobPool& pool) {
  pool.release(record.bytes);
  if (const Bytes pair = pair_memory(record); pair.size > 0) pool.release(pair);
}

void release_later(const HeldRow& row, BlobPool& pool) {
  pool.release_later(row.record.bytes);
  if (const Bytes pair = pair_memory(row.record); pair.size > 0) pool.release_later(pair);
  pool.release_later(row.row);
}

Block block_of(std::span<const HeldRow* const> held, const StoredRows& rows, std::span<const Leaf> leaves,
               Arena& arena) {
  BRAID_CHECK(held.size() <= kBlockRows);
  auto count = static_cast<uint32_t>(held.size());
  Block block = allocate_block(leaves, count, arena);
  auto* records = arena.allocate_array<Record>(count);
  Block target = rows.target(block, 0);
  for (uint32_t i = 0; i < count; ++i) {
    records[i] = held[i]->record;
    block.time[i] = held[i]->time;
    block.watermark[i] = held[i]->watermark;
    block.record[i] = i;
    rows.read(held[i]->row, target, i, arena);
  }
  block.rows = count;
  block.records = records;
  return block;
}

void append_held_place(std::string& key, const HeldRow& row) {
  auto append = [&key](uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) key.push_back(static_cast<char>(value >> (8 * i)));
  };
  append(row.record.turn, 8);
  append(row.record.ordinal, 4);
  append(row.sequence, 8);
}

void append_held_value(WireWriter& out, const HeldRow& row) {
  out.fixed(row.watermark);
  out.fixed(row.sequence);
  out.fixed(row.record.position);
  out.fixed(row.record.line);
  out.fixed(row.record.source);
  out.fixed(row.record.partition);
  out.fixed(row.record.turn);
  out.fixed(row.record.ordinal);
  out.fixed(row.record.settled);
  out.text(row.record.bytes.view());
  out.text(row.row.view());
  if (!pair_place(row.record).empty()) out.text(pair_place(row.record));
}

Result<HeldRow> read_held(int64_t time, uint64_t hash, std::string_view value, const StoredRows& rows, BlobPool& pool,
                          bool with_arrival) {
  WireReader in(value);
  HeldRow row;
  row.time = time;
  row.hash = hash;
  row.stored = true;
  row.watermark = in.fixed<int64_t>();
  row.sequence = in.fixed<uint64_t>();
  row.record.position = in.fixed<int64_t>();
  row.record.line = in.fixed<int64_t>();
  row.record.source = in.fixed<uint32_t>();
  row.record.partition = in.fixed<uint32_t>();
  row.record.turn = in.fixed<uint64_t>();
  row.record.ordinal = in.fixed<uint32_t>();
  row.record.settled = in.fixed<uint64_t>();
  std::string_view bytes = in.text();
  std::string_view content = in.text();
  std::string_view pair;
  if (in.rest().size() > sizeof(int64_t)) pair = in.text();
  if (with_arrival) row.arrival = in.fixed<int64_t>();
  if (in.failed() || !rows.fits(content)) return Error{ErrorKind::store, "a waiting row is damaged", 0, 0};
  row.record.bytes = pool.copy(bytes);
  if (!pair.empty()) set_pair(row.record, write_pair(pair, pool.allocate(sizeof(uint32_t) + pair.size())));
  row.row = pool.copy(content);
  return row;
}

void HeldRows::push(HeldRow row) {
  if (!row.stored) {
    row.changed = frozen_.epoch();
    ++changed_;
    changed_bytes_ += bytes_of(row);
    note_changed(Queue::bucket_of(row.time));
  }
  if (has_arrivals_) note_arrival(Queue::bucket_of(row.time), row.arrival);
  queue_.push(row);
}

/// A list, because a set would take memory of the heap for each row that is alone in its bucket.
void HeldRows::note_changed(int64_t bucket) {
  if (!changed_buckets_.empty() && changed_buckets_.back() == bucket) return;
  if (changed_buckets_.size() == changed_buckets_.capacity()) keep_one_of_each(changed_buckets_);
  changed_buckets_.push_back(bucket);
}

void HeldRows::note_arrival(int64_t bucket, int64_t arrival) {
  const auto [known, added] = arrivals_.try_emplace(bucket, arrival);
  if (!added) known->second = std::min(known->second, arrival);
}

int64_t HeldRows::first_time() const {
  int64_t cold = cold_times_.empty() ? kEndTime : std::max(*cold_times_.begin() * cold_span_, released_to_);
  return queue_.empty() ? cold : std::min(cold, queue_.first_time());
}

std::optional<ReleasePoint> HeldRows::next_release(int64_t watermark) const {
  if (empty()) return {};
  if (first_time() < watermark) return ReleasePoint{Queue::bucket_end(first_time())};
  if (!allowed_) return {};
  for (auto bucket = arrivals_.lower_bound(early_from_); bucket != arrivals_.end(); ++bucket)
    if (bucket->second <= *allowed_) return ReleasePoint{Queue::bucket_end(bucket->first * Queue::kWidth)};
  return {};
}

void HeldRows::pass(int64_t watermark) {
  released_to_ = std::max(released_to_, watermark);
  if (!has_arrivals_) return;
  arrivals_.erase(arrivals_.begin(), arrivals_.lower_bound(Queue::bucket_of(released_to_)));
  unknown_.erase(unknown_.begin(), unknown_.lower_bound(Queue::bucket_of(released_to_)));
}

void HeldRows::finish_early() {
  if (allowed_) left_to_ = std::max(left_to_, *allowed_);
  allowed_.reset();
}

Status HeldRows::take_before(int64_t watermark, std::vector<HeldRow>& out) {
  if (!cold_times_.empty() && *cold_times_.begin() * cold_span_ < watermark) BRAID_TRY(load_before(watermark));
  HeldRow row;
  while (queue_.take_before(watermark, &row)) leave(row, out);
  pass(watermark);
  return {};
}

void HeldRows::leave(HeldRow& row, std::vector<HeldRow>& out) {
  copy(row);
  if (row.stored) {
    erased_.erase(StateFamily::timed, key_of(row));
  } else {
    --changed_;
    changed_bytes_ -= bytes_of(row);
  }
  release_later(row, pool_);
  out.push_back(row);
}

Status HeldRows::scan_buckets(int64_t first, int64_t last, const VisitStored& visit) {
  const int64_t begin = std::max(first * Queue::kWidth, released_to_), end = end_of_span(last);
  for (uint32_t slice = first_slice_; slice < end_slice_; ++slice)
    BRAID_TRY(store_->scan_range(StateFamily::timed, bucket_prefix(table_, slice, begin),
                                 bucket_prefix(table_, slice, end), visit));
  return {};
}

Status HeldRows::find_arrivals() {
  if (unknown_.empty()) return {};
  const std::set<int64_t> unknown = std::exchange(unknown_, {});
  return scan_buckets(*unknown.begin(), *unknown.rbegin(), [&](std::string_view key, std::string_view value) -> Status {
    const int64_t bucket = Queue::bucket_of(parse_timed_key(key).bucket);
    BRAID_ASSIGN(const int64_t arrival, read_arrival(value));
    if (arrival > left_to_ && unknown.contains(bucket)) note_arrival(bucket, arrival);
    return {};
  });
}

Result<std::optional<int64_t>> HeldRows::first_arrival() {
  BRAID_TRY(find_arrivals());
  if (empty()) arrivals_.clear();
  std::optional<int64_t> first;
  for (const auto& [bucket, arrival] : arrivals_) first = first ? std::min(*first, arrival) : arrival;
  return first;
}

Status HeldRows::begin_early(int64_t arrival) {
  BRAID_TRY(find_arrivals());
  allowed_ = arrival;
  early_from_ = INT64_MIN;
  return {};
}

Status HeldRows::take_early(int64_t end, std::vector<HeldRow>& out) {
  if (!allowed_) return {};
  const size_t before = out.size();
  for (auto bucket = arrivals_.lower_bound(early_from_);
       bucket != arrivals_.end() && bucket->first * Queue::kWidth < end;) {
    if (bucket->second > *allowed_) {
      ++bucket;
      continue;
    }
    int64_t rest = kEndTime;
    BRAID_TRY(take_early_of(bucket->first, out, rest));
    bucket->second = rest;
    bucket = rest == kEndTime ? arrivals_.erase(bucket) : std::next(bucket);
  }
  early_from_ = Queue::bucket_of(end);
  const ReleaseOrder order = queue_.order();
  std::sort(out.begin() + static_cast<ptrdiff_t>(before), out.end(),
            [&](const HeldRow& a, const HeldRow& b) { return order.before(a, b); });
  return {};
}

Status HeldRows::take_early_of(int64_t bucket, std::vector<HeldRow>& out, int64_t& rest) {
  const bool is_cold = cold_times_.contains(bucket);
  std::set<std::string> here;  // rows that the store has and memory, too
  queue_.take_from_bucket(bucket, [&](HeldRow& row) {
    if (is_cold && row.stored) here.emplace(key_of(row));
    if (row.arrival > *allowed_) {
      rest = std::min(rest, row.arrival);
      return false;
    }
    leave(row, out);
    return true;
  });
  copied_to_ = 0;  // places have moved
  if (!is_cold) return {};
  bool stays = false;
  BRAID_TRY(scan_buckets(bucket, bucket, [&](std::string_view key, std::string_view value) -> Status {
    if (here.contains(std::string(key))) return {};
    BRAID_ASSIGN(const int64_t arrival, read_arrival(value));
    if (arrival <= left_to_) return {};
    if (arrival > *allowed_) {
      rest = std::min(rest, arrival);
      stays = true;
      return {};
    }
    BRAID_ASSIGN(HeldRow row, read(key, value));
    leave(row, out);
    if (cold_ > 0) --cold_;
    return {};
  }));
  if (!stays) cold_times_.erase(bucket);
  if (cold_times_.empty()) cold_ = 0;
  return {};
}

void HeldRows::leave_cold(int64_t time) {
  cold_times_.insert(floor_divide(time, cold_span_));
  ++cold_;
}

Status HeldRows::load_before(int64_t watermark) {
  // With arrivals it has to be known whether any row waits: whole spans are looked at, which are short.
  const bool whole = has_arrivals_ || bytes() < memory_ / 2;
  const int64_t last_span = floor_divide(watermark - 1, cold_span_);
  const int64_t end = whole ? end_of_span(last_span) : watermark;
  std::set<std::string> here;  // rows that the store has and memory, too
  queue_.for_each_before(end, [&](const HeldRow& row) {
    if (row.stored) here.emplace(key_of(row));
  });
  bool left_there = false;
  for (uint32_t slice = first_slice_; slice < end_slice_; ++slice)
    BRAID_TRY(store_->scan_range(StateFamily::timed, bucket_prefix(table_, slice, released_to_),
                                 bucket_prefix(table_, slice, end),
                                 [&](std::string_view key, std::string_view value) -> Status {
                                   if (here.contains(std::string(key))) return {};
                                   if (has_arrivals_) {
                                     BRAID_ASSIGN(const int64_t arrival, read_arrival(value));
                                     if (arrival <= left_to_) return {};
                                     // It has left early in this turn, and the store has it until that is durable.
                                     const int64_t bucket = Queue::bucket_of(parse_timed_key(key).bucket);
                                     if (allowed_ && arrival <= *allowed_ && bucket < early_from_) return {};
                                   }
                                   if (parse_timed_key(key).bucket >= watermark && bytes() >= memory_) {
                                     left_there = true;
                                     return {};
                                   }
                                   BRAID_ASSIGN(HeldRow row, read(key, value));
                                   push(row);
                                   if (cold_ > 0) --cold_;
                                   return {};
                                 }));
  cold_times_.erase(cold_times_.begin(), cold_times_.lower_bound(floor_divide(end, cold_span_)));
  if (left_there) cold_times_.insert(last_span);
  if (cold_times_.empty()) cold_ = 0;
  return {};
}

void HeldRows::copy(HeldRow& row) {
  if (!frozen_.holds(row.changed)) return;
  value_.clear();
  append_held_value(value_, row);
  if (has_arrivals_) value_.fixed(row.arrival);
  frozen_.batch().put(StateFamily::timed, key_of(row), value_.bytes());
  row.stored = true;
  row.changed = ChangedIn::none;
  --to_copy_;
}

void HeldRows::freeze() {
  BRAID_CHECK(to_copy_ == 0, "a waiting row of the last freeze is not copied");
  frozen_.begin(erased_);
  to_copy_ = std::exchange(changed_, 0);
  changed_bytes_ = 0;
  frozen_buckets_.clear();
  frozen_buckets_.swap(changed_buckets_);
  keep_one_of_each(frozen_buckets_);
  copied_buckets_ = 0;
  copied_to_ = 0;
}

bool HeldRows::copy_frozen(CopyBudget& budget) {
  auto visit = [&](HeldRow& row) {
    if (!budget.any() || to_copy_ == 0) return false;
    frozen_.spend(budget, [&] { copy(row); });
    return true;
  };
  for (; to_copy_ > 0 && copied_buckets_ < frozen_buckets_.size(); ++copied_buckets_) {
    const std::optional<size_t> rest = queue_.visit_bucket(frozen_buckets_[copied_buckets_], copied_to_, visit);
    copied_to_ = rest.value_or(0);
    if (rest) return to_copy_ == 0;
  }
  copied_buckets_ = frozen_buckets_.size();
  if (to_copy_ == 0) return true;
  // The rest is due by now.
  if (std::exchange(due_bucket_, queue_.due_bucket()) != queue_.due_bucket()) copied_to_ = 0;
  const std::optional<size_t> rest = queue_.visit_due(copied_to_, visit);
  copied_to_ = rest.value_or(0);
  BRAID_CHECK(rest || to_copy_ == 0, "a waiting row is not copied");
  return to_copy_ == 0;
}

Status HeldRows::restore(StateStore& store, uint64_t memory) {
  memory_ = memory;
  if (store_ == nullptr)
    return store.scan(StateFamily::timed, table_prefix(table_),
                      [&](std::string_view key, std::string_view value) -> Status {
                        BRAID_ASSIGN(HeldRow row, read(key, value));
                        push(row);
                        return {};
                      });
  const std::string begin = slice_prefix(table_, first_slice_);
  const std::string end = StateStore::behind_prefix(slice_prefix(table_, end_slice_ - 1));
  BRAID_TRY(
      store_->leap(StateFamily::timed, begin, end, [&](std::string_view key, std::string_view) -> Result<std::string> {
        const TimedKey place = parse_timed_key(key);
        const int64_t span = floor_divide(place.bucket, cold_span_);
        cold_times_.insert(span);
        if (has_arrivals_) unknown_.insert(span);
        return bucket_prefix(table_, slice_of(place.hash), end_of_span(span));
      }));
  if (!cold_times_.empty()) cold_ = store_->estimate(StateFamily::timed, begin, end).rows;
  return {};
}

uint64_t HeldRows::evict(uint64_t bytes) {
  uint64_t freed = 0;
  queue_.take_last([&](const HeldRow& row) {
    if (!row.stored || freed >= bytes) return false;
    freed += bytes_of(row);
    leave_cold(row.time);
    release_record(row.record, pool_);
    pool_.release(row.row);
    return true;
  });
  return freed;
}

StateSize HeldRows::size() const {
  return {queue_.size() + cold_, queue_.bytes(), changed_bytes_, cold_};
}

void for_each_block(std::span<const HeldRow> held, HeldRows::Order order, const StoredRows& rows,
                    std::span<const Leaf> leaves, const Services& services,
                    const std::function<void(const Block& block)>& visit) {
  for (size_t first = 0; first < held.size(); first += kBlockRows) {
    std::vector<const HeldRow*> part;
    for (const HeldRow& row : held.subspan(first, std::min<size_t>(kBlockRows, held.size() - first)))
      part.push_back(&row);
    if (services.trace != nullptr) {
      if (order == HeldRows::Order::arrival) {
        trace_by_arrival(*services.trace, part);
      } else {
        trace_by_position(*services.trace, part);
      }
    }
    visit(block_of(part, rows, leaves, services.arena));
  }
}

}  // namespace braid
