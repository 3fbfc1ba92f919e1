#include "serve/flight/source.h"

#include <nlohmann/json.hpp>

#include "runtime/base/check.h"

namespace braid::serve::flight {

Source fails(GrpcStatus status, std::string reason) {
  return [status, reason = std::move(reason)] { return GrpcPart::end(status, reason); };
}

Source gives(std::vector<std::string> messages) {
  return [messages = std::move(messages), next = size_t{0}]() mutable {
    return next == messages.size() ? GrpcPart::end() : GrpcPart::message(std::move(messages[next++]));
  };
}

GrpcPart end_of(const HttpResponse& problem) {
  const nlohmann::json body = nlohmann::json::parse(problem.body, nullptr, false);
  const bool is_told = body.is_object() && body.contains("detail") && body["detail"].is_string();
  std::string reason = is_told ? body["detail"].get<std::string>() : "";
  switch (problem.status) {
    case 400:
      return GrpcPart::end(GrpcStatus::invalid_argument, std::move(reason));
    case 404:
      return GrpcPart::end(GrpcStatus::not_found, std::move(reason));
    case 410:
      return GrpcPart::end(GrpcStatus::out_of_range, std::move(reason));
    case 412:
      return GrpcPart::end(GrpcStatus::failed_precondition, std::move(reason));
    case 503:
      return GrpcPart::end(GrpcStatus::unavailable, std::move(reason));
    default:
      return GrpcPart::end(GrpcStatus::internal, std::move(reason));
  }
}

GrpcPart end_of(const Error& error) {
  if (error.code == 8071) return GrpcPart::end(GrpcStatus::unimplemented, error.message);
  return GrpcPart::end(error.kind == ErrorKind::input ? GrpcStatus::invalid_argument : GrpcStatus::internal,
                       error.message);
}

GrpcPart end_of(const NoState& none) {
  switch (none.is) {
    case NoState::Is::not_ready:
      return GrpcPart::end(GrpcStatus::unavailable, none.message);
    case NoState::Is::to_come:
      return GrpcPart::end(GrpcStatus::failed_precondition, none.message);
    case NoState::Is::gone:
      return GrpcPart::end(GrpcStatus::out_of_range, none.message);
  }
  BRAID_UNREACHABLE("no state");
}

}  // namespace braid::serve::flight
