// The rows of one group of `top` in their order. By what they go comes as bytes that compare like it (RankOrder): first
// the values that the step names; rows that agree in them are tied, and go by the bytes of their entry, which begins
// with their place. Equal entries are one with a number.
//
// What is charged to the pool is counted there; the rest is the heap's. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/data/block.h"
#include "runtime/operators/accumulator_rows.h"
#include "runtime/state/blob_pool.h"
#include "runtime/state/wire.h"

namespace braid {

/// By what the rows of a step go. Immutable.
class RankOrder {
 public:
  RankOrder(const TopOperator& top, const std::vector<Field>& row);
  /// Nulls come last in either direction.
  void append_values(const Block& block, uint32_t row, std::string& out) const;
  /// Time, source, partition, position.
  static void append_place(const Block& block, uint32_t row, std::string& out);
  static constexpr size_t kPlaceBytes = 24;

 private:
  struct Part {
    ArgumentColumn column;
    bool descending;
  };
  std::vector<Part> parts_;
};

class RankedRows {
 public:
  struct Limit {
    int64_t count;
    bool with_ties;
  };

  bool empty() const { return rows_ == 0; }
  /// Whether a row with these values could be among the first, or ties with one.
  bool admits(std::string_view values, const Limit& limit) const {
    return rows_ < limit.count || values <= ranks_.rbegin()->first;
  }
  /// `count` such rows more, or fewer.
  void change(std::string_view values, std::string_view entry, int64_t count, BlobPool& pool);
  /// Rows that are not among the first leave; `left` is told of each.
  template <class Left>
  void trim(const Limit& limit, BlobPool& pool, Left left);
  void trim(const Limit& limit, BlobPool& pool) {
    trim(limit, pool, [](std::string_view, std::string_view, int64_t) {});
  }
  /// The first rows in order, each as often as it is there: `visit(entry)`.
  template <class Visit>
  void visit_first(const Limit& limit, Visit visit) const;
  /// All of them: `visit(values, entry, count)`.
  template <class Visit>
  void visit_all(Visit visit) const {
    for (const auto& [values, rank] : ranks_)
      for (const auto& [entry, count] : rank.entries) visit(values, entry, count);
  }
  uint64_t entries() const { return entries_; }
  /// Gives the charges back.
  void clear(BlobPool& pool);

 private:
  struct Rank {
    std::map<std::string, int64_t, std::less<>> entries;
    int64_t rows = 0;
  };
  static constexpr int64_t kNode = 96;
  static int64_t bytes_of(std::string_view text) { return kNode + static_cast<int64_t>(text.size()); }

  std::map<std::string, Rank, std::less<>> ranks_;  ///< by the values
  int64_t rows_ = 0;
  uint64_t entries_ = 0;
};

template <class Left>
void RankedRows::trim(const Limit& limit, BlobPool& pool, Left left) {
  while (rows_ > limit.count) {
    const auto last = std::prev(ranks_.end());
    const int64_t before = rows_ - last->second.rows;
    if (limit.with_ties && before < limit.count) return;
    const auto entry = std::prev(last->second.entries.end());
    const int64_t count = std::min(entry->second, limit.with_ties ? entry->second : rows_ - limit.count);
    const std::string values = last->first, bytes = entry->first;
    left(std::string_view(values), std::string_view(bytes), count);
    change(values, bytes, -count, pool);
  }
}

template <class Visit>
void RankedRows::visit_first(const Limit& limit, Visit visit) const {
  int64_t visited = 0;
  for (const auto& [values, rank] : ranks_) {
    if (visited >= limit.count) return;
    for (const auto& [entry, count] : rank.entries)
      for (int64_t i = 0; i < count; ++i) {
        if (visited >= limit.count && !limit.with_ties) return;
        ++visited;
        visit(std::string_view(entry));
      }
  }
}

}  // namespace braid
