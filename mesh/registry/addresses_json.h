// Addresses as JSON, in publications and in braid.lock.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "mesh/contract/interface.h"

namespace braid::mesh {

nlohmann::json addresses_json(const std::vector<InterfaceAddress>& addresses);
/// Throws what the library throws if it is not of that form.
std::vector<InterfaceAddress> addresses_of_json(const nlohmann::json& json);

}  // namespace braid::mesh
