// A member of a group. Heartbeats and joining go on in the background, as in the Kafka client; what changes hands is
// handed to the owner by serve(), and a member joins again only after its owner has given up what it had to.
#include <algorithm>
#include <deque>

#include "runtime/broker/sim_clients.h"
#include "runtime/broker/sim_membership.h"

namespace braid {
namespace {

class SimGroup : public BrokerGroup, SimClient {
 public:
  SimGroup(SimCluster& cluster, std::shared_ptr<SimInstance> instance, const GroupOptions& options)
      : SimClient(cluster, std::move(instance)), options_(options) {
    member_.group = options.group;
    member_.instance = options.instance;
    served_at_ = heard_at_ = now();
    join();
    beat();
  }
  ~SimGroup() { say_goodbye(); }

  BrokerStatus serve(int64_t timeout_us, Owner& owner) override {
    BRAID_TRY(enter());
    const int64_t until = now() + timeout_us;
    pass_time();
    served_at_ = now();
    if (std::exchange(gave_up_, false)) {
      // The background has left the group meanwhile, because nobody served.
      if (changes_.empty() && !joining_) join();
      return BrokerError{BrokerFault::retry, "the group of `" + options_.topic + "` was not served for too long", 0};
    }
    do {
      SimClient::wait(until, [this] { return !changes_.empty() || !failure_.ok(); });
      served_at_ = now();
      BRAID_TRY(enter());
      BRAID_TRY(failure_);
      while (!changes_.empty()) {
        hand_over(owner);
        served_at_ = now();
        BRAID_TRY(enter());
      }
      // A join says what is owned, so it comes when all of that is known. One that is on its way while partitions are
      // given up has said that they are still owned, and another one follows it.
      if (has_given_up_ && !joining_ && !gave_up_ && !left_) {
        has_given_up_ = false;
        join();
      }
    } while (now() < until);
    return {};
  }

  BrokerStatus leave(int64_t timeout_us, Owner& owner) override {
    (void)timeout_us;
    BRAID_TRY(enter());
    life_ = std::make_shared<char>();
    // A loss that was not handed over yet comes first.
    const bool lost = std::ranges::any_of(changes_, [](const Change& each) { return each.lost; });
    changes_.clear();
    if (!owned_.empty()) owner.revoked(std::vector(owned_), lost);
    owned_.clear();
    say_goodbye();
    return enter();
  }

  BrokerResult<std::vector<Committed>> committed(std::span<const TopicPartition> places, int64_t timeout_us) override {
    BRAID_TRY(enter());
    const std::vector<TopicPartition> asked(places.begin(), places.end());
    std::optional<SimGroups::Offsets> answer = call<SimGroups::Offsets>(
        SimRequest::committed, now() + timeout_us,
        [&cluster = cluster_, group = options_.group, asked] { return cluster.groups().committed(group, asked); });
    BRAID_TRY(enter());
    const std::string action = "cannot read the committed offsets";
    if (!answer) return error_of(SimError::timed_out, action);
    if (answer->error != SimError::none) return error_of(answer->error, action);
    return std::move(answer->found);
  }

  BrokerStatus commit(std::span<const OffsetToCommit> offsets, int64_t timeout_us) override {
    BRAID_TRY(enter());
    const std::string action = "cannot commit the offsets";
    if (member_.generation < 0) return error_of(SimError::unknown_member, action);
    const std::vector<OffsetToCommit> sent(offsets.begin(), offsets.end());
    const std::optional<SimAnswer> answer = call<SimAnswer>(
        SimRequest::commit_offsets, now() + timeout_us,
        [&cluster = cluster_, member = member_, sent] { return cluster.groups().commit_offsets(member, sent); });
    BRAID_TRY(enter());
    const SimError error = answer ? answer->error : SimError::timed_out;
    if (error == SimError::none) return {};
    BrokerError found = error_of(error, action);
    if (found.fault == BrokerFault::retry) found.fault = BrokerFault::uncertain;
    return found;
  }

  std::unique_ptr<Membership> membership() override {
    auto made = std::make_unique<SimMembership>();
    made->member = member_;
    return made;
  }

 private:
  /// Waits for the owner.
  struct Change {
    std::vector<int32_t> partitions;
    bool gain = false;
    bool lost = false;
  };

  void say_goodbye() {
    life_ = std::make_shared<char>();
    // A static member keeps its place for when it is back.
    if (std::exchange(left_, true) || instance_->crashed || member_.member.empty() || member_.instance) {
      member_.generation = -1;
      return;
    }
    send_leave();
    member_.member.clear();
    member_.generation = -1;
  }

  /// Nobody waits for the answer.
  void send_leave() {
    cluster_.send<SimAnswer>(
        instance_, connection_, SimRequest::leave,
        [&cluster = cluster_, member = member_] {
          cluster.groups().leave(member);
          return SimAnswer{};
        },
        [](const std::optional<SimAnswer>&) {});
  }

  void hand_over(Owner& owner) {
    Change change = std::move(changes_.front());
    changes_.pop_front();
    if (change.gain) {
      owned_.insert(owned_.end(), change.partitions.begin(), change.partitions.end());
      if (!change.partitions.empty()) owner.assigned(change.partitions);
      return;
    }
    // What was lost while it was being given up is given up once.
    std::erase_if(change.partitions, [this](int32_t each) { return std::ranges::count(owned_, each) == 0; });
    if (!change.partitions.empty()) owner.revoked(change.partitions, change.lost);
    for (int32_t each : change.partitions) std::erase(owned_, each);
    has_given_up_ = true;
  }

  void after(int64_t delay_us, std::function<void()> what) {
    cluster_.deliver(instance_, now() + delay_us, [life = std::weak_ptr(life_), what = std::move(what)] {
      if (!life.expired()) what();
    });
  }

