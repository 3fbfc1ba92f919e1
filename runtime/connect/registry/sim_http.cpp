#include "runtime/connect/registry/sim_http.h"

#include <fmt/format.h>

#include <algorithm>

namespace braid::registry {

class SimExchange final : public HttpExchange {
 public:
  SimExchange(SimHttp& http, HttpOutcome outcome, int64_t due_us)
      : http_(http), outcome_(std::move(outcome)), due_us_(due_us) {
    http_.open_.push_back(this);
  }
  ~SimExchange() override { std::erase(http_.open_, this); }
  const HttpOutcome* poll() override { return http_.clock_.steady_us() >= due_us_ ? &outcome_ : nullptr; }
  int64_t due_us() const { return due_us_; }

 private:
  SimHttp& http_;
  const HttpOutcome outcome_;
  const int64_t due_us_;
};

namespace {

/// The answer, or what a fault makes of it.
HttpOutcome spoiled(HttpAnswer answer, SimFault fault, const HttpRequest& request, int64_t retry_after_us) {
  switch (fault) {
    case SimFault::none:
      break;
    case SimFault::refused:
      return HttpFailure{HttpFault::no_answer, "connection refused"};
    case SimFault::lost_request:
    case SimFault::lost_answer:
      return HttpFailure{HttpFault::no_answer, "no answer in time"};
    case SimFault::cut_answer:
      return HttpFailure{HttpFault::no_answer, "the connection was closed"};
    case SimFault::too_many:
      return HttpAnswer{429, R"({"error_code":429,"message":"too many requests"})", retry_after_us};
    case SimFault::overloaded:
      return HttpAnswer{503, "<html>overloaded</html>", std::nullopt};
    case SimFault::broken:
      return HttpAnswer{500, R"({"error_code":50001,"message":"the backend failed"})", std::nullopt};
    case SimFault::garbage:
      return HttpAnswer{200, "<html><body>Welcome</body></html>", std::nullopt};
    case SimFault::half:
      return HttpAnswer{200, answer.body.substr(0, answer.body.size() / 2), std::nullopt};
    case SimFault::huge:
      return HttpFailure{HttpFault::too_long, fmt::format("the answer is longer than {} bytes", request.most_bytes)};
    case SimFault::redirect:
      return HttpAnswer{302, "", std::nullopt};
  }
  if (answer.body.size() > request.most_bytes)
    return HttpFailure{HttpFault::too_long, fmt::format("the answer is longer than {} bytes", request.most_bytes)};
  return answer;
}

}  // namespace

std::unique_ptr<HttpExchange> SimHttp::start(HttpRequest request) {
  requests_.push_back(request);
  SimFault fault = SimFault::none;
  if (!planned_.empty()) {
    fault = planned_.front();
    planned_.pop_front();
  } else if (one_in_ != 0 && rng_.chance(one_in_)) {
    // Without the two that end a request for good.
    fault = static_cast<SimFault>(1 + rng_.below(static_cast<uint64_t>(SimFault::half)));
  }
  SimRegistry* server = nullptr;
  std::string path;
  for (const auto& [url, each] : servers_)
    if (request.url.starts_with(url + "/")) {
      server = each;
      path = request.url.substr(url.size());
    }
  if (server == nullptr) fault = SimFault::refused;
  HttpAnswer answer;
  const bool reaches = fault != SimFault::refused && fault != SimFault::lost_request && fault != SimFault::too_many &&
                       fault != SimFault::overloaded && fault != SimFault::redirect;
  if (reaches) answer = server->answer(request.method, path, request.body, request.headers);
  int64_t takes = rng_.between(takes_us_ / 2, takes_us_);
  const bool silent = fault == SimFault::lost_request || fault == SimFault::lost_answer;
  if (silent || takes > request.timeout_us) {
    takes = request.timeout_us;
    fault = silent ? fault : SimFault::lost_answer;
  }
  HttpOutcome outcome = spoiled(std::move(answer), fault, request, retry_after_us);
  return std::make_unique<SimExchange>(*this, std::move(outcome), clock_.steady_us() + takes);
}

void SimHttp::wait(int64_t at_most_us) {
  const int64_t now = clock_.steady_us();
  int64_t until = now + std::max<int64_t>(at_most_us, 1);
  for (const SimExchange* each : open_)
    if (each->due_us() > now) until = std::min(until, each->due_us());
  clock_.advance_us(until - now);
}

}  // namespace braid::registry
