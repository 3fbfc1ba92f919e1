// A connection to PostgreSQL as a seam of runtime/copy: libpq, one statement after the other, which waits. In the
// shared library that service_load opens.
#pragma once

#include <memory>
#include <string>

#include "runtime/copy/sql_session.h"

namespace braid {

/// `address`: postgres://USER@HOST:PORT/DATABASE, as libpq takes it, with its environment variables and password file.
Result<std::unique_ptr<SqlSession>> open_postgres_session(const std::string& address);
using OpenSqlSession = Result<std::unique_ptr<SqlSession>> (*)(const std::string& address);

}  // namespace braid

/// The entry of the shared library.
extern "C" braid::OpenSqlSession braid_postgres_open_session();
