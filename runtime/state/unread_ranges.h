// What a restart has left in the store unread: the rows of an operator's tables, cut into ranges of the hash, for each
// bucket its own. A range that has not been read may hold any key of it; none of its entries is in memory, and none is
// known to be cold. The owner reads a range when a key of it is wanted for the first time, as a whole and once, so that
// a row costs what it cost to read all of them at the start, but later.
//
// The buckets are found by leaping from one to the next in the store. How wide a range is, is decided when its bucket
// and slice are first asked for, by how much the store has there: about kRangeBytes. Only the width depends on that.
// Belongs to one operator; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/state/store.h"

namespace braid {

class UnreadRanges {
 public:
  static constexpr uint64_t kRangeBytes = 8 * 1024;

  /// Ranges side by side of one bucket and slice: hashes from `first` to `last`.
  struct Run {
    int64_t bucket;
    uint64_t first, last;
  };

  /// Of rows in any of these tables, and of those slices.
  UnreadRanges(StateFamily family, std::vector<uint32_t> tables, uint32_t first_slice, uint32_t end_slice,
               uint64_t range_bytes)
      : family_(family),
        tables_(std::move(tables)),
        first_slice_(first_slice),
        end_slice_(end_slice),
        range_bytes_(range_bytes) {}

  /// All that the store has is unread. It stays in use until everything is read.
  Status begin(StateStore& store);
  StateStore& store() const { return *store_; }

  bool empty() const { return buckets_.empty(); }
  bool holds(uint64_t hash, int64_t bucket = 0) const;
  bool holds_bucket(int64_t bucket) const { return buckets_.contains(bucket); }
  /// The first bucket, from `from` on, that had rows in that one of the tables.
  std::optional<int64_t> first_bucket(size_t table, int64_t from = INT64_MIN) const;
  bool had_rows(int64_t bucket, size_t table) const { return first_bucket(table, bucket) == bucket; }
  /// In how many ranges a bucket is unread.
  uint64_t ranges_of(int64_t bucket);

  /// The range of that hash is to be read, if it is unread.
  void want(uint64_t hash, int64_t bucket = 0);
  // What these return counts as read from then on: the caller reads it. In the order of the store's keys.
  std::vector<Run> take_wanted();
  std::vector<Run> take_bucket(int64_t bucket, uint32_t first_slice, uint32_t end_slice);
  std::vector<Run> take_bucket(int64_t bucket) { return take_bucket(bucket, first_slice_, end_slice_); }
  /// At most so many ranges, of the first buckets.
  std::vector<Run> take_next(uint64_t ranges);
  std::vector<Run> take_all();
  /// Into the order of the store's keys, in which they are read.
  static void sort(std::vector<Run>& runs);
  /// The bucket is erased, or has been read otherwise.
  void forget(int64_t bucket);

  /// Rows of one of the tables in these runs.
  Status scan(uint32_t table, std::span<const Run> runs, const StateStore::Visit& visit);
  /// About how many rows there are, of all tables; for people.
  uint64_t rows() const { return rows_; }
  uint64_t bytes() const { return buckets_.size() * (sizeof(Bucket) + (end_slice_ - first_slice_) * sizeof(Cell)); }

 private:
  static constexpr int kMostBits = 20;
  static constexpr int8_t kNotDecided = -1;  ///< the cell is one range so far
  /// The rows of a bucket in a slice.
  struct Cell {
    uint32_t unread = 0;                      ///< ranges; 0: there are no rows, or all have been read
    uint32_t next = 0;                        ///< ranges before it have been read
    std::unique_ptr<std::vector<bool>> read;  ///< ranges; null: none of several has been
    int8_t bits = kNotDecided;                ///< of the hash, which tell the ranges apart
  };
  struct Bucket {
    std::vector<Cell> cells;  ///< by slice
    uint32_t left = 0;        ///< cells with something unread
    uint32_t tables = 0;      ///< a bit for each that had rows
  };
  struct Wanted {
    uint32_t slice;
    int64_t bucket;
    uint32_t range;
    auto operator<=>(const Wanted&) const = default;
  };
  using Place = std::map<int64_t, Bucket>::iterator;

  static uint32_t range_of(const Cell& cell, uint64_t hash) {
    return cell.bits <= 0 ? 0 : static_cast<uint32_t>((hash << 6) >> (64 - cell.bits));
  }
  static bool is_unread(const Cell& cell, uint32_t range) {
    return cell.unread > 0 && (cell.read == nullptr || !(*cell.read)[range]);
  }
  static Run run_of(const Cell& cell, uint32_t slice, int64_t bucket, uint32_t range);
  std::string begin_of(uint32_t table, uint32_t slice, int64_t bucket) const;
  Status find_buckets(size_t table);
  void size(Cell& cell, uint32_t slice, int64_t bucket);
  void take(Place bucket, Cell& cell, uint32_t slice, uint32_t range, std::vector<Run>& runs);
  /// At most so many ranges of the cell. Returns how many.
  uint64_t take_some(Place bucket, Cell& cell, uint32_t slice, uint64_t most, std::vector<Run>& runs);
  /// The bucket goes if nothing of it is left.
  Place pass(Place bucket);

  StateFamily family_;
  std::vector<uint32_t> tables_;
  uint32_t first_slice_, end_slice_;
  uint64_t range_bytes_;
  StateStore* store_ = nullptr;
  std::map<int64_t, Bucket> buckets_;
  std::vector<Wanted> wanted_;
  uint64_t cells_ = 0;  ///< with something unread
  uint64_t rows_ = 0;
};

}  // namespace braid
