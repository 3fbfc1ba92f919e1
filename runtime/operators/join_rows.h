// Output rows of the joins that make one row of each left row: reference join, as-of join, `nearest`. Left rows come as
// a block and the decided rows in it; each has the stored right row that it matched, if any.
#pragma once

#include <vector>

#include "runtime/operators/operator.h"
#include "runtime/state/stored_rows.h"

namespace braid {

/// Decided left rows of one block; `rights[i].data` null: row rows[i] has no match.
struct JoinPairs {
  std::vector<uint32_t> rows;
  std::vector<Bytes> rights;

  void add(uint32_t row, Bytes right) {
    rows.push_back(row);
    rights.push_back(right);
  }
  void clear() {
    rows.clear();
    rights.clear();
  }
  /// All rows of a block of that size, without matches.
  void begin_all(uint32_t count) {
    rows.resize(count);
    for (uint32_t row = 0; row < count; ++row) rows[row] = row;
    rights.assign(count, Bytes{nullptr, 0});
  }
};

/// What the residual makes of a pair: nothing where it matches.
struct PairDrop {
  const Drop* drop = nullptr;
  std::unique_ptr<const RowReason> reason;  ///< where the residual failed

  explicit operator bool() const { return drop != nullptr; }
};
using PairDrops = std::vector<PairDrop>;

class JoinRows {
 public:
  JoinRows(const Services& services, const JoinShape& shape);

  /// Rows of the right input as this join keeps them: its first `right_fields`.
  StoredRows& right_rows() { return right_rows_; }
  /// Evaluates the residual for the pairs that have a right row. `drops[i]` is empty where pair i matches (or has
  /// none). Any number of pairs.
  void evaluate(const Block& left, const JoinPairs& pairs, PairDrops& drops);
  static bool rejects(const PairDrop& drop) { return drop.reason != nullptr; }
  /// Evaluates the residual: pairs that do not match lose their right row, rejected left rows leave and are removed
  /// from `pairs`.
  void filter(const Block& left, JoinPairs& pairs);
  /// One block for all pairs with a right row, and, for a left join, those without.
  Block join(const Block& left, const JoinPairs& pairs);
  /// One block for right rows that have no match; the left fields are null.
  Block alone(const Block& right) const;
  std::span<const Leaf> right_leaves() const { return right_leaves_; }
  /// filter, then rows leave that do not go on, as unmatched ones of an inner join; the others go out in order.
  void finish(const Block& left, JoinPairs& pairs, std::vector<Block>& out);
  /// Where a left row has any number of pairs, one after the other; one without a right row says that it has none. Of
  /// a join that gives matches each pair is a row that this step makes, and its left row is used; of the others the
  /// first pair whose residual fails rejects the row.
  void finish_all(const Block& left, const JoinPairs& pairs, std::vector<Block>& out);
  /// A pair whose residual fails: a row that this step has made. Its left record is settled by itself.
  void reject_pair(const Block& left, uint32_t row, Bytes right, const PairDrop& drop);
  void leave_unmatched(const Block& left, uint32_t row);
  /// Of an anti join: a row that has a match.
  void leave_met(const Block& left, uint32_t row);

 private:
  /// Of a semi or anti join: rows leave that do not go on, the others have no right row any more.
  void keep_by_match(const Block& left, JoinPairs& pairs);
  Block pair_block(const Block& left, const JoinPairs& pairs, bool presence);

  Services services_;
  const JoinShape& shape_;
  std::vector<Leaf> left_leaves_;  ///< of the fields that go out
  std::vector<Leaf> right_leaves_;
  StoredRows right_rows_;
  std::string right_name_;
};

}  // namespace braid
