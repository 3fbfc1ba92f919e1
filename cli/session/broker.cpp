#include "cli/session/broker.h"

#include <cstdlib>
#include <filesystem>

#include "cli/project/kafka_config.h"
#include "runtime/connect/kafka/allowed_settings.h"
#include "runtime/connect/kafka/load/load.h"

namespace braid::cli {
namespace {

class References {
 public:
  References(const KafkaConfig& config, std::string root, Reporter& reporter)
      : config_(config), root_(std::move(root)), reporter_(reporter) {}

  std::string read(const std::string& key, const std::string& written) {
    if (!is_reference(written)) return written;
    const size_t colon = written.find(':');
    std::optional<std::string> value =
        written.starts_with("env:") ? variable(key, written.substr(colon + 1)) : file(key, written.substr(colon + 1));
    if (value && value->empty())
      reporter_.report(diag::EmptyReference{.setting = key, .reference = written}).at(place(key));
    return value.value_or("");
  }

 private:
  Span place(const std::string& key) const { return config_.places.at(key); }

  std::optional<std::string> variable(const std::string& key, const std::string& name) {
    if (const char* value = std::getenv(name.c_str())) return value;
    reporter_.report(diag::UnsetVariable{.name = name}).at(place(key), "is read from it");
    return std::nullopt;
  }

  std::optional<std::string> file(const std::string& key, const std::string& written) {
    const std::filesystem::path given(written);
    const std::string path =
        given.is_absolute() || root_.empty() ? written : (std::filesystem::path(root_) / given).string();
    std::string reason;
    std::optional<std::string> text = read_file(path, reason);
    if (!text) {
      reporter_.report(diag::FileNotReadable{.path = path, .reason = reason}).at(place(key), "is read from it");
      return std::nullopt;
    }
    // Editors and `echo` end a file with a line end, which is not part of a password.
    if (text->ends_with('\n')) text->pop_back();
    if (text->ends_with('\r')) text->pop_back();
    return text;
  }

  const KafkaConfig& config_;
  std::string root_;
  Reporter& reporter_;
};

}  // namespace

std::optional<BrokerSettings> broker_settings(const Environment& environment, const std::string& root,
                                              const std::string& job, Reporter& reporter) {
  const KafkaConfig& config = *environment.kafka;
  const bool was_right = !reporter.has_errors();
  References references(config, root, reporter);
  BrokerSettings made = config.settings;
  made.brokers = references.read("brokers", made.brokers);
  made.group = made.group.empty() ? job : references.read("group", made.group);
  if (made.instance) made.instance = references.read("instance", *made.instance);
  for (auto& [name, value] : made.client) {
    value = references.read(name, value);
    if (const auto expected = kafka::expected_instead(name, value); expected && !value.empty())
      reporter.report(diag::FlagValue{.option = name, .expected = std::string(*expected), .found = "something else"})
          .at(config.places.at(name));
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
