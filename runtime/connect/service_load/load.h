// The clients of services outside, each in a shared library that is opened when a job first asks such a service.
#pragma once

#include <memory>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/lookup/service.h"

namespace braid {

using MakeServiceClient = Result<std::unique_ptr<Service>> (*)(const ServiceSpec& spec, Clock& clock);

/// `kind`: "http", "postgres". Once opened a library stays. Error 7122: it is not installed.
Result<MakeServiceClient> load_service_client(const std::string& kind);

}  // namespace braid
