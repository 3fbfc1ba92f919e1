#include "runtime/operators/table_join.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/operators/made_row.h"
#include "runtime/operators/output_trace.h"
#include "runtime/operators/release_range.h"
#include "runtime/operators/use_block.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace braid {
namespace {

constexpr int64_t kLeft = int64_t{1} << 62;      // changes of the left side come behind all of the right one
constexpr size_t kPairsAtOnce = 4 * kBlockRows;  // that a condition is computed for, about
constexpr size_t kSuffix = 1 + 2 * sizeof(uint64_t);

Error damaged() {
  return {ErrorKind::store, "a row of a joined table is damaged", 0, 0};
}

}  // namespace

TableJoinNode::TableJoinNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<TableJoinOperator>(self_.content)),
      keys_of_{KeyFormat(input_row(0), content_.sides[0].keys, KeyFormat::Nulls::match_nothing),
               KeyFormat(input_row(1), content_.sides[1].keys, KeyFormat::Nulls::match_nothing)},
      rows_of_{StoredRows(first_fields(input_row(0), content_.sides[0].fields)),
               StoredRows(first_fields(input_row(1), content_.sides[1].fields))},
      leaves_(flatten(self_.row)),
      cold_(StateFamily::point, {table(0)}, services.first_slice, services.end_slice, services.read_ahead.range_bytes) {
  cold_.attach(services.store);
  for (int side : {0, 1})
    retracted_columns_[side] = static_cast<uint32_t>(leaf_offset(input_row(side), content_.sides[side].retracted));
  for (int side : {0, 1}) {
    const std::vector<Leaf> leaves = flatten(first_fields(input_row(side), content_.sides[side].fields));
    pair_leaves_.insert(pair_leaves_.end(), leaves.begin(), leaves.end());
  }
  BRAID_CHECK(rows_of_[0].leaf_count() + rows_of_[1].leaf_count() + (content_.left ? 1 : 0) + 1 == leaves_.size(),
              "the row of a join of tables is not left, right, its mark");
}

void TableJoinNode::take(int side, const Block& block, std::vector<Block>&) {
  if (changes_[0].empty() && changes_[1].empty()) turn_.reset();
  const KeyBlock keys = keys_of_[side].encode(block, arena());
  note(warm(keys, block.rows));
  const Block target = rows_of_[side].target(block, 0);
  const auto* goes = block.columns[retracted_columns_[side]].as<uint8_t>();
  use_block(dispositions(), index(), side, block, arena());
  for (uint32_t row = 0; row < block.rows; ++row) {
    scratch_.clear();
    rows_of_[side].append(target, row, scratch_);
    const auto order = static_cast<int64_t>(sequence_of(row)) + (side == 0 ? kLeft : 0);
    const Bytes key = keys.has_null[row] ? Bytes{nullptr, 0} : turn_.copy(keys.keys[row].view());
    changes_[side].push_back({order, keys.hashes[row], key, turn_.copy(scratch_), block.time[row], goes[row] != 0});
  }
  taken += block.rows;
}

std::optional<ReleasePoint> TableJoinNode::next_release() {
  for (const int side : {1, 0}) {
    if (next_[side] == changes_[side].size()) continue;
    return ReleasePoint{end_of_range(changes_[side][next_[side]].order), 0};
  }
  return {};
}

uint64_t TableJoinNode::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  uint64_t rows = 0;
  for (const int side : {1, 0}) {
    for (; next_[side] < changes_[side].size() && changes_[side][next_[side]].order < point.time;
         ++next_[side], ++rows) {
      if (!content_.residual.empty() && next_[side] == tested_[side]) test(side, next_[side], changes_[side].size());
      prefetch(side, next_[side]);
      meet(side, changes_[side][next_[side]]);
    }
  }
  put_out(out);
  return rows;
}

void TableJoinNode::prefetch(int side, size_t next) const {
  constexpr size_t kAhead = 6;
  const std::vector<Change>& changes = changes_[side];
  if (next + 2 * kAhead < changes.size()) keys_.prefetch(changes[next + 2 * kAhead].hash);
  if (next + kAhead < changes.size()) keys_.prefetch_entry(changes[next + kAhead].hash);
}

void TableJoinNode::finish_release(std::vector<Block>&) {
  for (const int side : {0, 1}) {
    changes_[side].clear();
    next_[side] = tested_[side] = 0;
  }
}

