// One instance's connection to a simulated cluster. What its clients do follows the Kafka client: they send again what
// was not answered, keep records in flight, take part in their group in the background, and begin a new session after
// doubt.
//
// Each call of a client is a chance for faults (FaultPlan): a pause of the whole instance, or its crash. After a crash
// every call fails with `refused`, nothing is sent any more, and objects are destroyed in silence; what was on its way
// still arrives.
#pragma once

#include "runtime/broker/sim_cluster.h"

namespace braid {

class SimBroker : public Broker {
 public:
  /// The cluster outlives it.
  SimBroker(SimCluster& cluster, std::string instance);

  BrokerResult<std::unique_ptr<BrokerReader>> make_reader(const ReaderOptions& options) override;
  BrokerResult<std::unique_ptr<BrokerGroup>> make_group(const GroupOptions& options) override;
  BrokerResult<std::unique_ptr<BrokerWriter>> make_writer(const WriterOptions& options) override;

  BrokerResult<std::vector<std::string>> topics(int64_t timeout_us) override;
  BrokerResult<std::vector<TopicInfo>> describe(std::span<const std::string> topics, int64_t timeout_us) override;
  BrokerResult<std::map<std::string, std::string>> topic_settings(const std::string& topic,
                                                                  int64_t timeout_us) override;
  BrokerStatus create_topics(std::span<const NewTopic> topics, int64_t timeout_us) override;
  BrokerStatus delete_topics(std::span<const std::string> topics, int64_t timeout_us) override;
  BrokerStatus delete_records_before(const TopicPartition& place, int64_t offset, int64_t timeout_us) override;
  BrokerStatus delete_group(const std::string& group, int64_t timeout_us) override;
  BrokerResult<OffsetRange> offsets(const TopicPartition& place, int64_t timeout_us) override;
  BrokerResult<int64_t> offset_at(const TopicPartition& place, int64_t timestamp_ms, int64_t timeout_us) override;

  /// Of this instance, from now on.
  void crash() { instance_->crashed = true; }
  bool crashed() const { return instance_->crashed; }
  /// As if the process were stopped and went on later: its clients do nothing, and calls do not return.
  void pause(int64_t for_us);

 private:
  SimCluster& cluster_;
  std::shared_ptr<SimInstance> instance_;
};

}  // namespace braid
