#include "runtime/connect/http/document.h"

#include <memory>

#include "runtime/connect/registry/curl_http.h"

namespace braid {
namespace {

constexpr int64_t kTimeoutUs = 10'000'000, kLookUs = 100'000;
constexpr size_t kLongest = 1 << 20;

Error failed(std::string why) {
  return {.kind = ErrorKind::input, .message = std::move(why)};
}

Result<std::string> ask(registry::HttpRequest request) {
  request.timeout_us = kTimeoutUs;
  request.most_bytes = kLongest;
  BRAID_ASSIGN(const std::unique_ptr<registry::Http> http, registry::make_curl_http({}));
  const std::unique_ptr<registry::HttpExchange> exchange = http->start(std::move(request));
  const registry::HttpOutcome* outcome = nullptr;
  while ((outcome = exchange->poll()) == nullptr) http->wait(kLookUs);  // it ends by its time-out at the latest
  if (!outcome->ok()) return failed(outcome->error().message);
  const registry::HttpAnswer& answer = **outcome;
  if (answer.status != 200) return failed("status " + std::to_string(answer.status));
  return answer.body;
}

}  // namespace

Result<std::string> get_document(const std::string& url) {
  return ask({.method = registry::HttpMethod::get, .url = url, .headers = {"Accept: application/json"}, .body = {}});
}

Result<std::string> post_document(const std::string& url, const std::string& json) {
  return ask({.method = registry::HttpMethod::post,
              .url = url,
              .headers = {"Content-Type: application/json", "Accept: application/json"},
              .body = json});
}

}  // namespace braid
