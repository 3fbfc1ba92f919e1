#include "runtime/connect/event_topic.h"

#include <algorithm>

namespace braid {
namespace {

/// Kafka's MESSAGE_TOO_LARGE, and what its client says before it sends one.
bool is_too_long(const BrokerError& error) {
  return error.fault == BrokerFault::refused && error.code == 10;
}

}  // namespace

BrokerStatus EventTopic::prepare(int64_t at_most_us) {
  if (partitions_ == 0) {
    const std::string names[] = {topic_};
    BRAID_ASSIGN(std::vector<TopicInfo> found, broker_->describe(names, at_most_us));
    if (found.empty()) {
      const NewTopic made[] = {{.name = topic_, .partitions = 1, .replicas = replicas_, .settings = {}}};
      BRAID_TRY(broker_->create_topics(made, at_most_us));
      found = {{topic_, 1}};
    }
    partitions_ = std::max(found.front().partitions, 1);
  }
  if (writer_ != nullptr) return {};
  BRAID_ASSIGN(writer_, broker_->make_writer({}));
  return {};
}

BrokerStatus EventTopic::send(int64_t at_most_us) {
  BRAID_TRY(prepare(at_most_us));
  BRAID_TRY(writer_->write({.place = {topic_, partition_of_key(key_, partitions_)},
                            .key = key_,
                            .value = *sending_,
                            .headers = {},
                            .timestamp_ms = clock_.now_us() / 1000}));
  return writer_->flush(at_most_us);
}

void EventTopic::work(int64_t at_most_us) {
  const int64_t end = clock_.steady_us() + at_most_us;
  if (clock_.steady_us() < try_at_) return;
  // A broker that has not been asked before answers later than others.
  constexpr int64_t kLeast = 2'000'000;
  while (sending_ || !queue_.empty()) {
    if (!sending_) sending_ = queue_.take();
    const BrokerStatus sent = send(std::max(end - clock_.steady_us(), kLeast));
    if (sent.ok()) {
      problem_.clear();
      ++queue_.counts.sent;
      sending_.reset();
    } else if (is_too_long(sent.error())) {
      problem_ = sent.error().message;
      ++queue_.counts.dropped;
      sending_.reset();
      writer_.reset();
    } else {
      problem_ = sent.error().message;
      writer_.reset();  // with what it has not sent: it is written again
      partitions_ = 0;
      try_at_ = clock_.steady_us() + kPauseUs;
      return;
    }
    if (clock_.steady_us() >= end) return;
  }
}

}  // namespace braid
