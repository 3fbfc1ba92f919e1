#include "runtime/connect/http/waiting_web.h"

#include "runtime/base/check.h"
#include "runtime/connect/registry/curl_http.h"

namespace braid {
namespace {

constexpr int64_t kLookUs = 100'000;

registry::HttpMethod method_of(WebRequest::Method method) {
  switch (method) {
    case WebRequest::Method::get:
      return registry::HttpMethod::get;
    case WebRequest::Method::put:
      return registry::HttpMethod::put;
    case WebRequest::Method::post:
      return registry::HttpMethod::post;
    case WebRequest::Method::remove:
      return registry::HttpMethod::remove;
  }
  BRAID_UNREACHABLE("a method");
}

class WaitingWeb final : public Web {
 public:
  WaitingWeb(std::unique_ptr<registry::Http> http, const WebOptions& options)
      : http_(std::move(http)), options_(options) {}

  Result<WebAnswer> ask(const WebRequest& request) override {
    const std::unique_ptr<registry::HttpExchange> exchange = http_->start({.method = method_of(request.method),
                                                                           .url = request.url,
                                                                           .headers = request.headers,
                                                                           .body = request.body,
                                                                           .timeout_us = options_.timeout_us,
                                                                           .most_bytes = options_.most_bytes,
                                                                           .as_stored = true});
    const registry::HttpOutcome* outcome = nullptr;
    while ((outcome = exchange->poll()) == nullptr) http_->wait(kLookUs);  // it ends by its time-out at the latest
    if (!outcome->ok()) return Error{.kind = ErrorKind::input, .message = outcome->error().message};
    const registry::HttpAnswer& answer = **outcome;
    return WebAnswer{.status = answer.status,
                     .body = answer.body,
                     .etag = answer.etag,
                     .date = answer.date,
                     .last_modified = answer.last_modified,
                     .retry_after_us = answer.retry_after_us};
  }

 private:
  std::unique_ptr<registry::Http> http_;
  WebOptions options_;
};

}  // namespace

Result<std::unique_ptr<Web>> make_web(const WebOptions& options) {
  BRAID_ASSIGN(std::unique_ptr<registry::Http> http,
               registry::make_curl_http(
                   {.ca_file = options.ca_file, .certificate_file = {}, .key_file = {}, .key_password = {}}));
  return std::unique_ptr<Web>(std::make_unique<WaitingWeb>(std::move(http), options));
}

}  // namespace braid
