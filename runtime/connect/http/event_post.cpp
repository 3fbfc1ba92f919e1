#include "runtime/connect/http/event_post.h"

#include <algorithm>

#include "runtime/connect/registry/curl_http.h"

namespace braid {
namespace {

constexpr size_t kLongestAnswer = 64 << 10;

/// `url` with the path of the API, if it has none.
std::string place_of(std::string url) {
  const size_t host = url.find("://");
  const size_t path = host == std::string::npos ? std::string::npos : url.find('/', host + 3);
  if (path != std::string::npos && path + 1 < url.size()) return url;
  if (path != std::string::npos) url.pop_back();
  return url + "/api/v1/lineage";
}

}  // namespace

EventPost::EventPost(std::string url, const std::string& token, std::unique_ptr<registry::Http> http, Clock& clock)
    : url_(place_of(std::move(url))),
      headers_{"Content-Type: application/json"},
      http_(std::move(http)),
      clock_(clock) {
  if (!token.empty()) headers_.push_back("Authorization: Bearer " + token);
}

void EventPost::work(int64_t at_most_us) {
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
    if (exchange_ == nullptr && now >= try_at_) begin();
    if (exchange_ == nullptr || now >= end) return;
    http_->wait(end - now);
  }
}

void EventPost::begin() {
  if (sending_.empty() && queue_.empty()) return;
  if (sending_.empty()) sending_ = queue_.take();
  exchange_ = http_->start({.method = registry::HttpMethod::post,
                            .url = url_,
                            .headers = headers_,
                            .body = sending_,
                            .timeout_us = kTimeoutUs,
                            .most_bytes = kLongestAnswer});
}

void EventPost::finish(const registry::HttpOutcome& outcome, int64_t steady) {
  const int status = outcome.ok() ? outcome->status : 0;
  const bool taken = status >= 200 && status < 300;
  problem_ = taken ? "" : outcome.ok() ? "status " + std::to_string(status) : outcome.error().message;
  if (!taken && (!outcome.ok() || status == 408 || status == 429 || status >= 500)) {
    const int64_t asked = outcome.ok() ? outcome->retry_after_us.value_or(0) : 0;
    try_at_ = steady + std::min(std::max(pause_us_, asked), kLongestPauseUs);
    pause_us_ = std::min(pause_us_ * 2, kLongestPauseUs);
    return;
  }
  pause_us_ = kFirstPauseUs;
  sending_.clear();
  ++(taken ? queue_.counts.sent : queue_.counts.dropped);
}

Result<std::unique_ptr<EventSender>> make_event_post(const std::string& url, const std::string& token, Clock& clock) {
  BRAID_ASSIGN(std::unique_ptr<registry::Http> http, registry::make_curl_http({}));
  return std::unique_ptr<EventSender>(std::make_unique<EventPost>(url, token, std::move(http), clock));
}

}  // namespace braid
