// From an environment to a broker: reads the references of its settings, opens the client library, makes the client.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/project/project.h"
#include "runtime/base/result.h"
#include "runtime/broker/broker.h"
#include "runtime/connect/broker_settings.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

/// The settings of an environment that has brokers, with all references read: `env:NAME` is an environment variable,
/// `file:PATH` the text of a file (from the project's folder) without its last line end. Reports what cannot be read,
/// without values. `job`: the default of `group`.
std::optional<BrokerSettings> broker_settings(const Environment& environment, const std::string& root,
                                              const std::string& job, Reporter& reporter);

/// How long a command waits for the first answer of a broker.
inline constexpr int64_t kBrokerPatienceUs = 15'000'000;

/// Connects when it is first used. Errors 7044 (a wrong value), 7045 (the library is not installed).
Result<std::unique_ptr<Broker>> open_broker(const BrokerSettings& settings);

}  // namespace braid::cli
