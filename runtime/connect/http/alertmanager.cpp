#include "runtime/connect/http/alertmanager.h"

#include <algorithm>

#include "runtime/connect/registry/curl_http.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

constexpr size_t kLongestAnswer = 64 << 10;

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

/// `url` with the path of the API, if it has none.
std::string place_of(std::string url) {
  const size_t host = url.find("://");
  const size_t path = host == std::string::npos ? std::string::npos : url.find('/', host + 3);
  if (path != std::string::npos && path + 1 < url.size()) return url;
  if (path != std::string::npos) url.pop_back();
  return url + "/api/v2/alerts";
}

}  // namespace

Alertmanager::Alertmanager(std::string url, std::unique_ptr<registry::Http> http, Clock& clock)
    : url_(place_of(std::move(url))), http_(std::move(http)), clock_(clock) {}

void Alertmanager::set(Alert alert) {
  Entry& entry = alerts_[object_of(alert.labels)];
  entry.alert = std::move(alert);
  entry.version = ++versions_;
}

bool Alertmanager::is_due(const Entry& entry, int64_t steady) const {
  return entry.taken != entry.version || steady - entry.taken_at >= kAgainUs;
}

bool Alertmanager::at_rest() const {
  return exchange_ == nullptr &&
         std::ranges::all_of(alerts_, [](const auto& each) { return each.second.taken == each.second.version; });
}

void Alertmanager::work(int64_t at_most_us) {
  const int64_t end = clock_.steady_us() + at_most_us;
  while (true) {
    const int64_t now = clock_.steady_us();
    if (exchange_ != nullptr) {
      if (const registry::HttpOutcome* outcome = exchange_->poll()) {
        const registry::HttpOutcome done = *outcome;
        exchange_.reset();
        finish(done, now);
      }
    }
    if (exchange_ == nullptr && now >= try_at_) begin(now);
    if (exchange_ == nullptr || now >= end) return;
    http_->wait(end - now);
  }
}

void Alertmanager::begin(int64_t steady) {
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
  if (body.empty()) return;
  exchange_ = http_->start({.method = registry::HttpMethod::post,
                            .url = url_,
                            .headers = {"Content-Type: application/json"},
                            .body = body + "]",
                            .timeout_us = kTimeoutUs,
                            .most_bytes = kLongestAnswer});
}

void Alertmanager::finish(const registry::HttpOutcome& outcome, int64_t steady) {
  const bool taken = outcome.ok() && outcome->status >= 200 && outcome->status < 300;
  if (!taken) {
    problem_ = outcome.ok() ? "status " + std::to_string(outcome->status) : outcome.error().message;
    const int64_t asked = outcome.ok() ? outcome->retry_after_us.value_or(0) : 0;
    try_at_ = steady + std::min(std::max(pause_us_, asked), kLongestPauseUs);
    pause_us_ = std::min(pause_us_ * 2, kLongestPauseUs);
    return;
  }
  problem_.clear();
  pause_us_ = kFirstPauseUs;
  for (const auto& [labels, version] : sending_) {
    const auto sent = alerts_.find(labels);
    if (sent == alerts_.end()) continue;
    Entry& entry = sent->second;
    entry.taken = version;
    entry.taken_at = steady;
    if (entry.alert.ends_at && entry.version == version) alerts_.erase(sent);
  }
}

Result<std::unique_ptr<AlertSender>> make_alertmanager(const std::string& url, Clock& clock) {
  BRAID_ASSIGN(std::unique_ptr<registry::Http> http, registry::make_curl_http({}));
  return std::unique_ptr<AlertSender>(std::make_unique<Alertmanager>(url, std::move(http), clock));
}

}  // namespace braid
