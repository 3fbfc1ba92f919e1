// The configuration of a client. Internal to the folder.
#pragma once

#include <initializer_list>

#include "runtime/connect/kafka/kafka_broker.h"
#include "runtime/connect/kafka/kafka_handles.h"

namespace braid::kafka {

/// A configuration under construction; a client takes it over.
class Settings {
 public:
  Settings() : conf_(rd_kafka_conf_new()) {}
  ~Settings() {
    if (conf_ != nullptr) rd_kafka_conf_destroy(conf_);
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  /// Those of the user first, then those that the engine needs as they are.
  BrokerStatus set(const KafkaOptions& options, std::initializer_list<std::pair<const char*, std::string>> own);
  BrokerStatus set(const std::string& name, const std::string& value);
  rd_kafka_conf_t* conf() { return conf_; }
  /// A client, which begins its threads.
  BrokerResult<Handle> make(rd_kafka_type_t type);

 private:
  rd_kafka_conf_t* conf_;
};

}  // namespace braid::kafka