/// While the changes of one side meet the other, the rows of the other stay: so the condition is computed for many
/// pairs at a time.
void TableJoinNode::test(int side, size_t first, size_t end) {
  asked_.clear();
  next_asked_ = 0;
  std::vector<std::pair<Bytes, Bytes>> pairs;
  size_t found = 0;
  for (tested_[side] = first; tested_[side] < end && found < kPairsAtOnce; ++tested_[side]) {
    const Change& change = changes_[side][tested_[side]];
    const Entry* entry = change.key.data == nullptr ? nullptr : keys_.find(change.hash, change.key.view());
    if (entry == nullptr) continue;
    for (const Kept* other : entry->value.rows[1 - side].rows()) {
      if (other->count == 0) continue;
      pairs.emplace_back(side == 0 ? change.row : other->row(), side == 0 ? other->row() : change.row);
      ++found;
      if (pairs.size() == kBlockRows) test_block(pairs), pairs.clear();
    }
  }
  if (!pairs.empty()) test_block(pairs);
}

void TableJoinNode::test_block(const std::vector<std::pair<Bytes, Bytes>>& pairs) {
  Block block = allocate_block(pair_leaves_, static_cast<uint32_t>(pairs.size()), arena());
  block.rows = static_cast<uint32_t>(pairs.size());
  const Block left = rows_of_[0].target(block, 0), right = rows_of_[1].target(block, rows_of_[0].leaf_count());
  for (uint32_t row = 0; row < block.rows; ++row) {
    rows_of_[0].read(pairs[row].first, left, row, arena());
    rows_of_[1].read(pairs[row].second, right, row, arena());
  }
  const std::vector<void*> none(block.columns.size(), nullptr);
  const KernelResult result = run_kernel(content_.residual, block, none, arena(), services_.call);
  asked_.resize(asked_.size() + block.rows, Asked::holds);
  for (const Drop& drop : result.drops)
    asked_[asked_.size() - block.rows + drop.row] = drop.code != 0 ? Asked::fails : Asked::holds_not;
}

void TableJoinNode::alone(const Change& cause, bool goes, int side, Bytes row, int64_t count) {
  const Bytes none{nullptr, 0};
  pairs_.push_back({&cause, goes, side == 0 ? row : none, side == 0 ? none : row, count});
}

void TableJoinNode::meet(int side, const Change& change) {
  if (change.key.data == nullptr) {
    if (stands_alone(side)) alone(change, change.goes, side, change.row, 1);
    return;
  }
  bool added = false;
  Entry& entry = keys_.find_or_add(change.hash, change.key.view(), &added);
  const int64_t by = change.goes ? -1 : 1;
  const int there = 1 - side;
  const bool pairs = content_.yield == JoinYield::matches;
  int64_t matches = 0, failures = 0;
  Bytes failed_with{nullptr, 0};
  for (Kept* each : entry.value.rows[there].rows()) {
    Kept& other = *each;
    if (other.count == 0) continue;
    const Asked asked = content_.residual.empty() ? Asked::holds : asked_[next_asked_++];
    if (asked == Asked::holds_not) continue;
    const bool fails = asked == Asked::fails && !pairs;
    (fails ? failures : matches) += other.count;
    const Bytes met = other.row();  // its memory stays until the round is over
    if (fails && failed_with.data == nullptr) failed_with = met;
    if (!pairs) {
      if (there == 0) count_match(entry, other, change, met, fails);
      continue;
    }
    if (counted(there)) {
      this->change(entry, there, other);
      const int64_t before = other.matches;
      other.matches += by;
      if (stands_alone(there) && before == 0) alone(change, true, there, met, other.count);
    }
    pairs_.push_back({&change, change.goes, side == 0 ? change.row : met, side == 0 ? met : change.row, other.count});
    if (stands_alone(there) && other.matches == 0) alone(change, false, there, met, other.count);
  }
  if (!pairs && side == 0) {
    if (failures > 0)
      pairs_.push_back({&change, change.goes, change.row, failed_with, 1});
    else if (goes_on(matches, failures))
      alone(change, change.goes, 0, change.row, 1);
  } else if (stands_alone(side) && matches == 0) {
    alone(change, change.goes, side, change.row, 1);
  }
  Kept& kept = kept_row(entry, side, change.row);
  this->change(entry, side, kept);
  kept.count += by;
  kept.matches = counted(side) ? matches : 0;
  kept.failures = counted(side) ? failures : 0;
  BRAID_CHECK(kept.count >= 0, "a row goes that has not come");
  if (kept.count == 0) forget_gone(entry);
}

