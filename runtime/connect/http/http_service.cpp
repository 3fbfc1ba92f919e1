#include "runtime/connect/http/http_service.h"

#include <algorithm>

#include "runtime/codec/decoder.h"
#include "runtime/connect/registry/curl_http.h"

namespace braid {
namespace {

constexpr int64_t kLook = 50'000;  ///< at most so long between two looks at what is on its way

/// As a part of a path or a query (RFC 3986).
std::string percent_encoded(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

std::string base64(std::string_view text) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string made;
  for (size_t at = 0; at < text.size(); at += 3) {
    uint32_t bits = 0;
    const size_t count = std::min<size_t>(3, text.size() - at);
    for (size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < count ? static_cast<unsigned char>(text[at + i]) : 0U);
    for (size_t i = 0; i < 4; ++i) made += i <= count ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
  }
  return made;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool is_null(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && text.substr(begin).starts_with("null") && is_blank(text.substr(begin + 4));
}

ServiceReply nothing() {
  return {.kind = ServiceReply::Kind::nothing, .record = {}, .reason = {}};
}

ServiceReply failed(std::string reason, bool again) {
  return {.kind = ServiceReply::Kind::failed, .record = {}, .reason = std::move(reason), .again = again};
}

/// No other row fares better.
ServiceReply refused(std::string reason) {
  ServiceReply reply = failed(std::move(reason), false);
  reply.refused = true;
  return reply;
}

ServiceReply reply_of(const registry::HttpOutcome& outcome) {
  if (!outcome.ok()) {
    const registry::HttpFailure& failure = outcome.error();
    if (failure.fault == registry::HttpFault::untrusted) return refused(failure.message);
    return failed(failure.message, failure.fault == registry::HttpFault::no_answer);
  }
  const registry::HttpAnswer& answer = *outcome;
  if (answer.status == 404 || answer.status == 410) return nothing();
  if (answer.status == 401) return refused("it does not take the login (status 401)");
  if (answer.status < 200 || answer.status >= 300) {
    const bool again = answer.status == 408 || answer.status == 429 || answer.status >= 500;
    return failed(fmt::format("status {}", answer.status), again);
  }
  if (is_blank(answer.body) || is_null(answer.body)) return nothing();
  return {.kind = ServiceReply::Kind::found, .record = answer.body, .reason = {}};
}

class HttpService final : public Service {
 public:
  HttpService(const ServiceSpec& spec, std::unique_ptr<registry::Http> http) : spec_(spec), http_(std::move(http)) {
    std::string user, password, key, header = "X-Api-Key";
    headers_.push_back("Accept: application/json");
    for (const auto& [name, value] : spec.settings) {
      if (name == "user") user = value;
      if (name == "password") password = value;
      if (name == "token") headers_.push_back("Authorization: Bearer " + value);
      if (name == "api_key") key = value;
      if (name == "api_key_header") header = value;
    }
    if (!user.empty()) headers_.push_back("Authorization: Basic " + base64(user + ":" + password));
    if (!key.empty()) headers_.push_back(header + ": " + key);
  }

  std::vector<ServiceReply> ask(std::span<const ServiceRequest> requests) override {
    std::vector<ServiceReply> replies(requests.size());
    struct Exchange {
      size_t request;
      std::unique_ptr<registry::HttpExchange> exchange;
    };
    std::vector<Exchange> on_the_way;
    size_t next = 0;
    while (next < requests.size() || !on_the_way.empty()) {
      for (; next < requests.size() && on_the_way.size() < spec_.parallel; ++next)
        on_the_way.push_back({next, http_->start(request_of(requests[next]))});
      const size_t done = std::erase_if(on_the_way, [&](Exchange& each) {
        const registry::HttpOutcome* outcome = each.exchange->poll();
        if (outcome == nullptr) return false;
        replies[each.request] = reply_of(*outcome);
        return true;
      });
      if (done == 0) http_->wait(kLook);
    }
    return replies;
  }

 private:
  registry::HttpRequest request_of(const ServiceRequest& request) const {
    registry::HttpRequest made;
    made.url = fill_in(spec_.binding.address, spec_.parameters,
                       [&](size_t parameter) { return percent_encoded(request.arguments[parameter]); });
    made.headers = headers_;
    made.timeout_us = spec_.timeout_us;
    made.most_bytes = kMaxRecordBytes;
    return made;
  }

  const ServiceSpec& spec_;
  std::unique_ptr<registry::Http> http_;
  std::vector<std::string> headers_;
};

}  // namespace

Result<std::unique_ptr<Service>> make_http_service(const ServiceSpec& spec, Clock&) {
  registry::TlsSettings tls{.ca_file = {}, .certificate_file = {}, .key_file = {}, .key_password = {}};
  for (const auto& [name, value] : spec.settings)
    if (name == "ca") tls.ca_file = value;
  BRAID_ASSIGN(std::unique_ptr<registry::Http> http, registry::make_curl_http(tls));
  return std::unique_ptr<Service>(std::make_unique<HttpService>(spec, std::move(http)));
}

}  // namespace braid
