// The servers of the simulation: topics, coordinators, and the network between them and the instances. One for a whole
// simulation; each instance has a SimBroker (sim_broker.h), which is its connection to this.
//
// Everything that happens depends on the seed and on the order of calls. Time is virtual, see SimTime: instances are
// tasks of it (spawn), or calls come from one thread outside of all tasks.
#pragma once

#include <map>

#include "runtime/broker/sim_transactions.h"

namespace braid {

struct SimOptions {
  uint64_t seed = 1;
  TransactionLevel level = TransactionLevel::by_session;
  FaultPlan faults;
  /// Of a request or an answer that nothing befalls.
  int64_t shortest_way_us = 100, longest_way_us = 1000;
  /// After which a client gives a request up and sends it again.
  int64_t request_timeout_us = 2'000'000;
  int64_t largest_record = 1'000'000;
  /// Records of a batch that a writer sends before it is flushed.
  size_t batch_records = 50;

  // Mistakes to be found, for tests of tests: clients as they must not be.
  /// The writer goes on with its epoch after a doubtful answer, as librdkafka does by itself.
  bool keeps_epoch_after_doubt = false;
  /// A commit does not wait for the acknowledgement of records.
  bool commits_unflushed = false;
};

/// A process of which the clients are part.
struct SimInstance {
  std::string name;
  bool crashed = false;
  int64_t paused_until_us = 0;
};

/// What was sent on one connection arrives and is answered in order. When it breaks, what was sent on it since shares
/// the fate of the request that broke it; the client notices at one time, and goes on with a new connection.
struct SimConnection {
  int64_t last_arrival_us = 0, last_answer_us = 0;
  SimFault fate = SimFault::none;
  int64_t breaks_at_us = 0;
};

class SimCluster : private SimPartitions {
 public:
  /// The clock outlives it, and is moved by it.
  SimCluster(ManualClock& clock, const SimOptions& options);

  SimTime& time() { return time_; }
  SimFaults& faults() { return faults_; }
  SimGroups& groups() { return groups_; }
  SimTransactions& transactions() { return transactions_; }
  const SimOptions& options() const { return options_; }

  // topics
  struct Topic {
    std::vector<SimLog> logs;
    bool append_time = false;
    int64_t largest_record = 0;
    std::map<std::string, std::string> settings = {{"cleanup.policy", "delete"}, {"retention.ms", "604800000"}};
    int64_t known_from_us = 0;  ///< to brokers other than the one that lists it
  };
  /// Null if there is none.
  SimLog* log_of(const TopicPartition& place) override;
  const Topic* topic(const std::string& name) const;
  std::vector<std::string> topics() const;
  int32_t partitions_of(const std::string& topic) const;
  /// What those say of it who lead it: `unknown_topic`, or `leader_not_available` of one they have not heard of yet.
  SimError answer_of(const TopicPartition& place);
  bool is_known(const TopicPartition& place) override { return answer_of(place) == SimError::none; }
  void create(const NewTopic& topic);
  /// As an instance asks for it: by `late_topics` it is known later.
  void create_by_request(const NewTopic& topic);
  bool remove(const std::string& topic);
  struct Produce {
    TopicPartition place;
    std::string transactional_id;  ///< empty: none
    SimProducer producer;
    int32_t sequence = 0;
    std::shared_ptr<const SimPayload> payload;
  };
  SimAnswer produce(const Produce& request);
  /// Grows when something becomes visible to readers.
  uint64_t version() const { return version_; }

  // faults
  /// No broker answers for this long.
  void go_away(int64_t for_us);
  bool away() const { return time_.now_us() < away_until_; }
  /// No faults from now on: a simulation must come to rest then.
  void calm() { faults_.plan = {}; }

  // the network
  /// `apply` runs where the request arrives: never, once, or once later than its sender thinks. `answered` runs at the
  /// sender, with nothing if the connection broke, or never if that is gone.
  template <class A>
  void send(const std::shared_ptr<SimInstance>& from, SimConnection& connection, SimRequest kind,
            std::function<A()> apply, std::function<void(std::optional<A>)> answered, int64_t bytes = 0);
  /// Runs at the instance when it is not paused; never if it has crashed.
  void deliver(const std::shared_ptr<SimInstance>& to, int64_t time_us, std::function<void()> what);
  int64_t way() { return faults_.between(options_.shortest_way_us, options_.longest_way_us); }
  int64_t bytes_sent() const { return bytes_sent_; }
  int64_t messages_sent() const { return messages_sent_; }  ///< requests

 private:
  void changed() override { ++version_; }

  SimOptions options_;
  SimTime time_;
  SimFaults faults_;
  SimGroups groups_;
  SimTransactions transactions_;
  std::map<std::string, Topic> topics_;
  uint64_t version_ = 0;
  int64_t away_until_ = 0, bytes_sent_ = 0, messages_sent_ = 0;
};

template <class A>
void SimCluster::send(const std::shared_ptr<SimInstance>& from, SimConnection& connection, SimRequest kind,
                      std::function<A()> apply, std::function<void(std::optional<A>)> answered, int64_t bytes) {
  if (from->crashed) return;
  constexpr int64_t kOverhead = 60;
  bytes_sent_ += kOverhead + bytes;
  ++messages_sent_;
  const SimFault fault = faults_.draw(kind);
  const int64_t now = time_.now_us();
  if (connection.breaks_at_us != 0 && connection.breaks_at_us <= now) connection = {};
  if (connection.breaks_at_us == 0 && fault != SimFault::none && fault != SimFault::error) {
    connection.fate = fault;
    connection.breaks_at_us = now + faults_.duration(options_.longest_way_us, options_.request_timeout_us);
    if (fault == SimFault::held)
      connection.last_arrival_us = now + faults_.duration(options_.longest_way_us, faults_.plan.longest_hold_us);
  }
  const int64_t arrival = std::max(now + way(), connection.last_arrival_us);
  if (connection.breaks_at_us != 0) {
    if (connection.fate != SimFault::lost_request) {
      connection.last_arrival_us = arrival;
      time_.at(arrival, [this, apply = std::move(apply)] {
        if (!away()) apply();
      });
    }
    deliver(from, connection.breaks_at_us, [answered = std::move(answered)] { answered(std::nullopt); });
    return;
  }
  const int64_t answer_at = std::max(arrival + way(), connection.last_answer_us);
  connection.last_arrival_us = arrival;
  connection.last_answer_us = answer_at;
  time_.at(arrival, [this, from, answer_at, is_error = fault == SimFault::error, apply = std::move(apply),
                     answered = std::move(answered)] {
    if (away()) {
      deliver(from, answer_at, [answered] { answered(std::nullopt); });
      return;
    }
    A answer;
    if (is_error)
      answer.error = SimError::coordinator_loading;
    else
      answer = apply();
    deliver(from, answer_at, [answered, answer = std::move(answer)] { answered(answer); });
  });
}

}  // namespace braid
