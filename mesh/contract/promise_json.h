// Promises and expectations as JSON, and back: keys in a fixed order, what is absent left out, numbers that are
// integers. Reading throws what the library throws on a value of another kind. Pure; any thread.
#pragma once

#include "compiler/typed/promises.h"
#include "mesh/contract/type_json.h"

namespace braid::mesh {

Json paths_to_json(const std::vector<std::vector<std::string>>& paths);
std::vector<std::vector<std::string>> paths_of_json(const Json& json);

/// An object, empty if nothing is promised.
Json promises_to_json(const typed::Promises& promises);
typed::Promises promises_of_json(const Json& json);

/// A list.
Json uniques_to_json(const std::vector<typed::UniquePromise>& uniques);
std::vector<typed::UniquePromise> uniques_of_json(const Json& json);

/// An object, empty if nothing is expected.
Json expectation_to_json(const typed::Expectation& expectation);
typed::Expectation expectation_of_json(const Json& json);

}  // namespace braid::mesh
