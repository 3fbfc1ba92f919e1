// One call of a gRPC client, apart from how its bytes travel: messages come, and parts of the answer are asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::serve {

struct Consumer;  // serve/access/consumer.h

/// The status codes of gRPC.
enum class GrpcStatus : uint8_t {
  ok = 0,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  unauthenticated = 16,
};

struct GrpcRequest {
  std::string path;                                          ///< `/package.Service/Method`
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case; without those of HTTP/2 itself
  std::vector<std::string> certificate_names = {};           ///< as of HttpRequest
  std::shared_ptr<const Consumer> consumer = {};             ///< the same

  /// Empty: there is none.
  std::string_view header(std::string_view name) const;
};

/// What a call has to send next.
struct GrpcPart {
  enum class Is : uint8_t {
    message,      ///< `bytes`
    nothing_yet,  ///< asked again behind the next message of the client, and in moments
    end           ///< `status`, and why as a sentence
  };
  Is is = Is::nothing_yet;
  std::string bytes = {};
  GrpcStatus status = GrpcStatus::ok;
  std::string reason = {};

  static GrpcPart message(std::string bytes) { return {.is = Is::message, .bytes = std::move(bytes)}; }
  static GrpcPart end(GrpcStatus status = GrpcStatus::ok, std::string reason = {}) {
    return {.is = Is::end, .status = status, .reason = std::move(reason)};
  }
};

/// Its functions are called one at a time. next() is called when the client can take more, so a call makes its messages
/// no faster than they are read.
class GrpcExchange {
 public:
  virtual ~GrpcExchange() = default;
  /// A message of the client, without what frames it.
  virtual void take(std::string_view message) = 0;
  /// The client sends no more.
  virtual void no_more() = 0;
  virtual GrpcPart next() = 0;
};

/// Null: there is no such method. Called on several threads.
using GrpcHandler = std::function<std::unique_ptr<GrpcExchange>(const GrpcRequest& request)>;

}  // namespace braid::serve
