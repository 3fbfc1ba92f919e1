// The first rows of an order that no index has: a heap of as many as a page needs. One thread.
#pragma once

#include <string>
#include <vector>

#include "serve/odata/options.h"

namespace braid::serve::odata {

/// Bytes that sort as the rows do by these expressions; a row without a fault of the evaluator.
void append_order(const std::vector<Order>& order, Evaluator& evaluator, const RowOf& row, std::string& out);

class SortedRows {
 public:
  struct Row {
    std::string order;  ///< unique: the row's key is its end
    std::string row_id;
    std::string bytes;  ///< by the layout of the view
  };

  /// `behind`: rows up to that order are passed over.
  SortedRows(size_t most, std::string behind) : most_(most), behind_(std::move(behind)) {}

  /// Whether add() would take it.
  bool wants(const std::string& order) const {
    return most_ > 0 && order > behind_ && (rows_.size() < most_ || order < rows_.front().order);
  }
  /// False: what is kept is too much.
  bool add(Row row);
  /// A row that was not wanted, or went, stands behind all of these.
  bool has_more() const { return more_; }
  void note_unwanted(const std::string& order) { more_ = more_ || order > behind_; }
  /// In order.
  std::vector<Row> take();

 private:
  size_t most_;
  std::string behind_;
  std::vector<Row> rows_;  ///< a heap, the last row in front
  size_t bytes_ = 0;
  bool more_ = false;
};

}  // namespace braid::serve::odata
