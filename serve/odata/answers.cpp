#include "serve/odata/answers.h"

#include "runtime/base/check.h"
#include "serve/odata/json_form.h"

namespace braid::serve::odata {
namespace {

const char* code_of(int status) {
  switch (status) {
    case 400:
      return "BadRequest";
    case 404:
      return "NotFound";
    case 405:
      return "MethodNotAllowed";
    case 406:
      return "NotAcceptable";
    case 410:
      return "Gone";
    case 412:
      return "PreconditionFailed";
    case 501:
      return "NotImplemented";
    case 503:
      return "ServiceUnavailable";
    default:
      return "InternalError";
  }
}

/// A host and a port, and nothing that could stand for something else in an address.
bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 260) return false;
  for (const char byte : text) {
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
    if (!plain && std::string_view(".-_:[]").find(byte) == std::string_view::npos) return false;
  }
  return true;
}

}  // namespace

HttpResponse answer_of(std::string content_type, std::string body) {
  HttpResponse made{.content_type = std::move(content_type), .body = std::move(body)};
  made.headers.emplace_back("OData-Version", "4.0");
  return made;
}

HttpResponse error_answer(const Wrong& wrong) {
  HttpResponse made = answer_of("application/json;odata.metadata=minimal;charset=utf-8",
                                fmt::format("{{\"error\":{{\"code\":\"{}\",\"message\":{}}}}}\n", code_of(wrong.status),
                                            json_string(wrong.message)));
  made.status = wrong.status;
  if (wrong.status == 405) made.headers.emplace_back("Allow", "GET, HEAD");
  if (wrong.status == 503) made.headers.emplace_back("Retry-After", "1");
  return made;
}

std::string root_of(const HttpRequest& request, std::string_view path) {
  const std::string_view told = request.header("x-forwarded-host");
  const std::string_view asked = request.header("host");
  const std::string_view host = is_host(told) ? told : is_host(asked) ? asked : "localhost";
  const std::string_view proxied = request.header("x-forwarded-proto");
  const bool is_tls = proxied.empty() ? request.is_tls : proxied == "https";
  const std::string_view scheme = is_tls ? "https" : "http";
  return fmt::format("{}://{}{}", scheme, host, path);
}

Wrong wrong_of(const NoState& none) {
  switch (none.is) {
    case NoState::Is::not_ready:
      return {503, none.message};
    case NoState::Is::to_come:
      return {412, none.message};
    case NoState::Is::gone:
      return {410, none.message};
  }
  BRAID_UNREACHABLE("no state");
}

}  // namespace braid::serve::odata
