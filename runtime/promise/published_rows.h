// Counts the rows of a product, or of a source, that promises are about.
//
//   add: a turn publishes or reads rows ──► freeze: its epoch ends ──► show: the epoch is durable, readers can see the
//   rows
//
// A row of a product counts when readers can see it, and one of a source when the epoch that has read it is durable;
// its latency ends then. Of rows that wait for that, the event times are kept in steps of 1/64 of the shortest
// `latency`, at most kMostSteps of them: of more, the oldest are taken together. A row is slow when the newest instant
// of its step is, so that no row is called slow that is not. Of `volume` the newest kMostPeriods periods of event time
// are kept.
//
// Counts begin with the process and are not stored, so the periods up to the newest row of before are not known whole;
// those of a task over a broker go on with what its last commit says (volume_counts.h). They decide no row. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/data/block.h"
#include "runtime/promise/repeated_keys.h"
#include "runtime/time/edge_time.h"

namespace braid {

/// Of one promise; what tasks of a job have is added up.
struct PromiseCounts {
  int64_t rows = 0;                    ///< that readers can see
  int64_t missed = 0;                  ///< of those: slow, with a null, or with a key that was there before
  std::map<int64_t, int64_t> periods;  ///< rows by the start of their period, of `volume`
  /// Of the rows that readers can see: periods that end before it have all their rows. kNoTime: not known;
  /// kEndTime: nothing moves it.
  int64_t watermark = kNoTime;
  int64_t newest = kNoTime;  ///< event time of the newest of the rows that readers can see, in all runs
  /// Periods that begin before it may have more rows than are known here. kNoTime: all are known.
  int64_t from = kNoTime;

  PromiseCounts& operator+=(const PromiseCounts& other);
  friend bool operator==(const PromiseCounts&, const PromiseCounts&) = default;
};

/// What is counted. The row and the promises outlive who counts them.
struct WatchedRows {
  const std::vector<Field>& row;  ///< of blocks, without what stands behind it
  const std::vector<PromiseSpec>& promises;
  bool changes = false;    ///< a RowChange stands behind the row
  int deleted_field = -1;  ///< of a source: where it is true, the row says only that its key goes; −1: none

  static WatchedRows of(const ProductSpec& product) { return {product.row, product.promises, product.changes}; }
  static WatchedRows of(const SourceSpec& source) { return {source.row, source.promises, false, source.deleted_field}; }
};

class PublishedRows {
 public:
  static constexpr size_t kMostSteps = 1024, kMostPeriods = 256;

  /// `newest`: event time of the newest row that readers can see.
  PublishedRows(const WatchedRows& rows, int64_t newest);
  /// Rows as the product publishes them, or as the source is read; the last version of a row that goes is none.
  void add(const Block& block);
  /// The epoch ends: what was added belongs to it. `time`: of the product's rows. The epoch before it was shown, or
  /// its rows are shown with this one.
  void freeze(const EdgeTime& time);
  /// Readers can see the rows of the last freeze(), at that clock reading.
  void show(int64_t now);
  /// As many as the product has promises. `time`: of the product's rows now, which counts if no row is hidden.
  std::vector<PromiseCounts> counts(const EdgeTime& time) const;
  /// As counts() will be once the rows of the last freeze() are shown; only what is known of periods.
  PromiseCounts frozen_periods(size_t promise) const;
  /// Of `volume`: what frozen_periods() was behind the last commit. Nothing was added yet.
  void restore_periods(size_t promise, const PromiseCounts& counts);

 private:
  /// Of rows that nobody can see yet.
  struct Hidden {
    int64_t rows = 0;
    int64_t newest = kNoTime;
    std::vector<int64_t> missed;                           ///< by promise: with a null, or a key of before
    std::map<int64_t, int64_t> times;                      ///< rows by the step of their event time
    std::map<size_t, std::map<int64_t, int64_t>> periods;  ///< by promise, then by start
    void take(Hidden& other);
  };

  void add_times(const Block& block);
  void count_nulls(const Block& block, size_t promise);
  void count_periods(const Block& block, size_t promise);
  void count_repeated(const Block& block, size_t promise);
  bool goes(const Block& block, uint32_t row) const;

  /// A leaf that says whether something is there: by being 1, or, of a field that was converted, by being 0.
  struct Presence {
    size_t leaf;
    uint8_t there;
    bool of(const Block& block, uint32_t row) const { return block.columns[leaf].as<uint8_t>()[row] == there; }
  };
  struct KeyPart {
    size_t first, count;  ///< leaves
    Type type;
  };
  /// The leaf of the innermost part of the path that may be absent, if there is one: what is below something absent or
  /// failed is absent.
  static void find_path(const std::vector<Field>& row, const std::vector<int>& path, std::vector<Presence>& presence,
                        std::vector<KeyPart>& parts);

  WatchedRows watched_;
  size_t leaves_;                                        ///< of the script's row; the change of a row stands behind
  size_t deleted_leaf_ = 0;                              ///< if there is a deleted_field
  std::vector<std::vector<Presence>> present_;           ///< by promise: of its fields
  std::vector<std::vector<KeyPart>> keys_;               ///< by promise, of `unique`
  std::vector<std::unique_ptr<RepeatedKeys>> repeated_;  ///< by promise; null: not of `unique`
  std::string key_bytes_;
  std::vector<Slot> slots_;
  int64_t step_us_ = 0;  ///< of event times; 0: no promise of latency
  Hidden open_, frozen_;
  int64_t frozen_watermark_ = kNoTime;
  std::vector<PromiseCounts> counts_;
};

}  // namespace braid
