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

Result<std::unique_ptr<AlertSender>> make_sender(const std::string& url) {
  BRAID_ASSIGN(const MakeAlertSender make, load_alert_sender());
  return make(url, system_clock());
}

}  // namespace

std::optional<Diagnostic> begin_alerts(const std::string& url, JobWatch& watch) {
  Result<std::unique_ptr<AlertSender>> sender = make_sender(url);
  if (!sender.ok()) return diag::AlertsNotSent{.address = host_of(url), .reason = sender.error().message}.make();
  watch.send_alerts(*std::move(sender), host_of(url));
  return std::nullopt;
}

}  // namespace braid::cli
