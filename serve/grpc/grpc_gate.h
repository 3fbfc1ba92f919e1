// The gate (serve/access/gate.h) in front of calls: each is let in by its own headers, as a request of HTTP is.
#pragma once

#include <memory>

#include "runtime/base/clock.h"
#include "serve/access/gate.h"
#include "serve/grpc/grpc_exchange.h"

namespace braid::serve {

/// Begins the call of the handler, with its consumer, once the gate lets it in. All outlive the call.
std::unique_ptr<GrpcExchange> behind_gate(Gate& gate, Clock& clock, const GrpcRequest& request,
                                          const GrpcHandler& handler);

}  // namespace braid::serve
