// A connection to a database, as a seam. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace braid {

enum class SqlDialect : uint8_t { postgres, duckdb };

class SqlSession {
 public:
  virtual ~SqlSession() = default;
  virtual SqlDialect dialect() const = 0;
  /// One statement with its parameters `$1`, `$2`, …; the first column of the first row as text. Nothing: there is no
  /// row, or it is null. The error has the words of the database, and no parameters.
  virtual Result<std::optional<std::string>> run(const std::string& statement,
                                                 const std::vector<std::string>& parameters = {}) = 0;
};

}  // namespace braid
