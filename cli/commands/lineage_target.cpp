#include "cli/commands/lineage_target.h"

#include "cli/session/broker.h"
#include "cli/session/lineage.h"
#include "cli/session/references.h"
#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/connect/event_topic.h"
#include "runtime/connect/service_load/load.h"
#include "runtime/outbox/event_file.h"
#include "runtime/report/lineage_findings.h"

namespace braid::cli {
namespace {

constexpr std::string_view kFile = "file:", kTopic = "kafka:";

/// Without its path, which may be a secret; of a file the whole.
std::string shown(const std::string& to) {
  if (to.starts_with(kFile)) return to.substr(kFile.size());
  if (to.starts_with(kTopic)) return "the topic `" + to.substr(kTopic.size()) + "`";
  return to.substr(0, to.find('/', to.find("://") + 3));
}

/// Nothing if the reference cannot be read.
std::optional<std::string> token_of(const LineageConfig& config, const std::string& root) {
  if (config.token.empty()) return "";
  const std::map<std::string, Span> places{{"token", config.token_span}};
  Reporter reporter;
  std::string token = References(places, root, reporter).read("token", config.token);
  return reporter.has_errors() ? std::nullopt : std::optional(std::move(token));
}

/// All events of an environment have one key, so they lie in one partition.
Result<std::unique_ptr<EventSender>> make_topic_sender(const Session& session, const std::string& topic) {
  const auto failed = [](std::string why) { return Error{.kind = ErrorKind::usage, .message = std::move(why)}; };
  const Environment& environment = session.environment();
  if (!environment.kafka) return failed("the environment has no brokers: [env." + environment.name + ".kafka]");
  Reporter reporter;
  const auto settings = broker_settings(environment, session.files().root, session.files().name, reporter);
  if (!settings) return failed("a setting of the brokers cannot be read");
  BRAID_ASSIGN(std::unique_ptr<Broker> broker, open_broker(*settings));
  return std::unique_ptr<EventSender>(std::make_unique<EventTopic>(
      std::move(broker), topic, session.files().name + "/" + environment.name, settings->replication, system_clock()));
}

Result<std::unique_ptr<EventSender>> make_sender(const Session& session) {
  const LineageConfig& config = session.environment().lineage;
  if (config.to.starts_with(kFile))
    return std::unique_ptr<EventSender>(
        std::make_unique<EventFile>(config.to.substr(kFile.size()), real_fs(), system_clock()));
  if (config.to.starts_with(kTopic)) return make_topic_sender(session, config.to.substr(kTopic.size()));
  const std::optional<std::string> token = token_of(config, session.files().root);
  if (!token) return Error{.kind = ErrorKind::usage, .message = "`" + config.token + "` cannot be read"};
  BRAID_ASSIGN(const MakeEventSender make, load_event_sender());
  return make(config.to, *token, config.ca, system_clock());
}

}  // namespace

std::optional<Diagnostic> begin_lineage(const Session& session, const std::vector<typed::RelationId>& products,
                                        LineageOptions options, JobWatch& watch) {
  const LineageConfig& config = session.environment().lineage;
  Result<std::unique_ptr<EventSender>> sender = make_sender(session);
  if (!sender.ok()) return diag::LineageNotSent{.address = shown(config.to), .reason = sender.error().message}.make();
  options.jobs = described_flows(session, products, options.streaming);
  options.every_us = config.every_us;
  watch.send_lineage(std::move(options), *std::move(sender), shown(config.to));
  return std::nullopt;
}

}  // namespace braid::cli
