// The gate (serve/access/gate.h) in front of calls: each is let in by its own headers, as a request of HTTP is.
#pragma once

#include <memory>

#include "runtime/base/clock.h"
#include "serve/access/gate.h"
#include "serve/grpc/grpc_exchange.h"

namespace braid::serve {

/// A handler that begins the calls of another one, with their consumer, once the gate lets them in. Gate and clock
/// outlive it and its calls, and so does what the other handler names.
GrpcHandler behind_gate(Gate& gate, Clock& clock, GrpcHandler handler);

}  // namespace braid::serve
