// A service behind HTTP: `GET` of an address with the arguments in it; the answer is a JSON object. libcurl is behind
// the seam of runtime/connect/registry/http.h. In a shared library, which service_load opens.
//
// 2xx with a body is an answer; an empty body, `null`, 404 and 410: there is none. 408, 429, 5xx, no connection and no
// time left: another attempt may do. 401 and a certificate that is not trusted end the job. All else fails for good.
// Redirects are not followed.
#pragma once

#include <memory>

#include "runtime/base/clock.h"
#include "runtime/lookup/service.h"

namespace braid {

/// Settings: `user` and `password`, or `token`, or `api_key` and `api_key_header`; `ca`: path of a PEM file.
Result<std::unique_ptr<Service>> make_http_service(const ServiceSpec& spec, Clock& clock);
using MakeServiceClient = Result<std::unique_ptr<Service>> (*)(const ServiceSpec& spec, Clock& clock);

}  // namespace braid

/// The entry of the shared library.
extern "C" braid::MakeServiceClient braid_http_make_service();
