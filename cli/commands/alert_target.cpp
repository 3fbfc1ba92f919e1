#include "cli/commands/alert_target.h"

#include "runtime/base/clock.h"
#include "runtime/connect/service_load/load.h"
#include "runtime/report/alert_findings.h"

namespace braid::cli {
namespace {

/// Without its path, which may be a secret.
std::string host_of(const std::string& url) {
  const size_t host = url.find("://");
  return url.substr(0, url.find('/', host == std::string::npos ? 0 : host + 3));
}

Result<std::unique_ptr<AlertSender>> make_sender(const AlertConfig& config) {
  BRAID_ASSIGN(const MakeAlertSender make, load_alert_sender());
  return make(config.webhook, config.ca, system_clock());
}

}  // namespace

std::optional<Diagnostic> begin_alerts(const AlertConfig& config, JobWatch& watch) {
  Result<std::unique_ptr<AlertSender>> sender = make_sender(config);
  const std::string host = host_of(config.webhook);
  if (!sender.ok()) return diag::AlertsNotSent{.address = host, .reason = sender.error().message}.make();
  watch.send_alerts(*std::move(sender), host);
  return std::nullopt;
}

}  // namespace braid::cli
