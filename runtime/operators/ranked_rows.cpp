#include "runtime/operators/ranked_rows.h"

#include <algorithm>
#include <cstring>

#include "runtime/data/pair_place.h"
#include "runtime/operators/scalar_order.h"
#include "runtime/state/stored_rows.h"

namespace braid {
namespace {

constexpr uint64_t kSign = uint64_t{1} << 63;

}  // namespace

RankOrder::RankOrder(const TopOperator& top, const std::vector<Field>& row) {
  for (const TopOperator::Order& order : top.orders) {
    const ArgumentColumn column(row, order.field);
    parts_.push_back({column, order.descending, leaf_kind(column.type) == LeafKind::i64});
  }
}

void RankOrder::append_values(const Block& block, uint32_t row, std::string& out) const {
  for (const Part& part : parts_) {
    const bool present = part.column.present(block, row);
    if (present && part.number) {  // mostly it is one
      const auto value = static_cast<uint64_t>(block.columns[part.column.column].as<int64_t>()[row]);
      const uint64_t ordered = __builtin_bswap64(value ^ (part.descending ? ~kSign : kSign));
      char bytes[1 + sizeof(ordered)] = {'\0'};
      std::memcpy(bytes + 1, &ordered, sizeof(ordered));
      out.append(bytes, sizeof(bytes));
      continue;
    }
    out += present ? '\0' : '\1';
    if (!present) continue;
    const size_t first = out.size();
    append_closed_order(part.column.type, read_slot(block.columns[part.column.column], row), out);
    if (!part.descending) continue;
    for (size_t at = first; at < out.size(); ++at) out[at] = static_cast<char>(~out[at]);
  }
}

void RankOrder::append_place(const Block& block, uint32_t row, std::string& out) {
  const Record& record = block.record_of(row);
  const uint64_t time = __builtin_bswap64(static_cast<uint64_t>(block.time[row]) ^ kSign);
  const uint32_t source = __builtin_bswap32(record.source), partition = __builtin_bswap32(record.partition);
  const uint64_t position = __builtin_bswap64(static_cast<uint64_t>(record.position) ^ kSign);
  char bytes[kPlaceBytes];
  std::memcpy(bytes, &time, sizeof(time));
  std::memcpy(bytes + 8, &source, sizeof(source));
  std::memcpy(bytes + 12, &partition, sizeof(partition));
  std::memcpy(bytes + 16, &position, sizeof(position));
  out.append(bytes, kPlaceBytes);
  out += pair_place(record);
}

/// Right rows begin with the first byte of a time, which is around that of 1970, a row with the number of its layout.
std::string_view RankOrder::row_behind_place(std::string_view entry) {
  constexpr char kRow = StoredRows::kLayout;
  size_t at = std::min(kPlaceBytes, entry.size());
  while (at + kRightPlaceBytes <= entry.size() && entry[at] != kRow) at += kRightPlaceBytes;
  return entry.substr(at);
}

RankedRows::Place RankedRows::find(std::string_view values, std::string_view entry) const {
  const uint64_t head = head_of(values);
  auto is_before = [&](const Row& row) {
    if (row.head != head) return row.head < head;
    const int order = row.values().compare(values);
    return order < 0 || (order == 0 && row.entry() < entry);
  };
  const std::span<const Page> all = pages();
  if (all.empty()) return {0, 0};
  const auto page =
      std::partition_point(all.begin(), all.end(), [&](const Page& each) { return is_before(each.last()); });
  if (page == all.end()) return {all.size() - 1, all.back().size};
  const std::span<Row> rows = page->all();
  const auto row = std::partition_point(rows.begin(), rows.end(), is_before);
  return {static_cast<size_t>(page - all.begin()), static_cast<size_t>(row - rows.begin())};
}

void RankedRows::change(std::string_view values, std::string_view entry, int64_t count, const Memory& memory) {
  const Place place = find(values, entry);
  const std::span<const Page> all = pages();
  const Row* row = all.empty() || place.row == all[place.page].size ? nullptr : &all[place.page].rows[place.row];
  if (row != nullptr && row->head == head_of(values) && row->values() == values && row->entry() == entry)
    add(place, count, memory);
  else
    insert(place, values, entry, count, memory);
}

void RankedRows::grow(Page& page, BlobPool& pool) {
  const uint32_t room = more_room(page.room);
  auto* rows = reinterpret_cast<Row*>(pool.allocate(room * sizeof(Row)));
  if (page.size > 0) std::memcpy(rows, page.rows, page.size * sizeof(Row));
  release_array(page, pool);
  page.rows = rows;
  page.room = room;
}

void RankedRows::release_array(Page& page, BlobPool& pool) {
  if (page.room > 0) pool.release(reinterpret_cast<char*>(page.rows), page.room * sizeof(Row));
  page.rows = nullptr;
  page.room = 0;
}

void RankedRows::split(size_t at, BlobPool& pool) {
  if (more_ == nullptr) {
    more_ = new std::vector<Page>{one_};
    one_ = {};
  }
  Page upper{reinterpret_cast<Row*>(pool.allocate(kPageRows * sizeof(Row))), kPageRows / 2, kPageRows, 0};
  Page& lower = (*more_)[at];
  std::memcpy(upper.rows, lower.rows + kPageRows / 2, upper.size * sizeof(Row));
  lower.size = kPageRows / 2;
  for (const Row& row : upper.all()) upper.count += row.count;
  lower.count -= upper.count;
  more_->insert(more_->begin() + static_cast<ptrdiff_t>(at) + 1, upper);
}

void RankedRows::insert(Place place, std::string_view values, std::string_view entry, int64_t count,
                        const Memory& memory) {
  if (more_ != nullptr && more_->empty()) more_->push_back({});
  if (page(place.page).size == kPageRows) {
    split(place.page, memory.pool);
    if (place.row > kPageRows / 2) place = {place.page + 1, place.row - kPageRows / 2};
  }
  Page& into = page(place.page);
  if (into.size == into.room) grow(into, memory.pool);
  const size_t size = values.size() + entry.size();
  char* bytes = memory.pool.allocate(size);
  std::memcpy(bytes, values.data(), values.size());
  std::memcpy(bytes + values.size(), entry.data(), entry.size());
  Row* row = into.rows + place.row;
  std::memmove(row + 1, row, (into.size - place.row) * sizeof(Row));
  *row = {bytes, head_of(values), static_cast<uint32_t>(values.size()), static_cast<uint32_t>(size), count};
  ++into.size;
  into.count += count;
  rows_ += count;
  ++entries_;
}

void RankedRows::add(Place place, int64_t count, const Memory& memory) {
  Page& from = page(place.page);
  Row* row = from.rows + place.row;
  row->count += count;
  from.count += count;
  rows_ += count;
  if (row->count != 0) return;
  release(*row, memory);
  --entries_;
  --from.size;
  std::memmove(row, row + 1, (from.size - place.row) * sizeof(Row));
  if (from.size > 0) return;
  release_array(from, memory.pool);
  if (more_ != nullptr) more_->erase(more_->begin() + static_cast<ptrdiff_t>(place.page));
}

std::string_view RankedRows::values_of(int64_t number) const {
  auto page = pages().begin();
  for (; number >= page->count; ++page) number -= page->count;
  const Row* row = page->rows;
  for (; number >= row->count; ++row) number -= row->count;
  return row->values();
}

void RankedRows::release(const Row& row, const Memory& memory) {
  const Bytes gone{row.bytes, row.size};
  if (memory.gone != nullptr)
    memory.gone->push_back(gone);
  else
    memory.pool.release(gone);
}

void RankedRows::clear(const Memory& memory) {
  for (const Page& each : pages()) {
    for (const Row& row : each.all()) release(row, memory);
    Page page = each;
    release_array(page, memory.pool);
  }
  end();
  *this = {};
}

}  // namespace braid
