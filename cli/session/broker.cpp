#include "cli/session/broker.h"

#include <charconv>

#include "cli/session/references.h"
#include "runtime/connect/kafka/allowed_settings.h"
#include "runtime/connect/kafka/load/load.h"

namespace braid::cli {
std::optional<BrokerSettings> broker_settings(const Environment& environment, const std::string& root,
                                              const std::string& job, Reporter& reporter) {
  const KafkaConfig& config = *environment.kafka;
  const bool was_right = !reporter.has_errors();
  References references(config.places, root, reporter);
  BrokerSettings made = config.settings;
  made.brokers = references.read("brokers", made.brokers);
  made.group = made.group.empty() ? job : references.read("group", made.group);
  if (made.instance) made.instance = references.read("instance", *made.instance);
  for (auto& [name, value] : made.client) {
    value = references.read(name, value);
    if (const auto expected = kafka::expected_instead(name, value); expected && !value.empty())
      reporter.report(diag::FlagValue{.option = name, .expected = std::string(*expected), .found = "something else"})
          .at(config.places.at(name));
    // What is no number the client refuses.
    if (name == "message.max.bytes") std::from_chars(value.data(), value.data() + value.size(), made.longest_record);
  }
  if (was_right && reporter.has_errors()) return std::nullopt;
  return made;
}

Result<std::unique_ptr<Broker>> open_broker(const BrokerSettings& settings) {
  BRAID_ASSIGN(const kafka::MakeBroker make, kafka::load_kafka());
  std::string client = settings.group;
  if (settings.instance) client += "." + *settings.instance;
  BrokerResult<std::unique_ptr<Broker>> made =
      make({.brokers = settings.brokers, .client_id = client, .settings = settings.client});
  if (!made.ok())
    return Error{ErrorKind::usage, diag::ClientRefuses{.reason = made.error().message}.make().message,
                 diag::ClientRefuses::kCode};
  return std::move(made).value();
}

}  // namespace braid::cli
