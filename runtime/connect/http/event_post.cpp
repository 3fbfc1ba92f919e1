#include "runtime/connect/http/event_post.h"

#include "runtime/connect/registry/curl_http.h"

namespace braid {

EventPost::EventPost(std::string url, const std::string& token, std::unique_ptr<registry::Http> http, Clock& clock)
    : posting_(std::move(url), "/api/v1/lineage", token, std::move(http), clock) {}

void EventPost::work(int64_t at_most_us) {
  const auto next = [this](int64_t) {
    if (sending_.empty() && !queue_.empty()) sending_ = queue_.take();
    return sending_;
  };
  posting_.work(at_most_us, next, [this](int status, int64_t) { return done(status); });
}

bool EventPost::done(int status) {
  if (status == 0 || status == 408 || status == 429 || status >= 500) return false;
  sending_.clear();
  ++(Posting::is_taken(status) ? queue_.counts.sent : queue_.counts.dropped);
  return true;
}

Result<std::unique_ptr<EventSender>> make_event_post(const std::string& url, const std::string& token,
                                                     const std::string& ca_file, Clock& clock) {
  BRAID_ASSIGN(std::unique_ptr<registry::Http> http, registry::make_curl_http({.ca_file = ca_file}));
  return std::unique_ptr<EventSender>(std::make_unique<EventPost>(url, token, std::move(http), clock));
}

}  // namespace braid
