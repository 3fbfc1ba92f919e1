// A file of DuckDB as a seam of runtime/copy. Its statements are braid's own, never a reader's.
#pragma once

#include <memory>
#include <string>

#include "runtime/copy/sql_session.h"

namespace braid::serve {

/// Makes the file if there is none. An error of code 8071 without DuckDB; of code 0 if the file does not open, for
/// example because another process has it open.
Result<std::unique_ptr<SqlSession>> open_duckdb_file(const std::string& path);

}  // namespace braid::serve
