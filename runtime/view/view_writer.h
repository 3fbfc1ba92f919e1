// Writes the rows of one product into its view (view_layout.h), epoch by epoch.
//
// Rows are gathered while the turns of an epoch run. When it ends they are taken as a whole (take()), and put into the
// epoch's batch on the thread that commits it, beside the next turns: so the view changes with the state and the
// outputs or not at all, and what a view costs does not delay turns.
//
// write() and take() on the thread of the turns. put() on one thread at a time, between two commits of the store.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/state/store.h"
#include "runtime/view/view_layout.h"

namespace braid {

class ChangeLogWriter;

/// What a view has; a part of each commit.
struct ViewFigures {
  uint64_t rows = 0;
  uint64_t next_number = 0;  ///< of events
};

class ViewWriter {
 public:
  explicit ViewWriter(ViewLayout layout, ViewFigures figures) : layout_(std::move(layout)), figures_(figures) {
    find_leaves();
  }

  const ViewLayout& layout() const { return layout_; }

  /// Rows of the product as they are published: of a keyed view with a RowChange behind.
  void write(const Block& block);
  /// About the memory of what has been written and not taken.
  uint64_t waiting_bytes() const { return waiting_bytes_; }

  struct Version {
    int64_t time = 0;
    bool gone = false;
    std::string row;  ///< of RowLayout; empty if gone
  };
  struct Event {
    int64_t time = 0;
    std::string row;
  };
  /// What was written in an epoch.
  struct Rows {
    std::unordered_map<std::string, std::vector<Version>> keys;  ///< without history the last version alone
    std::vector<Event> events;
    uint64_t first_number = 0;  ///< of the events
    int64_t added = 0;          ///< rows of a keyed view that came, less those that went
  };
  Rows take();
  /// As of what has been taken, but for rows of events that put() lets go.
  ViewFigures figures() const { return figures_; }
  /// Puts what the epoch changes into the batch, and lets go what lies `keep` behind the watermark, a part at a time.
  /// Gives how many events went. Several of one epoch may follow each other: each goes on behind the one before.
  /// `log`: of these views, which has begun the epoch; null: changes are not kept.
  Result<uint64_t> put(const Rows& rows, uint64_t epoch, int64_t watermark, StateStore& store, StateBatch& batch,
                       ChangeLogWriter* log = nullptr);
  /// Epochs before that one cannot be read.
  Status forget_epochs(uint64_t before, StateStore& store, StateBatch& batch);
  /// Counts the rows of a keyed view that are in the store.
  Status count_rows(StateStore& store);
  /// So many events have gone (put()): on the thread of the turns, when the commit is durable.
  void forget_events(uint64_t count) { figures_.rows -= count; }

 private:
  /// Outdated versions, or events, that go in one commit, at least; of a large epoch twice what it has written.
  static constexpr size_t kGoAtOnce = 4096;

  void find_leaves();
  Status put_keys(const Rows& rows, uint64_t epoch, StateStore& store, StateBatch& batch, ChangeLogWriter* log);
  void put_events(const Rows& rows, uint64_t epoch, StateBatch& batch, ChangeLogWriter* log);
  /// Gives the epoch from which on all versions are there, as far as this changes it.
  Result<uint64_t> forget_outdated(int64_t horizon, size_t most, const StoreSnapshot& store, StateBatch& batch);
  Result<uint64_t> forget_old_events(int64_t horizon, size_t most, const StoreSnapshot& store, StateBatch& batch);
  /// The values of all indexes, of a stored row.
  Result<std::vector<std::string>> index_values(std::string_view row);

  const ViewLayout layout_;
  std::vector<size_t> leaves_;  ///< that keys are made of
  size_t row_leaves_ = 0;
  ViewFigures figures_;
  Rows waiting_;
  uint64_t waiting_bytes_ = 0;
  std::vector<Slot> slots_;
  std::string key_;

  // Of the thread that commits.
  Arena arena_;
  std::vector<Slot> stored_slots_;
  uint64_t put_epoch_ = UINT64_MAX;
  uint32_t put_versions_ = 0;  ///< numbers that versions of this epoch have taken
};

}  // namespace braid
