#include "runtime/connect/kafka/kafka_settings.h"

#include <algorithm>
#include <array>

namespace braid::kafka {
namespace {

/// Left out on purpose: sasl.kerberos.kinit.cmd (runs a command), plugin.library.paths and ssl.engine.location (load
/// code), *.location (read files), sasl.oauthbearer.token.endpoint.url (sends requests), debug (may write secrets), and
/// all that the guarantees rest on (acks, enable.idempotence, isolation.level, enable.auto.commit, …).
constexpr std::array<std::string_view, 32> kAllowed{
    "broker.address.family",
    "broker.address.ttl",
    "client.rack",
    "connections.max.idle.ms",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.wait.max.ms",
    "heartbeat.interval.ms",
    "max.in.flight.requests.per.connection",
    "message.max.bytes",
    "metadata.max.age.ms",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "receive.message.max.bytes",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "sasl.mechanism",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "socket.connection.setup.timeout.ms",
    "socket.keepalive.enable",
    "socket.nagle.disable",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
    "socket.timeout.ms",
    "ssl.ca.pem",
    "ssl.endpoint.identification.algorithm",
};

}  // namespace

bool is_allowed(std::string_view setting) {
  return std::binary_search(kAllowed.begin(), kAllowed.end(), setting);
}

std::vector<std::string_view> allowed_settings() {
  return {kAllowed.begin(), kAllowed.end()};
}

BrokerStatus Settings::set(const std::string& name, const std::string& value) {
  std::array<char, 512> reason{};
  if (rd_kafka_conf_set(conf_, name.c_str(), value.c_str(), reason.data(), reason.size()) == RD_KAFKA_CONF_OK)
    return {};
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
