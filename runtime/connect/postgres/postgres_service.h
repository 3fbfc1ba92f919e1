// A service that is a query to PostgreSQL: `select country from geo where ip = {ip}`. Each `{parameter}` is a parameter
// of the query, never a part of its text. The server makes a JSON object of the row. libpq, without blocking, on up to
// ServiceSpec::parallel connections, which only read. In a shared library of its own, which service_load opens.
//
// No row: there is none. Two rows fail. A lost connection, no time left, and what the server says may pass (classes 08,
// 40, 53, 55 and 57 of SQLSTATE): another attempt may do. All else fails for good.
#pragma once

#include <memory>

#include "runtime/base/clock.h"
#include "runtime/lookup/service.h"

namespace braid {

/// Settings: `host`, `port`, `database`, `user`, `password`, `tls` ("verify-full" or "off"), `ca`: path of a PEM file.
Result<std::unique_ptr<Service>> make_postgres_service(const ServiceSpec& spec, Clock& clock);
using MakeServiceClient = Result<std::unique_ptr<Service>> (*)(const ServiceSpec& spec, Clock& clock);

}  // namespace braid

/// The entry of the shared library.
extern "C" braid::MakeServiceClient braid_postgres_make_service();
