#include "runtime/operators/ranked_rows.h"

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

void RankedRows::change(std::string_view values, std::string_view entry, int64_t count, BlobPool& pool) {
  auto rank = ranks_.find(values);
  if (rank == ranks_.end()) {
    rank = ranks_.try_emplace(std::string(values)).first;
    pool.charge(bytes_of(values));
  }
  auto& entries = rank->second.entries;
  auto place = entries.find(entry);
  if (place == entries.end()) {
    place = entries.try_emplace(std::string(entry), 0).first;
    pool.charge(bytes_of(entry));
    ++entries_;
  }
  place->second += count;
  rank->second.rows += count;
  rows_ += count;
  if (place->second != 0) return;
  pool.charge(-bytes_of(place->first));
  entries.erase(place);
  --entries_;
  if (!entries.empty()) return;
  pool.charge(-bytes_of(rank->first));
  ranks_.erase(rank);
}

void RankedRows::clear(BlobPool& pool) {
  for (const auto& [values, rank] : ranks_) {
    pool.charge(-bytes_of(values));
    for (const auto& [entry, count] : rank.entries) pool.charge(-bytes_of(entry));
  }
  ranks_.clear();
  rows_ = 0;
  entries_ = 0;
}

}  // namespace braid
