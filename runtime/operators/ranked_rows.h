// The rows of one group of `top` in their order. By what they go comes as bytes that compare like it (RankOrder): first
// the values that the step names; rows that agree in them are tied, and go by the bytes of their entry, which begins
// with their place. Equal entries are one with a number.
//
// A list of pages, each with the rows of one stretch, so that the few of most groups lie side by side and many cost no
// more than a search and a page. What a row is lies in the pool. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/data/block.h"
#include "runtime/operators/accumulator_rows.h"
#include "runtime/state/blob_pool.h"

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
  /// Where the bytes of rows lie. Those of a row that leaves go to `gone`, whose owner releases them; null: at once.
  struct Memory {
    BlobPool& pool;
    std::vector<Bytes>* gone = nullptr;
  };

  bool empty() const { return rows_ == 0; }
  /// Whether a row with these values could be among the first, or ties with one.
  bool admits(std::string_view values, const Limit& limit) const {
    return rows_ < limit.count || values <= pages_.back().rows.back().values();
  }
  /// `count` such rows more, or fewer.
  void change(std::string_view values, std::string_view entry, int64_t count, const Memory& memory);
  /// Rows that are not among the first leave; `left(values, entry, count)` is told of each.
  template <class Left>
  void trim(const Limit& limit, const Memory& memory, Left left);
  /// The first rows in order, each as often as it is there: `visit(entry)`.
  template <class Visit>
  void visit_first(const Limit& limit, Visit visit) const;
  /// All of them: `visit(values, entry, count)`.
  template <class Visit>
  void visit_all(Visit visit) const {
    for (const Page& page : pages_)
      for (const Row& row : page.rows) visit(row.values(), row.entry(), row.count);
  }
  uint64_t entries() const { return entries_; }
  /// Gives all memory back.
  void clear(const Memory& memory);

 private:
  struct Row {
    const char* bytes;  ///< the values, then the entry
    uint32_t values_size, size;
    int64_t count;
    std::string_view values() const { return {bytes, values_size}; }
    std::string_view entry() const { return {bytes + values_size, size - values_size}; }
  };
  struct Page {
    std::vector<Row> rows;
    int64_t count = 0;  ///< of all rows
  };
  struct Place {
    size_t page, row;
  };
  static constexpr size_t kPageRows = 64;
  static constexpr int64_t kRowBytes = 2 * sizeof(Row);  ///< pages are half full, about

  /// The first row that is not before that; the end of a page stands for it if there is none.
  Place find(std::string_view values, std::string_view entry) const;
  void insert(Place place, std::string_view values, std::string_view entry, int64_t count, const Memory& memory);
  void add(Place place, int64_t count, const Memory& memory);
  static void release(const Row& row, const Memory& memory);
  /// Of the row with that number, from 0.
  std::string_view values_of(int64_t number) const;

  std::vector<Page> pages_;  ///< none is empty
  int64_t rows_ = 0;
  uint64_t entries_ = 0;
};

template <class Left>
void RankedRows::trim(const Limit& limit, const Memory& memory, Left left) {
  if (rows_ <= limit.count) return;
  const std::string_view least = limit.with_ties ? values_of(limit.count - 1) : std::string_view();
  while (rows_ > limit.count) {
    const Page& page = pages_.back();
    const Row& last = page.rows.back();
    if (limit.with_ties && last.values() == least) return;
    const int64_t count = std::min(last.count, limit.with_ties ? last.count : rows_ - limit.count);
    left(last.values(), last.entry(), count);
    add({pages_.size() - 1, page.rows.size() - 1}, -count, memory);
  }
}

template <class Visit>
void RankedRows::visit_first(const Limit& limit, Visit visit) const {
  int64_t visited = 0;
  std::string_view least;
  for (const Page& page : pages_)
    for (const Row& row : page.rows) {
      if (visited >= limit.count && (!limit.with_ties || row.values() != least)) return;
      least = row.values();
      for (int64_t i = 0; i < row.count; ++i) {
        if (visited >= limit.count && !limit.with_ties) return;
        ++visited;
        visit(row.entry());
      }
    }
}

}  // namespace braid
