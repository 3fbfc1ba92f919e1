// The clients that a KafkaBroker makes. Internal to the folder.
#pragma once

#include "runtime/connect/kafka/kafka_broker.h"
#include "runtime/connect/kafka/kafka_handles.h"
#include "runtime/connect/kafka/kafka_trail.h"

namespace braid::kafka {

struct KafkaMembership : BrokerGroup::Membership {
  GroupMetadata metadata;
  std::string group;
};

BrokerResult<std::unique_ptr<BrokerReader>> make_kafka_reader(const KafkaOptions& kafka, const ReaderOptions& options);
BrokerResult<std::unique_ptr<BrokerGroup>> make_kafka_group(const KafkaOptions& kafka, const GroupOptions& options);
BrokerResult<std::unique_ptr<BrokerWriter>> make_kafka_writer(const KafkaOptions& kafka, const WriterOptions& options,
                                                              Trail& trail);

}  // namespace braid::kafka
