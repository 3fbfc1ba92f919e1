// Services that answer as the oracle does (tests/reference/given_answer.h).
#pragma once

#include <memory>

#include "runtime/lookup/service.h"

namespace braid::scenarios {

/// A MakeService.
Result<std::unique_ptr<Service>> answers_of_oracle(const ServiceSpec& spec);

}  // namespace braid::scenarios
