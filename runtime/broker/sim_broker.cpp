#include "runtime/broker/sim_broker.h"

#include "runtime/broker/sim_clients.h"

namespace braid {
namespace {

/// Requests about topics.
class Admin : public SimClient {
 public:
  Admin(SimCluster& cluster, std::shared_ptr<SimInstance> instance) : SimClient(cluster, std::move(instance)) {}

  template <class A>
  BrokerResult<A> ask(int64_t timeout_us, const std::string& action, const std::function<A()>& apply) {
    BRAID_TRY(enter());
    std::optional<A> answer = call<A>(SimRequest::admin, now() + timeout_us, apply);
    BRAID_TRY(enter());
    if (!answer) return error_of(SimError::timed_out, action);
    if (answer->error != SimError::none) return error_of(answer->error, action);
    return std::move(*answer);
  }
};

template <class T>
struct Value : SimAnswer {
  T value{};
};

}  // namespace

BrokerStatus SimClient::enter() {
  SimFaults& faults = cluster_.faults();
  const FaultPlan& plan = faults.plan;
  const double any = plan.pause + plan.crash + plan.away + plan.rebalance;
  if (!instance_->crashed && faults.chance(any)) {
    if (faults.chance(plan.pause / any)) {
      instance_->paused_until_us =
          std::max(instance_->paused_until_us, now() + faults.duration(1000, plan.longest_pause_us));
    } else if (faults.chance(plan.crash / any)) {
      instance_->crashed = true;
    } else if (faults.chance(plan.away / any)) {
      cluster_.go_away(faults.duration(1000, plan.longest_away_us));
    } else {
      cluster_.groups().rebalance_all();
    }
  }
  wait(instance_->paused_until_us, [] { return false; });
  if (instance_->crashed) return BrokerError{BrokerFault::refused, "the instance has crashed", 0};
  return {};
}

bool SimClient::wait(int64_t until_us, const std::function<bool()>& done) {
  const SimInstance& instance = *instance_;
  SimTime& time = cluster_.time();
  time.wait(until_us, [&] { return instance.crashed || (instance.paused_until_us <= now() && done()); });
  while (!instance.crashed && instance.paused_until_us > now())
    time.wait(instance.paused_until_us, [&] { return instance.crashed; });
  return done();
}

SimBroker::SimBroker(SimCluster& cluster, std::string instance)
    : cluster_(cluster), instance_(std::make_shared<SimInstance>()) {
  instance_->name = std::move(instance);
}

void SimBroker::pause(int64_t for_us) {
  instance_->paused_until_us = std::max(instance_->paused_until_us, cluster_.time().now_us() + for_us);
}

BrokerResult<std::unique_ptr<BrokerReader>> SimBroker::make_reader(const ReaderOptions&) {
  return make_sim_reader(cluster_, instance_);
}

BrokerResult<std::unique_ptr<BrokerGroup>> SimBroker::make_group(const GroupOptions& options) {
  return make_sim_group(cluster_, instance_, options);
}

BrokerResult<std::unique_ptr<BrokerWriter>> SimBroker::make_writer(const WriterOptions& options) {
  return make_sim_writer(cluster_, instance_, options);
}

// What is sent may arrive when the broker object is gone: the requests know the cluster alone.

BrokerResult<std::vector<std::string>> SimBroker::topics(int64_t timeout_us) {
  using Answer = Value<std::vector<std::string>>;
  BRAID_ASSIGN(Answer answer,
               (Admin(cluster_, instance_).ask<Answer>(timeout_us, "cannot list the topics", [&cluster = cluster_] {
                 Answer found;
                 found.value = cluster.topics();
                 return found;
               })));
  return std::move(answer.value);
}

BrokerResult<std::vector<TopicInfo>> SimBroker::describe(std::span<const std::string> topics, int64_t timeout_us) {
  const std::vector<std::string> names(topics.begin(), topics.end());
  using Answer = Value<std::vector<TopicInfo>>;
  BRAID_ASSIGN(
      Answer answer,
      (Admin(cluster_, instance_).ask<Answer>(timeout_us, "cannot describe topics", [&cluster = cluster_, names] {
        Answer found;
        for (const std::string& name : names)
          if (cluster.topic(name) != nullptr) found.value.push_back({name, cluster.partitions_of(name)});
        return found;
      })));
  return std::move(answer.value);
}

BrokerResult<std::map<std::string, std::string>> SimBroker::topic_settings(const std::string& topic,
                                                                           int64_t timeout_us) {
  using Answer = Value<std::map<std::string, std::string>>;
  const std::string action = "cannot find the settings of the topic `" + topic + "`";
  BRAID_ASSIGN(Answer answer, (Admin(cluster_, instance_).ask<Answer>(timeout_us, action, [&cluster = cluster_, topic] {
                 Answer found;
                 const SimCluster::Topic* known = cluster.topic(topic);
                 if (known == nullptr)
                   found.error = SimError::unknown_topic;
                 else
                   found.value = known->settings;
                 return found;
               })));
  return std::move(answer.value);
}

BrokerStatus SimBroker::create_topics(std::span<const NewTopic> topics, int64_t timeout_us) {
  for (const NewTopic& topic : topics)
    if (topic.partitions < 1)
      return BrokerError{BrokerFault::refused, "cannot make the topic `" + topic.name + "`: it has no partitions", 0};
  const std::vector<NewTopic> made(topics.begin(), topics.end());
  BRAID_TRY((Admin(cluster_, instance_).ask<SimAnswer>(timeout_us, "cannot make topics", [&cluster = cluster_, made] {
    for (const NewTopic& topic : made) cluster.create_by_request(topic);
    return SimAnswer{};
  })));
  return {};
}

BrokerStatus SimBroker::delete_topics(std::span<const std::string> topics, int64_t timeout_us) {
  const std::vector<std::string> names(topics.begin(), topics.end());
  BRAID_TRY(
      (Admin(cluster_, instance_).ask<SimAnswer>(timeout_us, "cannot delete topics", [&cluster = cluster_, names] {
        for (const std::string& name : names) cluster.remove(name);
        return SimAnswer{};
      })));
  return {};
}

BrokerStatus SimBroker::delete_records_before(const TopicPartition& place, int64_t offset, int64_t timeout_us) {
  const std::string action = "cannot delete records of " + text_of(place);
  BRAID_TRY((Admin(cluster_, instance_)
                 .ask<SimAnswer>(timeout_us, action, [&cluster = cluster_, place, offset]() -> SimAnswer {
                   if (const SimError error = cluster.answer_of(place); error != SimError::none) return {error};
                   SimLog* log = cluster.log_of(place);
                   if (offset > log->end()) return {SimError::offset_out_of_range};
                   log->delete_before(offset);
                   return {};
                 })));
  return {};
}

BrokerStatus SimBroker::delete_group(const std::string& group, int64_t timeout_us) {
  const std::string action = "cannot delete the group `" + group + "`";
  BRAID_TRY((Admin(cluster_, instance_).ask<SimAnswer>(timeout_us, action, [&cluster = cluster_, group] {
    return cluster.groups().forget(group);
  })));
  return {};
}

BrokerResult<OffsetRange> SimBroker::offsets(const TopicPartition& place, int64_t timeout_us) {
  using Answer = Value<OffsetRange>;
  const std::string action = "cannot find the offsets of " + text_of(place);
  BRAID_ASSIGN(Answer answer,
               (Admin(cluster_, instance_).ask<Answer>(timeout_us, action, [&cluster = cluster_, place]() -> Answer {
                 if (const SimError error = cluster.answer_of(place); error != SimError::none) return {{error}, {}};
                 const SimLog* log = cluster.log_of(place);
                 return {{}, {log->begin(), log->last_stable()}};
               })));
  return answer.value;
}

BrokerResult<int64_t> SimBroker::offset_at(const TopicPartition& place, int64_t timestamp_ms, int64_t timeout_us) {
  using Answer = Value<int64_t>;
  const std::string action = "cannot find the offsets of " + text_of(place);
  BRAID_ASSIGN(Answer answer,
               (Admin(cluster_, instance_)
                    .ask<Answer>(timeout_us, action, [&cluster = cluster_, place, timestamp_ms]() -> Answer {
                      if (const SimError error = cluster.answer_of(place); error != SimError::none)
                        return {{error}, {}};
                      const SimLog* log = cluster.log_of(place);
                      return {{}, log->at_time(timestamp_ms)};
                    })));
  return answer.value;
}

}  // namespace braid