/// Of a semi or anti join: a right row that may match this left row comes or goes.
void TableJoinNode::count_match(Entry& entry, Kept& left, const Change& cause, Bytes row, bool fails) {
  change(entry, 0, left);
  const bool went_on = goes_on(left.matches, left.failures), was_rejected = left.failures > 0;
  (fails ? left.failures : left.matches) += cause.goes ? -1 : 1;
  const bool goes_on_now = goes_on(left.matches, left.failures), is_rejected = left.failures > 0;
  if (went_on && !goes_on_now) alone(cause, true, 0, row, left.count);
  if (was_rejected != is_rejected) pairs_.push_back({&cause, was_rejected, row, cause.row, left.count});
  if (!went_on && goes_on_now) alone(cause, false, 0, row, left.count);
}

TableJoinNode::RowHash TableJoinNode::hash_of(std::string_view row) {
  const XXH128_hash_t hash = XXH3_128bits(row.data(), row.size());
  return {hash.high64, hash.low64};
}

TableJoinNode::Kept* TableJoinNode::make_kept(const RowHash& hash, std::string_view row) {
  auto* kept =
      new (pool_.allocate(sizeof(Kept) + row.size())) Kept{.hash = hash, .size = static_cast<uint32_t>(row.size())};
  if (!row.empty()) std::memcpy(kept + 1, row.data(), row.size());
  ++rows_;
  return kept;
}

TableJoinNode::Kept& TableJoinNode::kept_row(Entry& entry, int side, Bytes bytes) {
  RowList<Kept>& list = entry.value.rows[side];
  const RowHash hash = hash_of(bytes.view());
  const std::span<Kept* const> rows = list.rows();
  const auto place = std::lower_bound(rows.begin(), rows.end(), hash,
                                      [](const Kept* kept, const RowHash& wanted) { return kept->hash < wanted; });
  if (place != rows.end() && (*place)->hash == hash) {
    BRAID_CHECK((*place)->row().view() == bytes.view(), "two rows have one hash of 128 bits");
    return **place;
  }
  Kept* made = make_kept(hash, bytes.view());
  list.insert(static_cast<size_t>(place - rows.begin()), made, pool_);
  return *made;
}

void TableJoinNode::change(Entry& entry, int side, Kept& kept) {
  if (kept.changed == frozen_.epoch()) return;
  copy(entry, side, kept);
  kept.changed = frozen_.epoch();
  ++changed_rows_;
  if (entry.value.noted[side] == frozen_.epoch()) return;
  entry.value.noted[side] = frozen_.epoch();
  changed_.add({&entry, entry.hash, side});
}

void TableJoinNode::copy(Entry& entry, int side, Kept& kept) {
  if (!frozen_.holds(kept.changed)) return;
  value_.clear();
  append_value(value_, kept.count, kept.matches, kept.row().view(), kept.failures);
  frozen_.batch().put(StateFamily::point, state_key(entry, side, kept.hash), value_.bytes());
  kept.stored = true;
  kept.changed = ChangedIn::none;
}

void TableJoinNode::copy_side(Entry& entry, int side) {
  Sides& sides = entry.value;
  if (frozen_.holds(sides.noted[side])) sides.noted[side] = ChangedIn::none;
  for (Kept* kept : sides.rows[side].rows()) copy(entry, side, *kept);
}

/// Rows that are gone leave, and their key with the last of them.
void TableJoinNode::forget_gone(Entry& entry) {
  bool any = false;
  for (int side : {0, 1}) {
    entry.value.rows[side].erase_if([&](Kept& kept) {
      if (kept.count != 0) return false;
      if (kept.stored) erased_.erase(StateFamily::point, state_key(entry, side, kept.hash));
      pool_.release_later(kept.memory());
      --rows_;
      return true;
    });
    any |= !entry.value.rows[side].empty();
  }
  if (any) return;
  for (RowList<Kept>& rows : entry.value.rows) rows.clear(pool_);
  cold_.gone(entry.hash, entry.key.view());
  keys_.erase(entry);
}

std::string_view TableJoinNode::state_key(const Entry& entry, int side, const RowHash& hash) {
  set_point_key(key_bytes_, table(0), entry.hash, entry.key.view());
  key_bytes_ += static_cast<char>(side);
  append(key_bytes_, hash);
  return key_bytes_;
}

void TableJoinNode::append(std::string& key, const RowHash& hash) {
  const uint64_t halves[] = {__builtin_bswap64(hash.high), __builtin_bswap64(hash.low)};
  key.append(reinterpret_cast<const char*>(halves), sizeof(halves));
}

void TableJoinNode::append_hash(std::string& key, std::string_view row) {
  append(key, hash_of(row));
}

