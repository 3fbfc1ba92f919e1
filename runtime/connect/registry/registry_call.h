// One request to a registry, tried at each of its URLs, and repeated with growing pauses while no usable answer comes.
//
// All requests may be repeated: registering a schema that is there gives its id, setting a level sets it again, and a
// deletion that finds nothing after a try without an answer has been done. `unknown` is believed only when each URL was
// asked: one of several servers may lag behind.
// Threads: those of the Http.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/base/rng.h"
#include "runtime/connect/registry/http.h"
#include "runtime/connect/registry/registry_settings.h"
#include "runtime/connect/registry/schema.h"

namespace braid::registry {

/// What calls of one client share.
struct CallContext {
  Http& http;
  Clock& clock;
  Rng rng;
  const RegistrySettings settings;
  size_t favourite = 0;  ///< of the URLs: the last that answered
};

/// The path begins with a slash; parts of it are already escaped.
struct RegistryRequest {
  HttpMethod method = HttpMethod::get;
  std::string path;
  std::string body;
};

class RegistryCall {
 public:
  /// `deadline_us` by the context's steady clock.
  RegistryCall(CallContext& context, RegistryRequest request, int64_t deadline_us);

  /// Goes on without blocking. The body of an answer with a status of 2xx, which is JSON; null until there is one.
  const Answer<std::string>* step();
  /// When `step` has something to do even if nothing is received, by the steady clock.
  int64_t next_us() const;

 private:
  void try_now(int64_t now);
  void take(const HttpOutcome& outcome, int64_t now);
  void failed(RegistryError error, int64_t now, std::optional<int64_t> asked_us);
  const std::string& url() const;

  CallContext& context_;
  const RegistryRequest request_;
  const int64_t deadline_us_;
  std::unique_ptr<HttpExchange> exchange_;
  size_t first_ = 0;  ///< of the URLs: where this call began
  size_t tries_ = 0;  ///< that were begun
  int64_t try_again_us_ = 0;
  int64_t asked_pause_us_ = 0;  ///< the longest that a server asked for in this round
  int64_t pause_us_;
  bool maybe_done_ = false;               ///< a try ended without an answer
  std::optional<RegistryError> unknown_;  ///< of this round
  std::optional<RegistryError> last_;
  std::optional<Answer<std::string>> outcome_;
};

/// A part of a path or of a query, escaped.
std::string escaped(std::string_view part);

}  // namespace braid::registry
