// Who may read the products that a job serves (cli/serve/serve_guard.h).
#pragma once

#include <memory>
#include <optional>

#include "cli/serve/serve_guard.h"
#include "cli/session/session.h"
#include "cli/session/view_bindings.h"

namespace braid::cli {

/// Where products are served if nothing says so.
inline constexpr const char* kServeAddress = "127.0.0.1:8733";

/// Where products are served to others than this machine that is reported, but with TLS and consumers.
void check_serving(const BoundViews& views, const std::optional<serve::HttpAddress>& listen,
                   const Environment& environment, Reporter& reporter);

/// Of [env.NAME.serve_access]; null: who reads is not asked, or it is reported why nobody could be.
std::unique_ptr<ServeGuard> begin_guard(const Session& session, const BoundViews& views, Reporter& reporter);

}  // namespace braid::cli