  void join() {
    joining_ = true;
    const uint64_t round = ++round_;
    SimJoin asked{member_, options_.topic, options_.session_timeout_us, options_.work_timeout_us, owned_};
    asked.member.generation = owned_generation_;
    // The answer to a join is not the answer to its request: that comes at the end of the round.
    cluster_.send<SimAnswer>(
        instance_, connection_, SimRequest::join,
        [this, &cluster = cluster_, asked, instance = instance_, life = std::weak_ptr(life_), round] {
          cluster.groups().join(asked, [this, &cluster, instance, life, round](const SimJoinAnswer& answer) {
            if (cluster.faults().chance(cluster.faults().plan.lost_answer)) return;
            cluster.deliver(instance, cluster.time().now_us() + cluster.way(), [this, life, round, answer] {
              if (!life.expired() && round == round_) joined(answer);
            });
          });
          return SimAnswer{};
        },
        [this, life = std::weak_ptr(life_), round](const std::optional<SimAnswer>& answer) {
          if (life.expired() || round != round_ || !joining_) return;
          if (!answer || answer->error != SimError::none)
            after(kBackoff, [this, round] {
              if (round == round_ && joining_) join();
            });
        },
        static_cast<int64_t>(4 * owned_.size()));
  }

  void joined(const SimJoinAnswer& answer) {
    if (answer.error == SimError::fenced_instance) {
      fence();
      return;
    }
    if (answer.error != SimError::none) {
      lose(false);
      return;
    }
    joining_ = false;
    heard_at_ = now();
    member_.member = answer.member;
    member_.generation = owned_generation_ = answer.generation;
    if (cluster_.partitions_of(options_.topic) == 0)
      failure_ = error_of(SimError::unknown_topic, "the group of `" + options_.topic + "`");
    Change gone, gained;
    std::ranges::set_difference(sorted(owned_), answer.assigned, std::back_inserter(gone.partitions));
    std::ranges::set_difference(answer.assigned, sorted(owned_), std::back_inserter(gained.partitions));
    gained.gain = true;
    if (!gone.partitions.empty()) changes_.push_back(std::move(gone));
    if (!gained.partitions.empty()) changes_.push_back(std::move(gained));
  }

  static std::vector<int32_t> sorted(std::vector<int32_t> list) {
    std::ranges::sort(list);
    return list;
  }

  /// The group has gone on without this member. What it owns is lost; it joins again when the owner knows.
  void lose(bool keeps_name) {
    ++round_;
    joining_ = false;
    if (!keeps_name) member_.member.clear();
    member_.generation = -1;
    // Gains that were not handed over never were.
    changes_.clear();
    if (owned_.empty()) {
      if (!gave_up_) join();
      return;
    }
    changes_.push_back({owned_, false, true});
  }

  void fence() {
    lose(false);
    ++round_;
    joining_ = false;
    left_ = true;
    failure_ = error_of(SimError::fenced_instance, "the group of `" + options_.topic + "`");
  }

  /// Heartbeats, for as long as the member lives.
  void beat() {
    after(std::max<int64_t>(options_.session_timeout_us / 10, 1000), [this] {
      if (left_) return;
      beat();
      if (gave_up_) return;
      if (now() - served_at_ > options_.work_timeout_us) {
        give_up();
        return;
      }
      if (joining_) {
        // The group may have lost the answer, or the member.
        if (now() - heard_at_ > options_.session_timeout_us) {
          heard_at_ = now();
          join();
        }
        return;
      }
      if (member_.generation < 0) return;
      if (now() - heard_at_ > options_.session_timeout_us) {
        heard_at_ = now();
        lose(true);
        return;
      }
      const SimMember member = member_;
      cluster_.send<SimAnswer>(
          instance_, connection_, SimRequest::heartbeat,
          [&cluster = cluster_, member] { return cluster.groups().heartbeat(member); },
          [this, life = std::weak_ptr(life_), member](const std::optional<SimAnswer>& answer) {
            if (life.expired() || !answer || joining_ || member.generation != member_.generation) return;
            heard(answer->error);
          });
    });
  }

  void heard(SimError error) {
    switch (error) {
      case SimError::none:
        heard_at_ = now();
        return;
      case SimError::rebalance_in_progress:
        heard_at_ = now();
        // What has come to change is handed over first, so that the join says what is owned.
        if (changes_.empty() && !has_given_up_) join();
        return;
      case SimError::illegal_generation:
        lose(true);
        return;
      case SimError::unknown_member:
        lose(false);
        return;
      case SimError::fenced_instance:
        fence();
        return;
      default:
        return;
    }
  }

  void give_up() {
    gave_up_ = true;
    if (!member_.member.empty() && !member_.instance) send_leave();
    lose(false);
  }

  GroupOptions options_;
  SimMember member_;
  std::vector<int32_t> owned_;
  int32_t owned_generation_ = -1;  ///< the last one in which this member had a say
  std::deque<Change> changes_;
  int64_t served_at_ = 0, heard_at_ = 0;
  uint64_t round_ = 0;  ///< counts joins; answers to earlier ones are dropped
  bool joining_ = false;
  bool has_given_up_ = false;  ///< and has to join again
  bool gave_up_ = false;       ///< nobody served for too long
  bool left_ = false;
  BrokerStatus failure_;
};

}  // namespace

std::unique_ptr<BrokerGroup> make_sim_group(SimCluster& cluster, std::shared_ptr<SimInstance> instance,
                                            const GroupOptions& options) {
  return std::make_unique<SimGroup>(cluster, std::move(instance), options);
}

}  // namespace braid
