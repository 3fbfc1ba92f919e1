// Writes events to a topic, a record each, all with one key: so they lie in one partition, in their order. Without
// transactions: an event whose acknowledgement was lost is there twice, and says the same.
//
// The topic is made, with one partition, if it is not there. If the brokers cannot be reached it is tried again every
// kPauseUs. An event that is too long for the topic is dropped. One thread.
#pragma once

#include <memory>
#include <optional>

#include "runtime/base/clock.h"
#include "runtime/broker/broker.h"
#include "runtime/outbox/event_queue.h"

namespace braid {

class EventTopic final : public EventSender {
 public:
  static constexpr int64_t kPauseUs = 5'000'000;

  /// `replicas`: of a topic that it makes; −1 for the cluster's default. The clock outlives it.
  EventTopic(std::unique_ptr<Broker> broker, std::string topic, std::string key, int32_t replicas, Clock& clock)
      : broker_(std::move(broker)),
        topic_(std::move(topic)),
        key_(std::move(key)),
        replicas_(replicas),
        clock_(clock) {}

  void add(std::string event) override { queue_.add(std::move(event)); }
  void work(int64_t at_most_us) override;
  bool at_rest() const override { return queue_.empty() && !sending_; }
  std::string problem() const override { return problem_; }
  Counts counts() const override { return queue_.counts; }

 private:
  BrokerStatus prepare(int64_t at_most_us);
  BrokerStatus send(int64_t at_most_us);

  std::unique_ptr<Broker> broker_;
  std::string topic_, key_;
  int32_t replicas_;
  Clock& clock_;
  EventQueue queue_;
  std::unique_ptr<BrokerWriter> writer_;
  int32_t partitions_ = 0;              ///< 0: not known yet
  std::optional<std::string> sending_;  ///< not acknowledged so far
  int64_t try_at_ = INT64_MIN;          ///< steady clock
  std::string problem_;
};

}  // namespace braid
