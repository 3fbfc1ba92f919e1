// What a call of Flight sends, part by part, as the client takes it. Internal to the folder.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "serve/grpc/grpc_exchange.h"
#include "serve/http/server.h"
#include "serve/read/chosen_state.h"

namespace braid::serve::flight {

/// Gives the next part; one thread at a time. Not called behind its end.
using Source = std::function<GrpcPart()>;

Source fails(GrpcStatus status, std::string reason);
inline Source wrong(std::string reason) {
  return fails(GrpcStatus::invalid_argument, std::move(reason));
}
/// These messages, and the end.
Source gives(std::vector<std::string> messages);
/// The end of a call for what is a problem over HTTP.
GrpcPart end_of(const HttpResponse& problem);
/// Of a read that failed, and where there is no engine.
GrpcPart end_of(const Error& error);
GrpcPart end_of(const NoState& none);

}  // namespace braid::serve::flight
