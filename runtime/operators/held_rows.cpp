#include "runtime/operators/held_rows.h"

#include <algorithm>
#include <tuple>

#include "runtime/base/check.h"
#include "runtime/state/wire.h"

namespace braid {

bool before_by_arrival(const HeldRow& a, const HeldRow& b) {
  return std::tuple(a.time, a.record.turn, a.record.ordinal, a.sequence) <
         std::tuple(b.time, b.record.turn, b.record.ordinal, b.sequence);
}

bool before_by_position(const HeldRow& a, const HeldRow& b) {
  return std::tuple(a.time, a.record.source, a.record.partition, a.record.position, a.sequence) <
         std::tuple(b.time, b.record.source, b.record.partition, b.record.position, b.sequence);
}

HeldRow hold_row(const Block& block, const Block& whole, uint32_t row, StoredRows& rows, BlobPool& pool) {
  HeldRow held;
  held.time = block.time[row];
  held.watermark = block.watermark[row];
  held.record = block.record_of(row);
  held.record.bytes = pool.copy(held.record.bytes.view());
  held.row = rows.store(whole, row, pool);
  return held;
}

void release_later(const HeldRow& row, BlobPool& pool) {
  pool.release_later(row.record.bytes);
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
                          .c = row->sequence});
  }
}

std::string held_key(uint32_t table, const HeldRow& row) {
  std::string key;
  auto append = [&key](uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) key.push_back(static_cast<char>(value >> (8 * i)));
  };
  append(row.record.turn, 8);
  append(row.record.ordinal, 4);
  append(row.sequence, 8);
  return timed_key(table, row.time, row.hash, key);
}

std::string held_value(const HeldRow& row) {
  WireWriter out;
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
  return out.take();
}

Result<HeldRow> read_held(std::string_view key, std::string_view value, const StoredRows& rows, BlobPool& pool) {
  TimedKey parsed = parse_timed_key(key);
  WireReader in(value);
  HeldRow row;
  row.time = parsed.bucket;
  row.hash = parsed.hash;
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
  if (in.failed() || !rows.fits(content)) return Error{ErrorKind::store, "a waiting row is damaged", 0, 0};
  row.record.bytes = pool.copy(bytes);
  row.row = pool.copy(content);
  return row;
}

void HeldRows::push(HeldRow row) {
  if (!row.stored) ++unstored_;
  heap_.push_back(row);
  std::push_heap(heap_.begin(), heap_.end(), [this](const HeldRow& a, const HeldRow& b) { return later(a, b); });
}

void HeldRows::take_before(int64_t watermark, std::vector<HeldRow>& out) {
  while (!heap_.empty() && heap_.front().time < watermark) {
    std::pop_heap(heap_.begin(), heap_.end(), [this](const HeldRow& a, const HeldRow& b) { return later(a, b); });
    HeldRow row = heap_.back();
    heap_.pop_back();
    if (row.stored) {
      erased_.push_back(held_key(table_, row));
    } else {
      --unstored_;
    }
    release_later(row, pool_);
    out.push_back(row);
  }
}

void HeldRows::collect(StateBatch& batch) {
  for (std::string& key : erased_) batch.erase(StateFamily::timed, std::move(key));
  erased_.clear();
  if (unstored_ == 0) return;
  for (HeldRow& row : heap_) {
    if (row.stored) continue;
    batch.put(StateFamily::timed, held_key(table_, row), held_value(row));
    row.stored = true;
  }
  unstored_ = 0;
}

Status HeldRows::restore(StateStore& store, const StoredRows& rows) {
  return store.scan(StateFamily::timed, table_prefix(table_),
                    [&](std::string_view key, std::string_view value) -> Status {
                      BRAID_ASSIGN(HeldRow row, read_held(key, value, rows, pool_));
                      push(row);
                      return {};
                    });
}

}  // namespace braid
