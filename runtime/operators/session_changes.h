// `emit changes` of sessions: what the sessions of a key have come to at the end of a turn, against what they were
// before it. A session that has grown, or is merged with another, is another row: the one before goes. Sessions that
// close put out nothing more; their rows stay.
//
// Output: the row of the group (group_output.h), then bool kRetracted; of `top` one for each of the first rows of a
// session, as TopOutput has them, and kRetracted. Order: hash and bytes of the key; of a key what
// goes, then what comes, newest first. Belongs to one SessionGroupNode, whose sessions it asks for; it has no state
// between turns. One thread.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "runtime/operators/group_state.h"
#include "runtime/operators/operator.h"
#include "runtime/state/group_table.h"
#include "runtime/state/key_format.h"
#include "runtime/state/stored_rows.h"

namespace braid {

class SessionChanges {
 public:
  /// A session, as it would be if no row came any more.
  struct Shown {
    int64_t first, last, end;
    const char* state;
  };
  /// Appends those of a key.
  using Show = std::function<void(RowHandle key, std::vector<Shown>& sessions)>;

  /// All of these outlive it.
  SessionChanges(const Services& services, const GroupState& state, const KeyFormat& key);
  /// The rows of the turn, or of an instant of it, come.
  void begin(const Block& block) {
    if (by_instants_ && block.rows > 0) instant_ = block.time[0];
  }
  /// The turn has changed the key already.
  bool has(RowHandle key) const { return known_.contains(key); }
  /// `before`: its sessions before the turn.
  void note(RowHandle key, uint64_t hash, std::string_view bytes, std::span<const Shown> before);
  /// Of all keys of the turn, before any session closes; nothing: they are out.
  std::optional<ReleasePoint> next_release();
  /// Puts out those before the point, and returns their number. `shown`: what was shown is not needed any more.
  uint64_t release_before(const ReleasePoint& point, const Show& show, const std::function<void()>& shown,
                          uint64_t& made, std::vector<Block>& out);

 private:
  struct Before {
    int64_t start, end, last;
    uint64_t number;  ///< of `top`: of the row, from 1; else 0
    std::string results;
  };
  struct Noted {
    RowHandle row;
    uint64_t hash;
    std::string key;
    std::vector<Before> before;
  };
  struct Change {
    const Noted* key;
    uint64_t place;  ///< among the changes of the key
    bool goes;
    int64_t start, end, last;
    uint64_t number;
    Bytes results;
    const char* misfit = nullptr;  ///< the state of a session whose results do not fit
    size_t aggregate = 0;          ///< the first of those
  };
  /// The rows of each session: `row(session, number, bytes)`; or that its results do not fit.
  using TakeRow = std::function<void(size_t session, uint64_t number, std::string_view bytes)>;
  void read(std::span<const Shown> sessions, Arena& arena, std::vector<GroupState::Misfit>& misfits,
            const TakeRow& row) const;
  void put_out(std::span<const Noted> keys, const Show& show, const std::function<void()>& shown, uint64_t& made,
               std::vector<Block>& out);
  void put_out_rows(std::span<const Change> changes, uint64_t& made, std::vector<Block>& out);

  const Services& services_;
  const Operator& self_;
  const GroupOperator& content_;
  const TopOperator* top_;  ///< null: a group
  const GroupState& state_;
  const KeyFormat& key_;
  std::vector<Leaf> leaves_;
  size_t first_result_;        ///< leaf
  StoredRows results_;         ///< of a group its aggregates, of `top` the row
  size_t window_column_;       ///< leaf; behind the window come the number of the row, if it has one, and the mark
  const bool by_instants_;     ///< rows come instant by instant (instants.h)
  int64_t instant_ = kNoTime;  ///< by which sessions change; else each has the time of its last row
  Arena scratch_;

  // Of a turn.
  std::vector<Noted> noted_;
  std::unordered_set<RowHandle> known_;
  bool sorted_ = true;
  size_t next_ = 0;
};

}  // namespace braid
