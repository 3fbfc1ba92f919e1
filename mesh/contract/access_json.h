// The part of an interface that says what readers see of its rows, as JSON. The library throws on a value of another
// kind.
#pragma once

#include <nlohmann/json.hpp>

#include "mesh/contract/interface.h"

namespace braid::mesh {

/// Empty if there is nothing to say.
nlohmann::ordered_json access_to_json(const InterfaceAccess& access);
InterfaceAccess access_of_json(const nlohmann::ordered_json& json);

/// What stands in it comes from another hand, and becomes a part of a script: each text is what can stand there, and
/// nothing more. An error says which is not.
Status check(const InterfaceAccess& access);
/// Whether a reader that does not know `access` would see more than it may.
bool masked_by_readers(const InterfaceAccess& access);

}  // namespace braid::mesh
