// Changes of a view as one reader sees them, from a place on, and a snapshot in front of them: what all ways in give to
// those who follow a product.
//
// Conditions and the sight of the reader (sight.h) make a part of the view. A row that comes into that part, or changes
// within it, is put; one that leaves it is gone, whether it stands elsewhere or not. So who puts and takes away what it
// is told has that part, as of the last epoch that has ended.
// A plan is a value; the functions on any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/view/change_log.h"
#include "serve/read/read_plan.h"

namespace braid::serve {

struct ChangePlan {
  std::vector<Condition> where = {};  ///< all hold
  Sight sight = {};                   ///< of the reader
  std::vector<int> columns = {};      ///< fields that are shown, for the count; empty: all
};

/// Takes what a follower is told, in order. Leaves live for the call. Each gives false if no more is wanted behind it.
class Follower {
 public:
  virtual ~Follower() = default;
  /// `place`: behind this change.
  virtual bool put(const ChangePlace& place, const Slot* slots) = 0;
  /// The row as it was.
  virtual bool gone(const ChangePlace& place, const Slot* slots) = 0;
  virtual bool epoch_ends(uint64_t epoch, int64_t watermark) = 0;
  /// A row of a snapshot. `position`: behind it, sealed as that of a ReadResult.
  virtual bool row(const std::string& position, const Slot* slots) = 0;
};

/// From a place that has been checked, a bounded number of stored changes. Gives the place to go on from.
Result<ChangePlace> read_changes(const ChangePlan& plan, const std::shared_ptr<const ViewsState>& state, size_t view,
                                 const ChangePlace& from, Follower& follower);

/// Rows of a state from a position on, which is empty at the beginning. Gives the position to go on from; nothing: that
/// was all. An error of kind `input`: it is no position of this reader.
Result<std::optional<std::string>> read_snapshot(const ChangePlan& plan, const std::shared_ptr<const ViewsState>& state,
                                                 size_t view, const std::string& position, Follower& follower);

}  // namespace braid::serve
