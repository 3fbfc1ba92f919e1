// Apache Kafka (brokers of 4.0 and later) as a Broker, by librdkafka. The only folder that knows the library. It is a
// shared library of its own, which load/ opens when a job first needs a broker.
//
// Its threads are the library's: they read, write and keep connections; every callback is taken on the thread that
// calls.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/broker/broker.h"

namespace braid::kafka {

struct KafkaOptions {
  std::string brokers;    ///< host:port, separated by commas
  std::string client_id;  ///< as which the brokers log it
  /// Settings of librdkafka by name. Only those that is_allowed() names (allowed_settings.h): others can run commands
  /// or read files.
  std::vector<std::pair<std::string, std::string>> settings;
};

/// Connects when it is first used. Fails with `refused` for a setting that is not allowed or has a wrong value.
BrokerResult<std::unique_ptr<Broker>> make_kafka_broker(const KafkaOptions& options);
using MakeBroker = BrokerResult<std::unique_ptr<Broker>> (*)(const KafkaOptions& options);

}  // namespace braid::kafka

/// The entry of the shared library.
extern "C" braid::kafka::MakeBroker braid_kafka_make_broker();