void TableJoinNode::append_value(WireWriter& out, int64_t count, int64_t matches, std::string_view row,
                                 int64_t failures) {
  const auto size = static_cast<uint32_t>(row.size());
  char head[2 * sizeof(int64_t) + sizeof(size)];  // as WireWriter writes numbers, then a text
  std::memcpy(head, &count, sizeof(count));
  std::memcpy(head + 8, &matches, sizeof(matches));
  std::memcpy(head + 16, &size, sizeof(size));
  out.bytes().append(head, sizeof(head)).append(row);
  if (failures != 0) out.fixed(failures);
}

void TableJoinNode::put_out(std::vector<Block>& out) {
  const size_t left_leaves = rows_of_[0].leaf_count();
  std::vector<std::pair<uint32_t, uint32_t>> rows;  // of pairs_: which, and which of its number
  for (uint32_t i = 0; i < pairs_.size(); ++i)
    for (int64_t n = 0; n < pairs_[i].count; ++n) rows.emplace_back(i, static_cast<uint32_t>(n));
  for (size_t first = 0; first < rows.size(); first += kBlockRows) {
    const auto count = static_cast<uint32_t>(std::min<size_t>(kBlockRows, rows.size() - first));
    Block block = allocate_block(leaves_, count, arena());
    block.rows = count;
    auto* records = arena().allocate_array<Record>(count);
    block.records = records;
    dispositions().make(index(), count);
    const Block left = rows_of_[0].target(block, 0);
    const Block right = rows_of_[1].target(block, left_leaves + (content_.left ? 1 : 0));
    for (uint32_t i = 0; i < count; ++i) {
      const auto [number, copy] = rows[first + i];
      const Pair& from = pairs_[number];
      if (from.left.data != nullptr) {
        rows_of_[0].read(from.left, left, i, turn_);
      } else {
        for (const Column& column : left.columns) write_slot(column, i, slot_i128(0));
      }
      if (content_.left) block.columns[left_leaves].as<uint8_t>()[i] = from.right.data != nullptr ? 1 : 0;
      if (from.right.data != nullptr) {
        rows_of_[1].read(from.right, right, i, turn_);
      } else {
        for (const Column& column : right.columns) write_slot(column, i, slot_i128(0));
      }
      block.columns.back().as<uint8_t>()[i] = from.goes ? 1 : 0;
      Record& record = records[i] = Record{};
      record.bytes = made_row_bytes(self_.state.identity, 0, 0, from.cause->key.view(), arena());
      record.line = kMadeByWindow;
      record.source = made_source(services_.program);
      record.position = static_cast<int64_t>(from.cause->hash >> 1);
      record.turn = services_.turn;
      record.ordinal = static_cast<uint32_t>(made++);
      block.time[i] = from.cause->time;
      block.watermark[i] = kNoTime;
      block.record[i] = i;
      if (services_.trace == nullptr) continue;
      const OrderKey order{.time = from.cause->order, .a = number, .b = copy};
      services_.trace->made.push_back({order, &record});
      services_.trace->out.push_back(order);
    }
    out.push_back(std::move(block));
  }
  pairs_.clear();
}

void TableJoinNode::freeze() {
  frozen_.begin(erased_);
  changed_.freeze();
  changed_rows_ = 0;
  cold_.collected();
}

bool TableJoinNode::copy_frozen(CopyBudget& budget) {
  auto ask = [](const Place& place) {
    __builtin_prefetch(place.entry);
    __builtin_prefetch(reinterpret_cast<const char*>(place.entry) + 64);
  };
  auto see = [](const Place& place) {
    if (place.entry->live && !place.entry->value.rows[place.side].empty())
      __builtin_prefetch(place.entry->value.rows[place.side].rows().front());
  };
  return changed_.copy(frozen_, budget, ask, see, [this](const Place& place) {
    if (place.entry->live && place.entry->hash == place.hash) copy_side(*place.entry, place.side);
  });
}

Result<TableJoinNode::Stored> TableJoinNode::parse(std::string_view key, std::string_view value) const {
  const std::string_view place = parse_point_key(key).key;
  if (place.size() < kSuffix) return damaged();
  Stored stored;
  stored.key = place.substr(0, place.size() - kSuffix);
  stored.side = place[stored.key.size()];
  WireReader in(value);
  stored.count = in.fixed<int64_t>();
  stored.matches = in.fixed<int64_t>();
  stored.row = in.text();
  stored.failures = in.at_end() ? 0 : in.fixed<int64_t>();
  if (in.failed() || (stored.side != 0 && stored.side != 1) || !rows_of_[stored.side].fits(stored.row))
    return damaged();
  return stored;
}

