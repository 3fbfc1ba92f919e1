// Owners of librdkafka's objects, and what its errors mean. Internal to the folder.
#pragma once

#include <rdkafka.h>

#include <algorithm>
#include <memory>
#include <span>
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

/// What a call asks of whom, for the message if the user may not.
struct Asked {
  std::string right;             ///< "Read", on a topic
  std::string topic, group, id;  ///< id: of transactions
};

/// `action`: "cannot read t/0". `reason`: where the library says more than the name of the code.
BrokerError error_of(rd_kafka_resp_err_t code, const std::string& action, const Asked& asked = {},
                     std::string reason = {});
BrokerError error_of_transaction(const rd_kafka_error_t* error, const std::string& action, const Asked& asked = {});

/// What librdkafka says of a connection that failed, as errors 7046 to 7048: why no broker answers, what is wrong with
/// the encryption, or with the login.
BrokerError error_of_connection(rd_kafka_resp_err_t code, const std::string& brokers, std::string reason);

/// A list of one partition, with an offset.
inline PartitionList list_of(const TopicPartition& place, int64_t offset) {
  PartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), place.topic.c_str(), place.partition)->offset = offset;
  return list;
}

/// A list of offsets with their metadata.
inline PartitionList offset_list(rd_kafka_t* client, std::span<const OffsetToCommit> offsets) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const OffsetToCommit& each : offsets) {
    rd_kafka_topic_partition_t* place =
        rd_kafka_topic_partition_list_add(list.get(), each.place.topic.c_str(), each.place.partition);
    place->offset = each.offset;
    if (each.metadata.empty()) continue;
    place->metadata = rd_kafka_mem_malloc(client, each.metadata.size());
    std::copy(each.metadata.begin(), each.metadata.end(), static_cast<char*>(place->metadata));
    place->metadata_size = each.metadata.size();
  }
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
