#include "runtime/operators/ranked_rows.h"

#include <algorithm>
#include <cstring>

#include "runtime/operators/scalar_order.h"

namespace braid {

RankOrder::RankOrder(const TopOperator& top, const std::vector<Field>& row) {
  for (const TopOperator::Order& order : top.orders)
    parts_.push_back({ArgumentColumn(row, order.field), order.descending});
}

void RankOrder::append_values(const Block& block, uint32_t row, std::string& out) const {
  for (const Part& part : parts_) {
    const bool present = part.column.present(block, row);
    out += present ? '\0' : '\1';
    if (!present) continue;
    const size_t first = out.size();
    append_closed_order(part.column.type, read_slot(block.columns[part.column.column], row), out);
    if (!part.descending) continue;
    for (size_t at = first; at < out.size(); ++at) out[at] = static_cast<char>(~out[at]);
  }
}

void RankOrder::append_place(const Block& block, uint32_t row, std::string& out) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  const Record& record = block.record_of(row);
  append_ordered(static_cast<uint64_t>(block.time[row]) ^ kSign, out);
  append_ordered(record.source, out);
  append_ordered(record.partition, out);
  append_ordered(static_cast<uint64_t>(record.position) ^ kSign, out);
}

RankedRows::Place RankedRows::find(std::string_view values, std::string_view entry) const {
  auto is_before = [&](const Row& row) {
    const int order = row.values().compare(values);
    return order < 0 || (order == 0 && row.entry() < entry);
  };
  const auto page =
      std::partition_point(pages_.begin(), pages_.end(), [&](const Page& each) { return is_before(each.rows.back()); });
  if (page == pages_.end()) return pages_.empty() ? Place{0, 0} : Place{pages_.size() - 1, pages_.back().rows.size()};
  const auto row = std::partition_point(page->rows.begin(), page->rows.end(), is_before);
  return {static_cast<size_t>(page - pages_.begin()), static_cast<size_t>(row - page->rows.begin())};
}

void RankedRows::change(std::string_view values, std::string_view entry, int64_t count, const Memory& memory) {
  const Place place = find(values, entry);
  const Row* row =
      pages_.empty() || place.row == pages_[place.page].rows.size() ? nullptr : &pages_[place.page].rows[place.row];
  if (row != nullptr && row->values() == values && row->entry() == entry)
    add(place, count, memory);
  else
    insert(place, values, entry, count, memory);
}

void RankedRows::insert(Place place, std::string_view values, std::string_view entry, int64_t count,
                        const Memory& memory) {
  if (pages_.empty()) pages_.emplace_back();
  if (pages_[place.page].rows.size() == kPageRows) {
    Page upper;
    Page& lower = pages_[place.page];
    upper.rows.reserve(kPageRows);
    upper.rows.assign(lower.rows.begin() + kPageRows / 2, lower.rows.end());
    lower.rows.resize(kPageRows / 2);
    for (const Row& row : upper.rows) upper.count += row.count;
    lower.count -= upper.count;
    pages_.insert(pages_.begin() + static_cast<ptrdiff_t>(place.page) + 1, std::move(upper));
    if (place.row > kPageRows / 2) place = {place.page + 1, place.row - kPageRows / 2};
  }
  const size_t size = values.size() + entry.size();
  char* bytes = memory.pool.allocate(size);
  std::memcpy(bytes, values.data(), values.size());
  std::memcpy(bytes + values.size(), entry.data(), entry.size());
  memory.pool.charge(kRowBytes);
  Page& page = pages_[place.page];
  page.rows.insert(page.rows.begin() + static_cast<ptrdiff_t>(place.row),
                   {bytes, static_cast<uint32_t>(values.size()), static_cast<uint32_t>(size), count});
  page.count += count;
  rows_ += count;
  ++entries_;
}

void RankedRows::add(Place place, int64_t count, const Memory& memory) {
  Page& page = pages_[place.page];
  Row& row = page.rows[place.row];
  row.count += count;
  page.count += count;
  rows_ += count;
  if (row.count != 0) return;
  release(row, memory);
  --entries_;
  page.rows.erase(page.rows.begin() + static_cast<ptrdiff_t>(place.row));
  if (page.rows.empty()) pages_.erase(pages_.begin() + static_cast<ptrdiff_t>(place.page));
}

std::string_view RankedRows::values_of(int64_t number) const {
  auto page = pages_.begin();
  for (; number >= page->count; ++page) number -= page->count;
  auto row = page->rows.begin();
  for (; number >= row->count; ++row) number -= row->count;
  return row->values();
}

void RankedRows::release(const Row& row, const Memory& memory) {
  const Bytes gone{row.bytes, row.size};
  memory.pool.charge(-kRowBytes);
  if (memory.gone != nullptr)
    memory.gone->push_back(gone);
  else
    memory.pool.release(gone);
}

void RankedRows::clear(const Memory& memory) {
  for (const Page& page : pages_)
    for (const Row& row : page.rows) release(row, memory);
  pages_.clear();
  rows_ = 0;
  entries_ = 0;
}

}  // namespace braid
