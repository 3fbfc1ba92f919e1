// gRPC over one connection of HTTP/2: nghttp2 has the frames, this the calls.
//
// Each call is an exchange (grpc_exchange.h), which is asked for its next message when the client's flow control has
// room for it. Bounds: calls at a time, bytes of headers and of a message, and what is not read for a call while its
// answer waits. A call ends with DEADLINE_EXCEEDED when its `grpc-timeout` is over. Messages are not compressed.
// The protocol: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.h"
#include "serve/grpc/grpc_exchange.h"
#include "serve/http/byte_session.h"

namespace braid::serve {

struct GrpcLimits {
  uint32_t calls = 100;
  size_t header_bytes = 8 << 10;
  size_t message_bytes = 64 << 10;
};

class GrpcSession : public ByteSession {
 public:
  /// What the handler names, and the clock, outlive this.
  GrpcSession(GrpcHandler handler, Clock& clock, std::vector<std::string> certificate_names = {},
              const GrpcLimits& limits = {});
  ~GrpcSession() override;

  bool take(std::string_view bytes) override;
  void give(std::string& out, size_t most) override;
  bool waits() const override;
  bool is_idle() const override;

 private:
  struct Call;
  struct Frames;
  std::unique_ptr<Frames> frames_;
};

}  // namespace braid::serve
