#include "serve/access/gate.h"

#include <algorithm>

#include "serve/http/query.h"

namespace braid::serve {
namespace {

HttpResponse problem(int status, const char* title, const char* detail) {
  return {.status = status,
          .content_type = "application/problem+json",
          .body = fmt::format("{{\"title\":\"{}\",\"status\":{},\"detail\":\"{}\"}}\n", title, status, detail)};
}

HttpResponse unknown(bool shows_something) {
  HttpResponse made = problem(
      401, "who are you?",
      shows_something ? "the token, or the certificate, is not taken" : "send `Authorization: Bearer` and a token");
  made.headers.emplace_back("WWW-Authenticate", shows_something ? "Bearer realm=\"braid\", error=\"invalid_token\""
                                                                : "Bearer realm=\"braid\"");
  return made;
}

HttpResponse too_much(int64_t retry_us) {
  HttpResponse made = problem(429, "too much at once", "ask again after as many seconds as `Retry-After` says");
  made.headers.emplace_back("Retry-After", std::to_string((retry_us + 999'999) / 1'000'000));
  return made;
}

/// A word of scripts.
bool is_purpose(std::string_view text) {
  return text.size() <= 64 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

/// What may read many rows: all under a product but a row by its key, SQL, and whatever OData asks for. Changes of one
/// key look at those of all.
bool is_scan(const HttpRequest& request) {
  const auto parts = path_parts(request.path);
  if (!parts || parts->empty()) return false;
  if (parts->size() >= 4 && (*parts)[3] == "changes") return true;
  return parts->size() == 4 || request.path == "/v1/query" || parts->front() == "odata";
}

/// Counts the bytes of a stream; the lease lives as long.
class CountedStream : public HttpStream {
 public:
  CountedStream(std::shared_ptr<HttpStream> stream, std::shared_ptr<QuotaBook::Lease> lease)
      : stream_(std::move(stream)), lease_(std::move(lease)) {}
  Next next(std::string& out) override {
    const size_t before = out.size();
    const Next made = stream_->next(out);
    lease_->add_bytes(out.size() - before);
    return made;
  }
  bool ready() const override { return stream_->ready(); }
  void alive(std::string& out) override { stream_->alive(out); }
  void dropped(std::string& out) override { stream_->dropped(out); }

 private:
  std::shared_ptr<HttpStream> stream_;
  std::shared_ptr<QuotaBook::Lease> lease_;
};

/// Counts the bytes of an answer that may come later, or without an end; the lease lives as long.
HttpResponse counted(HttpResponse response, std::shared_ptr<QuotaBook::Lease> lease) {
  if (response.stream) {
    response.stream = std::make_shared<CountedStream>(std::move(response.stream), std::move(lease));
    return response;
  }
  if (!response.later) {
    lease->add_bytes(response.body.size());
    return response;
  }
  response.later = [later = std::move(response.later), lease = std::move(lease)]() -> std::optional<HttpResponse> {
    std::optional<HttpResponse> made = later();
    return made ? std::optional(counted(*std::move(made), lease)) : std::nullopt;
  };
  return response;
}

}  // namespace

Gate::Gate(AccessOptions options, KeyRing* ring, Clock& clock)
    : clock_(clock), authenticator_(std::move(options), ring, clock), quotas_(clock) {}

Gate::Admission Gate::admission(const HttpRequest& request, const Authenticator::Answer& who, bool scan) {
  if (who.outcome != Authenticator::Outcome::known)
    return {.refused = unknown(who.outcome != Authenticator::Outcome::missing)};
  const std::string_view purpose = request.header("braid-purpose");
  if (!is_purpose(purpose)) return {.refused = problem(400, "wrong purpose", "`Braid-Purpose` is one word")};
  const QuotaBook::Answer allowed = quotas_.begin(who.consumer->key, who.quotas, scan);
  if (allowed.lease == nullptr) return {.refused = too_much(allowed.retry_us)};
  Consumer consumer = *who.consumer;
  consumer.purpose = purpose;
  return {.consumer = std::make_shared<const Consumer>(std::move(consumer)), .lease = allowed.lease};
}

HttpResponse Gate::admit(const HttpRequest& request, const Authenticator::Answer& who, const HttpHandler& handler) {
  Admission admitted = admission(request, who, is_scan(request));
  if (admitted.refused) return *std::move(admitted.refused);
  HttpRequest asked = request;
  asked.consumer = std::move(admitted.consumer);
  return counted(handler(asked), admitted.lease);
}

std::optional<Gate::Admission> Gate::admit(const HttpRequest& request, bool scan, int64_t until_us) {
  const Authenticator::Answer who = authenticator_.authenticate(request);
  if (who.outcome == Authenticator::Outcome::awaited && clock_.steady_us() < until_us) return std::nullopt;
  return admission(request, who, scan);
}

HttpResponse Gate::answer(const HttpRequest& request, const HttpHandler& handler) {
  const Authenticator::Answer who = authenticator_.authenticate(request);
  if (who.outcome != Authenticator::Outcome::awaited) return admit(request, who, handler);
  HttpResponse response;
  response.later = [this, request, handler,
                    until = clock_.steady_us() + kKeysAwaitedUs]() -> std::optional<HttpResponse> {
    const Authenticator::Answer again = authenticator_.authenticate(request);
    if (again.outcome == Authenticator::Outcome::awaited && clock_.steady_us() < until) return std::nullopt;
    return admit(request, again, handler);
  };
  return response;
}

}  // namespace braid::serve
