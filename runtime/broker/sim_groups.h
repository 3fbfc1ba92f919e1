// The group coordinator of the simulation: members and generations by Kafka's classic protocol, cooperative hand-over,
// and committed offsets.
//
// A rebalance waits for every member to join again, as long as its work time-out. Members keep what they own
// meanwhile. A partition that is to move is given to nobody in the first round: its owner gives it up, joins again, and
// the second round hands it on.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "runtime/broker/sim_faults.h"
#include "runtime/broker/sim_time.h"

namespace braid {

struct SimJoin {
  SimMember member;  ///< its generation is the one in which it came to own `owned`
  std::string topic;
  int64_t session_timeout_us = 0, work_timeout_us = 0;
  std::vector<int32_t> owned;
};

class SimGroups {
 public:
  SimGroups(SimTime& time, std::function<int32_t(const std::string& topic)> partitions_of)
      : time_(time), partitions_of_(std::move(partitions_of)) {}

  /// The answer comes when the rebalance is over.
  void join(const SimJoin& join, std::function<void(SimJoinAnswer)> answer);
  SimAnswer heartbeat(const SimMember& member);
  void leave(const SimMember& member);
  /// Makes all members join again.
  void rebalance(const std::string& group);
  void rebalance_all();
  /// A coordinator that comes back gives every member a whole session.
  void renew_sessions();

  /// Of a transaction: pending until mark().
  SimAnswer add_offsets(const SimMember& member, int64_t producer_id, const std::vector<OffsetToCommit>& offsets);
  /// Without a transaction. A member that joins anew does not commit meanwhile.
  SimAnswer commit_offsets(const SimMember& member, const std::vector<OffsetToCommit>& offsets);
  /// With its offsets; not while it has members.
  SimAnswer forget(const std::string& group);
  void mark(const std::string& group, int64_t producer_id, bool commit);
  struct Offsets : SimAnswer {
    std::vector<BrokerGroup::Committed> found;
  };
  Offsets committed(const std::string& group, const std::vector<TopicPartition>& places) const;

  // figures
  int64_t rebalances() const { return rebalances_; }
  size_t members(const std::string& group) const;

 private:
  enum class State { empty, joining, stable };
  struct Member {
    SimJoin last;
    std::function<void(SimJoinAnswer)> answer;  ///< empty: it has not joined this round
    std::vector<int32_t> assigned;
    int64_t expires_at = 0;
    bool watched = false;
  };
  struct Committed {
    int64_t offset;
    std::string metadata;
  };
  struct Group {
    std::string name, topic;
    State state = State::empty;
    int32_t generation = 0;
    uint64_t round = 0;  ///< counts rebalances
    std::map<std::string, Member> members;
    std::map<std::string, std::string> instances;  ///< of static members: who it is now
    std::map<TopicPartition, Committed> offsets;
    std::map<int64_t, std::map<TopicPartition, Committed>> pending;
  };
  SimError check(const Group& group, const SimMember& member) const;
  SimError check_generation(const Group& group, const SimMember& member) const;
  void begin_round(Group& group);
  void finish_if_all_are_here(Group& group);
  void finish_round(Group& group);
  void watch(Group& group, const std::string& name);
  void remove(Group& group, const std::string& name);

  SimTime& time_;
  std::function<int32_t(const std::string&)> partitions_of_;
  std::map<std::string, Group> groups_;
  int64_t next_member_ = 1, rebalances_ = 0;
};

/// Shares partitions 0 … n−1 among members by name: as even as possible, and each keeps what it has as far as that
/// allows. What another one still owns is left out. `owned`: what each has now.
std::map<std::string, std::vector<int32_t>> share_partitions(int32_t partitions,
                                                             const std::map<std::string, std::vector<int32_t>>& owned);

}  // namespace braid
