#include "runtime/connect/http/alertmanager.h"

#include <algorithm>

#include "runtime/connect/registry/curl_http.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

std::string object_of(const Alert::Texts& texts) {
  std::string json = "{";
  for (const auto& [name, value] : texts) {
    if (json.size() > 1) json += ',';
    append_json_string(json, name);
    json += ':';
    append_json_string(json, value);
  }
  return json + "}";
}

void append_instant(std::string& json, const char* name, int64_t at) {
  json += std::string(",\"") + name + "\":\"";
  append_timestamp(json, at);
  json += '"';
}

}  // namespace

Alertmanager::Alertmanager(std::string url, std::unique_ptr<registry::Http> http, Clock& clock)
    : posting_(std::move(url), "/api/v2/alerts", "", std::move(http), clock), clock_(clock) {}

void Alertmanager::set(Alert alert) {
  Entry& entry = alerts_[object_of(alert.labels)];
  entry.alert = std::move(alert);
  entry.version = ++versions_;
}

bool Alertmanager::is_due(const Entry& entry, int64_t steady) const {
  return entry.taken != entry.version || steady - entry.taken_at >= kAgainUs;
}

bool Alertmanager::at_rest() const {
  return posting_.at_rest() &&
         std::ranges::all_of(alerts_, [](const auto& each) { return each.second.taken == each.second.version; });
}

void Alertmanager::work(int64_t at_most_us) {
  posting_.work(
      at_most_us, [this](int64_t steady) { return next(steady); },
      [this](int status, int64_t steady) { return done(status, steady); });
}

std::string Alertmanager::next(int64_t steady) {
  std::string body;
  sending_.clear();
  const int64_t now = clock_.now_us();
  for (const auto& [labels, entry] : alerts_) {
    if (!is_due(entry, steady) || sending_.size() == kMostAtOnce) continue;
    sending_[labels] = entry.version;
    body += (body.empty() ? "[{\"labels\":" : ",{\"labels\":") + labels +
            ",\"annotations\":" + object_of(entry.alert.annotations);
    append_instant(body, "startsAt", entry.alert.starts_at);
    append_instant(body, "endsAt", entry.alert.ends_at.value_or(now + kLastsUs));
    body += '}';
  }
  return body.empty() ? body : body + "]";
}

bool Alertmanager::done(int status, int64_t steady) {
  if (!Posting::is_taken(status)) return false;
  for (const auto& [labels, version] : sending_) {
    const auto sent = alerts_.find(labels);
    if (sent == alerts_.end()) continue;
    Entry& entry = sent->second;
    entry.taken = version;
    entry.taken_at = steady;
    if (entry.alert.ends_at && entry.version == version) alerts_.erase(sent);
  }
  return true;
}

Result<std::unique_ptr<AlertSender>> make_alertmanager(const std::string& url, const std::string& ca_file,
                                                       Clock& clock) {
  BRAID_ASSIGN(std::unique_ptr<registry::Http> http, registry::make_curl_http({.ca_file = ca_file}));
  return std::unique_ptr<AlertSender>(std::make_unique<Alertmanager>(url, std::move(http), clock));
}

}  // namespace braid
