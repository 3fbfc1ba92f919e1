#include "cli/commands/lineage_target.h"

#include "cli/session/lineage.h"
#include "cli/session/references.h"
#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/connect/service_load/load.h"
#include "runtime/outbox/event_file.h"
#include "runtime/report/lineage_findings.h"

namespace braid::cli {
namespace {

constexpr std::string_view kFile = "file:";

/// Without its path, which may be a secret; of a file the whole.
std::string shown(const std::string& to) {
  if (to.starts_with(kFile)) return to.substr(kFile.size());
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

Result<std::unique_ptr<EventSender>> make_sender(const LineageConfig& config, const std::string& root) {
  if (config.to.starts_with(kFile))
    return std::unique_ptr<EventSender>(
        std::make_unique<EventFile>(config.to.substr(kFile.size()), real_fs(), system_clock()));
  const std::optional<std::string> token = token_of(config, root);
  if (!token) return Error{.kind = ErrorKind::usage, .message = "`" + config.token + "` cannot be read"};
  BRAID_ASSIGN(const MakeEventSender make, load_event_sender());
  return make(config.to, *token, config.ca, system_clock());
}

}  // namespace

std::optional<Diagnostic> begin_lineage(const Session& session, const std::vector<typed::RelationId>& products,
                                        LineageOptions options, JobWatch& watch) {
  const LineageConfig& config = session.environment().lineage;
  Result<std::unique_ptr<EventSender>> sender = make_sender(config, session.files().root);
  if (!sender.ok()) return diag::LineageNotSent{.address = shown(config.to), .reason = sender.error().message}.make();
  options.jobs = described_flows(session, products, options.streaming);
  options.every_us = config.every_us;
  watch.send_lineage(std::move(options), *std::move(sender), shown(config.to));
  return std::nullopt;
}

}  // namespace braid::cli
