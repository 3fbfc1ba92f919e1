#include "runtime/connect/kafka/kafka_settings.h"

#include <array>

#include "runtime/connect/kafka/allowed_settings.h"

namespace braid::kafka {
BrokerStatus Settings::set(const std::string& name, const std::string& value) {
  std::array<char, 512> reason{};
  const rd_kafka_conf_res_t set = rd_kafka_conf_set(conf_, name.c_str(), value.c_str(), reason.data(), reason.size());
  if (set == RD_KAFKA_CONF_OK) return {};
  if (set == RD_KAFKA_CONF_UNKNOWN)
    return BrokerError{BrokerFault::refused, "there is no such setting as `" + name + "`",
                       RD_KAFKA_RESP_ERR__INVALID_ARG};
  // The reason may name the value, which may be a secret.
  return BrokerError{BrokerFault::refused, "the setting `" + name + "` cannot have this value",
                     RD_KAFKA_RESP_ERR__INVALID_ARG};
}

BrokerStatus Settings::set(const KafkaOptions& options,
                           std::initializer_list<std::pair<const char*, std::string>> own) {
  for (const auto& [name, value] : options.settings) {
    if (!is_allowed(name))
      return BrokerError{BrokerFault::refused, "the setting `" + name + "` is not allowed",
                         RD_KAFKA_RESP_ERR__INVALID_ARG};
    if (const auto expected = expected_instead(name, value))
      return BrokerError{BrokerFault::refused, "the setting `" + name + "` takes " + std::string(*expected),
                         RD_KAFKA_RESP_ERR__INVALID_ARG};
    BRAID_TRY(set(name, value));
  }
  BRAID_TRY(set("bootstrap.servers", options.brokers));
  BRAID_TRY(set("client.id", options.client_id.empty() ? "braid" : options.client_id));
  BRAID_TRY(set("allow.auto.create.topics", "false"));
  // What goes wrong is an error of a call; the library would write it to the standard error output as well.
  rd_kafka_conf_set_log_cb(conf_, [](const rd_kafka_t*, int, const char*, const char*) {});
  for (const auto& [name, value] : own) BRAID_TRY(set(name, value));
  return {};
}

BrokerResult<Handle> Settings::make(rd_kafka_type_t type) {
  std::array<char, 512> reason{};
  Handle made(rd_kafka_new(type, conf_, reason.data(), reason.size()));
  if (made == nullptr)
    return BrokerError{BrokerFault::refused, std::string("the client cannot be made: ") + reason.data(),
                       RD_KAFKA_RESP_ERR__INVALID_ARG};
  conf_ = nullptr;
  return made;
}

}  // namespace braid::kafka
