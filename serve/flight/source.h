// What a call of Flight sends, part by part, as the client takes it. Internal to the folder.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "serve/grpc/grpc_exchange.h"
#include "serve/http/server.h"

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

}  // namespace braid::serve::flight
