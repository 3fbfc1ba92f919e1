// The freeze of a table: what makes a commit the state at one instant, though its rows are copied beside the next
// turns.
//
// At the edge of an epoch nothing is copied. Each row has a byte that says in which epoch it was changed, and rows with
// changes are in a list. A freeze gives the next changes the other one of two marks and sets the list aside: rows with
// the mark of before are frozen. They are copied in pieces behind the next turns, and one that a turn changes or erases
// is copied before. So the commit has each row as it was at the edge, and a turn pays for the rows that it meets.
//
// One freeze at a time: the next one begins when all rows of the last one are copied. One thread.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "runtime/state/store.h"

namespace braid {

/// In which epoch a row was changed, since it was last copied for a commit. Zero: it was not.
enum class ChangedIn : uint8_t { none, even, odd };

/// About what one piece may copy, in bytes. A row that is looked at costs some, too, so that a piece ends soon.
class CopyBudget {
 public:
  static constexpr uint64_t kBytesOfRow = 64;
  explicit CopyBudget(uint64_t bytes) : left_(bytes) {}
  bool any() const { return left_ > 0; }
  void spend(uint64_t bytes) {
    if (left_ != UINT64_MAX) left_ -= bytes < left_ ? bytes : left_;
  }

 private:
  uint64_t left_;
};

class FrozenRows {
 public:
  /// The mark of rows that change now.
  ChangedIn epoch() const { return epoch_; }
  /// Whether the row must be copied before it changes or leaves.
  bool holds(ChangedIn row) const { return row != ChangedIn::none && row != epoch_; }
  /// The epoch ends. Its erasures come before its rows.
  void begin(StateBatch& erased) {
    epoch_ = epoch_ == ChangedIn::even ? ChangedIn::odd : ChangedIn::even;
    batch_.append(erased);
  }
  /// What has been copied.
  StateBatch& batch() { return batch_; }
  /// All that was frozen, once it is copied.
  void take(StateBatch& into) { into.append(batch_); }
  /// Copies what `copy` does, at its cost.
  template <class Copy>
  void spend(CopyBudget& budget, Copy copy) {
    const uint64_t before = batch_.bytes();
    copy();
    budget.spend(CopyBudget::kBytesOfRow + batch_.bytes() - before);
  }

 private:
  ChangedIn epoch_ = ChangedIn::even;
  StateBatch batch_;
};

/// Items with changes, by where they are found again, and those of a freeze that are still to be copied. An item may be
/// in both parts; what it refers to may have left or have been replaced since: its mark says whether it is frozen.
template <class Item>
class ChangedItems {
 public:
  void add(const Item& item) { changed_.push_back(item); }
  size_t size() const { return changed_.size(); }
  void freeze() {
    frozen_.swap(changed_);
    changed_.clear();
    next_ = 0;
  }
  /// Copies frozen items while there is budget for it: ask(item) and see(item) bring their memory, copy(item) copies.
  /// True: none is left.
  template <class Ask, class See, class Copy>
  bool copy(FrozenRows& rows, CopyBudget& budget, Ask ask, See see, Copy copy) {
    constexpr size_t kAhead = 8;
    for (; next_ < frozen_.size() && budget.any(); ++next_) {
      if (next_ + 2 * kAhead < frozen_.size()) ask(frozen_[next_ + 2 * kAhead]);
      if (next_ + kAhead < frozen_.size()) see(frozen_[next_ + kAhead]);
      rows.spend(budget, [&] { copy(frozen_[next_]); });
    }
    if (next_ < frozen_.size()) return false;
    frozen_.clear();
    next_ = 0;
    return true;
  }

 private:
  std::vector<Item> changed_, frozen_;
  size_t next_ = 0;  ///< of the frozen ones
};

}  // namespace braid
