// A step whose rows are changes of a table. In a turn it notes which keys have changed, in the order of the rows that
// changed them first; at the end of the turn it puts out what each key has come to: the row before goes, the row now
// comes. So a key has at most one row that goes and one that comes in a turn, the former first, and neither where they
// are equal. Keys that time lets it forget go behind those, in the order of their hashes.
//
// Output: the columns of the step, then bool kRetracted: the row goes.
#pragma once

#include <vector>

#include "runtime/operators/operator.h"
#include "runtime/state/group_table.h"

namespace braid {

class ChangesNode : public OperatorNode {
 public:
  explicit ChangesNode(const Services& services);
  std::optional<ReleasePoint> next_release() final;
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) final;
  void finish_release(std::vector<Block>& out) final;

 protected:
  /// A key that this turn has changed.
  struct Touched {
    RowHandle row;      ///< of the step's state
    uint64_t sequence;  ///< of the row that changed it first
    Bytes before;       ///< its row before the turn, in the form of the step; no data: there was none
    /// By instants: when its rows before have gone by themselves, which was no later than the change.
    int64_t ended = kEndTime;
  };
  /// A row to be put out.
  struct Change {
    uint64_t sequence;
    bool goes;
    int64_t time;
    uint64_t hash;
    std::string_view key;
    uint64_t place = 0;  ///< among the rows of the key that go, or come
  };
  Touched& touch(RowHandle row, uint64_t sequence) {
    return touched_.emplace_back(Touched{row, sequence, {}, kEndTime});
  }
  /// In this turn, by its place in the order of touches.
  Touched& touched(uint32_t place) { return touched_[place]; }
  uint32_t touches() const { return static_cast<uint32_t>(touched_.size()); }
  /// The key was to be forgotten at `end`, and its next row, if any, has come at `next`.
  void end_at(Touched& touched, int64_t end, int64_t next) const {
    if (by_instants_ && end <= next) touched.ended = end;
  }
  /// The time of the rows that go, of a key that has changed at `time`.
  static int64_t goes_at(const Touched& touched, int64_t time) {
    return touched.ended == kEndTime ? time : touched.ended;
  }
  /// Up to where keys are forgotten. By instants the end of the input is one of time: a key goes when it is to.
  int64_t forgets_to() const { return by_instants_ && edges[0].ended ? kEndTime - 1 : edges[0].gone_by(); }
  /// A block for these rows: time, causes and kRetracted are there, the other columns are the step's to fill.
  Block begin_block(std::span<const Change> changes);
  /// Puts out the rows of it that `kept` names.
  void put_out(const Block& block, const std::vector<uint32_t>& kept, std::vector<Block>& out);
  /// Time has moved: touches the keys whose rows go by that, with forgotten_sequence() and in the order of their
  /// hashes.
  virtual void touch_forgotten() {}
  uint64_t forgotten_sequence() const { return services_.turn << 32 | UINT32_MAX; }
  /// The rows of these keys, which the next turn may touch again.
  virtual void emit(std::span<const Touched> touched, std::vector<Block>& out) = 0;
  /// All keys of the turn are out.
  virtual void end_turn() {}
  /// Of a key of this step.
  virtual uint64_t hash_of(RowHandle row) const = 0;

  std::vector<Leaf> leaves_;
  const bool by_instants_;  ///< rows come instant by instant

 private:
  /// Where a key that has been touched stands in the order of release.
  ReleasePoint point_of(const Touched& touched) const;

  std::vector<Touched> touched_;
  size_t next_ = 0;     ///< of these to be put out
  bool moved_ = false;  ///< touch_forgotten() has been called in this turn
};

}  // namespace braid
