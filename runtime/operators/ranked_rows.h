// The rows of one group of `top` in their order. By what they go comes as bytes that compare like it (RankOrder): first
// the values that the step names; rows that agree in them are tied, and go by the bytes of their entry, which begins
// with their place. Equal entries are one with a number.
//
// A list of pages, each with the rows of one stretch, so that the few of most groups lie side by side and many cost no
// more than a search and a page. Pages and rows lie in the pool. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
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
  /// Time, source, partition, position, and of what joins have made the right rows that it has met (data/pair_place.h).
  static void append_place(const Block& block, uint32_t row, std::string& out);
  static constexpr size_t kPlaceBytes = 24;  ///< without right rows
  /// An entry that begins with a place, and then has a row.
  static std::string_view row_behind_place(std::string_view entry);

 private:
  struct Part {
    ArgumentColumn column;
    bool descending;
    bool number;  ///< of 64 bits
  };
  std::vector<Part> parts_;
};

/// Zeroed memory is one that is empty, and it may be moved as bytes. Nobody needs to end one that is empty, or whose
/// pool goes with it, besides end().
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
    return rows_ < limit.count || values <= pages().back().last().values();
  }
  /// No row whose values have a greater head is admitted; it is one look less than admits().
  uint64_t bound(const Limit& limit) const { return rows_ < limit.count ? UINT64_MAX : pages().back().last().head; }
  /// The first bytes of values, as a number that does not decrease with them.
  static uint64_t head_of(std::string_view values) {
    uint64_t head = 0;
    std::memcpy(&head, values.data(), std::min(values.size(), sizeof(head)));
    return __builtin_bswap64(head);
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
    for (const Page& page : pages())
      for (const Row& row : page.all()) visit(row.values(), row.entry(), row.count);
  }
  uint64_t entries() const { return entries_; }
  /// Asks the memory for what change() and visit_all() look at first, then for the bytes of all rows of a short list.
  /// prefetch() harms nobody where something else lies by now.
  void prefetch() const {
    const auto* bytes = reinterpret_cast<const char*>(one_.rows);
    const size_t size = std::min(one_.size, kPageRows) * sizeof(Row);
    for (size_t at = 0; at < size; at += 64) __builtin_prefetch(bytes + at);
  }
  void prefetch_bytes() const {
    if (more_ != nullptr) return;
    for (const Row& row : one_.all()) __builtin_prefetch(row.bytes);
  }
  /// Gives all memory back.
  void clear(const Memory& memory);
  /// Gives back what does not lie in the pool, which goes with it.
  void end() { delete more_; }

 private:
  struct Row {
    const char* bytes;  ///< the values, then the entry
    uint64_t head;      ///< of the values: most rows are told apart without a look at their bytes
    uint32_t values_size, size;
    int64_t count;
    std::string_view values() const { return {bytes, values_size}; }
    std::string_view entry() const { return {bytes + values_size, size - values_size}; }
  };
  struct Page {
    Row* rows;  ///< an array of the pool
    uint32_t size, room;
    int64_t count;  ///< of all rows
    std::span<Row> all() const { return {rows, size}; }
    Row& last() const { return rows[size - 1]; }
  };
  struct Place {
    size_t page, row;
  };
  static constexpr uint32_t kPageRows = 64;
  /// The next size of a list: the pool has 2^n and 3·2^n of these rows without a rest.
  static uint32_t more_room(uint32_t room) {
    if (room < 4) return room == 0 ? 2 : 4;
    return (room & (room - 1)) == 0 ? room / 2 * 3 : room / 3 * 4;
  }

  /// None is empty.
  std::span<const Page> pages() const {
    return more_ != nullptr ? std::span<const Page>(*more_) : std::span<const Page>(&one_, one_.size > 0 ? 1 : 0);
  }
  Page& page(size_t at) { return more_ != nullptr ? (*more_)[at] : one_; }
  /// The first row that is not before that; the end of a page stands for it if there is none.
  Place find(std::string_view values, std::string_view entry) const;
  void insert(Place place, std::string_view values, std::string_view entry, int64_t count, const Memory& memory);
  void add(Place place, int64_t count, const Memory& memory);
  static void grow(Page& page, BlobPool& pool);
  static void release_array(Page& page, BlobPool& pool);
  /// Its upper half becomes a page of its own.
  void split(size_t page, BlobPool& pool);
  static void release(const Row& row, const Memory& memory);
  /// Of the row with that number, from 0.
  std::string_view values_of(int64_t number) const;

  Page one_;                 ///< all rows, unless there are more pages
  std::vector<Page>* more_;  ///< with the first one; null: there is one page at most
  int64_t rows_;
  uint64_t entries_;
};
static_assert(std::is_trivially_copyable_v<RankedRows>);

template <class Left>
void RankedRows::trim(const Limit& limit, const Memory& memory, Left left) {
  if (rows_ <= limit.count) return;
  const std::string_view least = limit.with_ties ? values_of(limit.count - 1) : std::string_view();
  while (rows_ > limit.count) {
    const size_t at = pages().size() - 1;
    const Row& last = page(at).last();
    if (limit.with_ties && last.values() == least) return;
    const int64_t count = std::min(last.count, limit.with_ties ? last.count : rows_ - limit.count);
    left(last.values(), last.entry(), count);
    add({at, page(at).size - 1}, -count, memory);
  }
}

template <class Visit>
void RankedRows::visit_first(const Limit& limit, Visit visit) const {
  int64_t visited = 0;
  std::string_view least;
  for (const Page& page : pages())
    for (const Row& row : page.all()) {
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