void TableJoinNode::keep(Entry& entry, const Stored& stored) {
  Kept* kept = make_kept(hash_of(stored.row), stored.row);
  kept->count = stored.count;
  kept->matches = stored.matches;
  kept->failures = stored.failures;
  kept->stored = true;
  RowList<Kept>& rows = entry.value.rows[stored.side];
  rows.insert(rows.size(), kept, pool_);
}

Status TableJoinNode::warm(const KeyBlock& keys, uint32_t rows) {
  if (!cold_.unread().empty()) {
    for (uint32_t row = 0; row < rows; ++row)
      if (!keys.has_null[row]) cold_.unread().want(keys.hashes[row]);
    BRAID_TRY(read(cold_.unread().take_wanted()));
  }
  if (cold_.empty()) return {};
  std::vector<std::pair<uint64_t, std::string_view>> wanted;
  for (uint32_t row = 0; row < rows; ++row) {
    if (keys.has_null[row]) continue;
    const std::string_view key = keys.keys[row].view();
    if (cold_.may_hold(keys.hashes[row], key) && keys_.find(keys.hashes[row], key) == nullptr)
      wanted.emplace_back(keys.hashes[row], key);
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  for (const auto& [hash, key] : wanted) BRAID_TRY(load(hash, key));
  return {};
}

Status TableJoinNode::load(uint64_t hash, std::string_view key) {
  Entry* entry = nullptr;
  BRAID_TRY(cold_.store().scan(StateFamily::point, point_key(table(0), hash, key),
                               [&](std::string_view stored_key, std::string_view value) -> Status {
                                 BRAID_ASSIGN(Stored stored, parse(stored_key, value));
                                 if (stored.key != key) return {};  // a longer key that begins alike
                                 bool added = false;
                                 if (entry == nullptr) entry = &keys_.find_or_add(hash, key, &added);
                                 keep(*entry, stored);
                                 if (cold_rows_ > 0) --cold_rows_;
                                 return {};
                               }));
  if (entry != nullptr) cold_.remove();
  return {};
}

Status TableJoinNode::read(std::span<const UnreadRanges::Run> runs) {
  last_cold_.clear();
  return cold_.unread().scan(table(0), runs, [this](std::string_view bytes, std::string_view value) -> Status {
    BRAID_ASSIGN(Stored stored, parse(bytes, value));
    const uint64_t hash = parse_point_key(bytes).hash;
    // The rows of a key come one after the other: it is in memory with all of them, or with none.
    if (keys_.find(hash, stored.key) == nullptr && cold_.attached() && state_size().bytes >= memory_) {
      std::string place = point_key(table(0), hash, stored.key);
      if (place != last_cold_) cold_.add(hash);
      last_cold_ = std::move(place);
      ++cold_rows_;
      return {};
    }
    bool added = false;
    keep(keys_.find_or_add(hash, stored.key, &added), stored);
    return {};
  });
}

Status TableJoinNode::restore(StateStore& store, uint64_t memory) {
  memory_ = memory;
  BRAID_TRY(cold_.find_unread(store));
  return cold_.attached() ? Status() : read(cold_.unread().take_all());
}

void TableJoinNode::read_ahead() {
  note(read(cold_.unread().take_next(services_.read_ahead.ranges)));
  note(cold_.renew());
}

Status TableJoinNode::evict(uint64_t bytes) {
  keys_.evict(bytes, [this](Entry& entry) -> uint64_t {
    uint64_t freed = sizeof(Entry) + entry.key.size;
    for (RowList<Kept>& rows : entry.value.rows) {
      for (const Kept* kept : rows.rows()) {
        BRAID_CHECK(kept->stored && kept->changed == ChangedIn::none, "a row is evicted that was never committed");
        freed += kept->memory().size;
        pool_.release(kept->memory());
        --rows_;
        ++cold_rows_;
      }
      freed += rows.bytes();
      rows.clear(pool_);
    }
    cold_.add(entry.hash);
    keys_.erase(entry);
    return freed;
  });
  pool_.release_pending();
  return {};
}

StateSize TableJoinNode::state_size() const {
  const uint64_t erasures = erased_.changes() * kBytesOfErasure;
  const uint64_t cold = cold_rows_ + cold_.unread().rows();
  return {rows_ + cold, pool_.bytes_used() + keys_.bytes() + cold_.bytes() + erasures,
          changed_rows_ * sizeof(Kept) + erasures, cold};
}

}  // namespace braid
