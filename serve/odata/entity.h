// The answer for one row by its key, and for what stands in it.
#pragma once

#include "serve/odata/answers.h"
#include "serve/odata/options.h"
#include "serve/odata/resource.h"

namespace braid::serve::odata {

HttpResponse entity_answer(const Resource& resource, const WrittenOptions& options, const HttpRequest& request,
                           const std::string& root, const Sight& sight, const Serving& serving);

}  // namespace braid::serve::odata
