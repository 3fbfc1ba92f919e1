// Which settings of librdkafka a user may give, which hold secrets, and what to do instead of those that are refused.
// Without the library, so that braid.toml is checked where it is not installed.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace braid::kafka {

/// Sorted. Settings that run commands, load code or read files are left out, and so is all that the guarantees rest on.
inline constexpr std::array<std::string_view, 44> kAllowedSettings{
    "broker.address.family",
    "broker.address.ttl",
    "client.rack",
    "connections.max.idle.ms",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.wait.max.ms",
    "https.ca.pem",
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
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.extensions",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
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
    "ssl.certificate.pem",
    "ssl.cipher.suites",
    "ssl.curves.list",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.sigalgs.list",
};

/// Sorted; never written out in braid.toml.
inline constexpr std::array<std::string_view, 4> kSecretSettings{
    "sasl.oauthbearer.client.secret",
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
};

struct RefusedSetting {
  std::string_view name;
  std::string_view reason;  ///< with the way out
};

/// Names that people bring along, of librdkafka and of the Java client.
inline constexpr std::array kRefusedSettings{
    RefusedSetting{"acks", "exactly once rests on it; `delivery` chooses the guarantee"},
    RefusedSetting{"allow.auto.create.topics", "the job makes the topics that it writes itself"},
    RefusedSetting{"auto.offset.reset", "the `start` of a binding says where a job begins"},
    RefusedSetting{"bootstrap.servers", "the key `brokers` of the environment has the addresses"},
    RefusedSetting{"client.id", "it is made of `group` and `instance`"},
    RefusedSetting{"compression.codec", "use `compression`"},
    RefusedSetting{"compression.type", "use `compression`"},
    RefusedSetting{"debug", "it may write secrets to a log"},
    RefusedSetting{"enable.auto.commit", "the job commits offsets together with its results"},
    RefusedSetting{"enable.idempotence", "exactly once rests on it; `delivery` chooses the guarantee"},
    RefusedSetting{"enable.ssl.certificate.verification",
                   "without it anybody can answer as the broker; trust a private authority by `ssl.ca.pem`"},
    RefusedSetting{"group.id", "use `group`"},
    RefusedSetting{"group.instance.id", "use `instance`"},
    RefusedSetting{"group.protocol", "the job shares its work by the classic protocol"},
    RefusedSetting{"heartbeat.interval.ms", "it follows from `session_timeout`"},
    RefusedSetting{"isolation.level", "jobs read committed records only"},
    RefusedSetting{"linger.ms", "batches end with the turns of the job"},
    RefusedSetting{"max.poll.interval.ms", "the job sets it"},
    RefusedSetting{"metadata.broker.list", "the key `brokers` of the environment has the addresses"},
    RefusedSetting{"partition.assignment.strategy", "the job shares its work by it"},
    RefusedSetting{"partitioner", "rows go where the Java client would send their key"},
    RefusedSetting{"plugin.library.paths", "it loads code into the job"},
    RefusedSetting{"sasl.jaas.config", "use `sasl.username` and `sasl.password`"},
    RefusedSetting{"sasl.kerberos.keytab", "Kerberos is not supported; use SCRAM or OAUTHBEARER"},
    RefusedSetting{"sasl.kerberos.kinit.cmd", "it runs a command; use SCRAM or OAUTHBEARER"},
    RefusedSetting{"sasl.kerberos.principal", "Kerberos is not supported; use SCRAM or OAUTHBEARER"},
    RefusedSetting{"sasl.kerberos.service.name", "Kerberos is not supported; use SCRAM or OAUTHBEARER"},
    RefusedSetting{"sasl.mechanisms", "use `sasl.mechanism`"},
    RefusedSetting{"sasl.oauthbearer.config", "it makes tokens that nobody signs; use `sasl.oauthbearer.method`"},
    RefusedSetting{"session.timeout.ms", "use `session_timeout`"},
    RefusedSetting{"ssl.ca.location", "it reads a file on its own; use `ssl.ca.pem` with a value `file:PATH`"},
    RefusedSetting{"ssl.certificate.location",
                   "it reads a file on its own; use `ssl.certificate.pem` with a value `file:PATH`"},
    RefusedSetting{"ssl.engine.location", "it loads code into the job"},
    RefusedSetting{"ssl.key.location", "it reads a file on its own; use `ssl.key.pem` with a value `file:PATH`"},
    RefusedSetting{"ssl.keystore.location", "use `ssl.certificate.pem` and `ssl.key.pem` with values `file:PATH`"},
    RefusedSetting{"ssl.keystore.password", "use `ssl.certificate.pem` and `ssl.key.pem` with values `file:PATH`"},
    RefusedSetting{"ssl.truststore.location", "use `ssl.ca.pem` with a value `file:PATH`"},
    RefusedSetting{"ssl.truststore.password", "use `ssl.ca.pem` with a value `file:PATH`"},
    RefusedSetting{"statistics.interval.ms", "the job has metrics of its own"},
    RefusedSetting{"transaction.timeout.ms", "use `transaction_timeout`"},
    RefusedSetting{"transactional.id", "the job makes its transactional ids of `group`"},
};

constexpr bool is_allowed(std::string_view setting) {
  return std::binary_search(kAllowedSettings.begin(), kAllowedSettings.end(), setting);
}
constexpr bool is_secret(std::string_view setting) {
  return std::binary_search(kSecretSettings.begin(), kSecretSettings.end(), setting);
}
/// Nothing for a setting that is allowed, or that nobody knows.
constexpr std::optional<std::string_view> why_refused(std::string_view setting) {
  for (const RefusedSetting& each : kRefusedSettings)
    if (each.name == setting) return each.reason;
  return std::nullopt;
}

/// What an allowed setting takes, if the library would also take something that is not safe.
constexpr std::optional<std::string_view> expected_instead(std::string_view setting, std::string_view value) {
  // The library would send the client's secret in the clear, or read what the address of another kind names.
  if (setting == "sasl.oauthbearer.token.endpoint.url" && !value.starts_with("https://"))
    return "an address that begins with https://";
  return std::nullopt;
}

static_assert(std::is_sorted(kAllowedSettings.begin(), kAllowedSettings.end()));
static_assert(std::is_sorted(kSecretSettings.begin(), kSecretSettings.end()));

}  // namespace braid::kafka
