#include "serve/odata/sorted_rows.h"

#include <algorithm>

#include "serve/odata/grouping.h"

namespace braid::serve::odata {
namespace {

bool before(const SortedRows::Row& a, const SortedRows::Row& b) {
  return a.order < b.order;
}

size_t size_of(const SortedRows::Row& row) {
  return row.order.size() + row.row_id.size() + row.bytes.size() + sizeof(row);
}

}  // namespace

void append_order(const std::vector<Order>& order, Evaluator& evaluator, const RowOf& row, std::string& out) {
  for (const Order& each : order) {
    const size_t begin = out.size();
    append_sort_bytes(evaluator.value(*each.by, row), out);
    if (each.descending)
      for (size_t i = begin; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
  }
}

bool SortedRows::add(Row row) {
  bytes_ += size_of(row);
  rows_.push_back(std::move(row));
  std::push_heap(rows_.begin(), rows_.end(), before);
  if (rows_.size() > most_) {
    std::pop_heap(rows_.begin(), rows_.end(), before);
    bytes_ -= size_of(rows_.back());
    rows_.pop_back();
    more_ = true;
  }
  return bytes_ <= kMostKept;
}

std::vector<SortedRows::Row> SortedRows::take() {
  std::sort_heap(rows_.begin(), rows_.end(), before);
  return std::move(rows_);
}

}  // namespace braid::serve::odata
