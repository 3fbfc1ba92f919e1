#include "runtime/connect/http/posting.h"

#include <algorithm>

namespace braid {
namespace {

constexpr size_t kLongestAnswer = 64 << 10;

std::string place_of(std::string url, std::string_view path) {
  const size_t host = url.find("://");
  const size_t slash = host == std::string::npos ? std::string::npos : url.find('/', host + 3);
  if (slash != std::string::npos && slash + 1 < url.size()) return url;
  if (slash != std::string::npos) url.pop_back();
  return url.append(path);
}

}  // namespace

Posting::Posting(std::string url, std::string_view path, const std::string& token, std::unique_ptr<registry::Http> http,
                 Clock& clock)
    : url_(place_of(std::move(url), path)),
      headers_{"Content-Type: application/json"},
      http_(std::move(http)),
      clock_(clock) {
  if (!token.empty()) headers_.push_back("Authorization: Bearer " + token);
}

void Posting::work(int64_t at_most_us, const std::function<std::string(int64_t steady)>& next,
                   const std::function<bool(int status, int64_t steady)>& done) {
  const int64_t end = clock_.steady_us() + at_most_us;
  while (true) {
    const int64_t now = clock_.steady_us();
    if (exchange_ != nullptr) {
      if (const registry::HttpOutcome* found = exchange_->poll()) {
        const registry::HttpOutcome outcome = *found;
        exchange_.reset();
        const int status = outcome.ok() ? outcome->status : 0;
        problem_ = is_taken(status) ? "" : outcome.ok() ? "status " + std::to_string(status) : outcome.error().message;
        if (done(status, now)) {
          pause_us_ = kFirstPauseUs;
        } else {
          const int64_t asked = outcome.ok() ? outcome->retry_after_us.value_or(0) : 0;
          try_at_ = now + std::min(std::max(pause_us_, asked), kLongestPauseUs);
          pause_us_ = std::min(pause_us_ * 2, kLongestPauseUs);
        }
      }
    }
    if (exchange_ == nullptr && now >= try_at_) {
      if (std::string body = next(now); !body.empty())
        exchange_ = http_->start({.method = registry::HttpMethod::post,
                                  .url = url_,
                                  .headers = headers_,
                                  .body = std::move(body),
                                  .timeout_us = kTimeoutUs,
                                  .most_bytes = kLongestAnswer});
    }
    if (exchange_ == nullptr || now >= end) return;
    http_->wait(end - now);
  }
}

}  // namespace braid
