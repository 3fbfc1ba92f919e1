// Owners of librdkafka's objects, and what its errors mean. Internal to the folder.
#pragma once

#include <rdkafka.h>

#include <memory>
#include <string>

#include "runtime/broker/broker.h"

namespace braid::kafka {

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* object) const {
    destroy(object);
  }
};

using Handle = std::unique_ptr<rd_kafka_t, Destroy<rd_kafka_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy<rd_kafka_topic_partition_list_destroy>>;
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, Destroy<rd_kafka_topic_destroy>>;
using ErrorHandle = std::unique_ptr<rd_kafka_error_t, Destroy<rd_kafka_error_destroy>>;
using AdminOptions = std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;
using GroupMetadata =
    std::unique_ptr<rd_kafka_consumer_group_metadata_t, Destroy<rd_kafka_consumer_group_metadata_destroy>>;

/// What a call that failed with this code leaves to its caller. Not of transactions, see fault_of_transaction.
BrokerFault fault_of(rd_kafka_resp_err_t code);
/// The order of the questions matters: to be aborted, retriable, and all else ends the writer (rdkafka.h).
BrokerFault fault_of_transaction(const rd_kafka_error_t* error);

inline BrokerError error_of(rd_kafka_resp_err_t code, const std::string& action) {
  return {fault_of(code), action + ": " + rd_kafka_err2str(code), static_cast<int>(code)};
}
inline BrokerError error_of_transaction(const rd_kafka_error_t* error, const std::string& action) {
  return {fault_of_transaction(error), action + ": " + rd_kafka_error_string(error),
          static_cast<int>(rd_kafka_error_code(error))};
}

/// A list of one partition, with an offset.
inline PartitionList list_of(const TopicPartition& place, int64_t offset) {
  PartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), place.topic.c_str(), place.partition)->offset = offset;
  return list;
}

inline int milliseconds(int64_t microseconds) {
  constexpr int64_t kMost = 1 << 30;
  const int64_t rounded_up = microseconds <= 0 ? 0 : (microseconds - 1) / 1000 + 1;
  return static_cast<int>(rounded_up < kMost ? rounded_up : kMost);
}

inline std::string text_of(const TopicPartition& place) {
  return place.topic + "/" + std::to_string(place.partition);
}

}  // namespace braid::kafka
