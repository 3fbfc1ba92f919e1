// A product as a table of a database, and how far it has come.
//
// The place among the product's commits lies in the table `braid_copies` beside it and moves in the same transaction,
// so the table is always the product as of one of its commits: each change is in it once, over kills of either side.
// Whoever changes the table holds the row of its place: of two that copy into one table, one fails.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/copy/sql_session.h"

namespace braid {

struct CopiedColumn {
  std::string name;
  std::string type;  ///< as braid writes types: `int`, `decimal(12,2)?`
};

struct CopiedProduct {
  std::string name;                   ///< `shop.order@2`
  std::vector<CopiedColumn> columns;  ///< the fields of a row, and behind them parts of the key that are inside a field
  std::vector<std::string> key;       ///< columns; empty: rows are added only
  std::vector<std::string> where;     ///< conditions of the rows that are copied
};

/// A value as text; nothing: null. Structs, lists, maps and JSON are JSON texts, bytes base64.
using CopiedValue = std::optional<std::string>;
using CopiedRow = std::vector<CopiedValue>;

class ProductTable {
 public:
  /// The session outlives it.
  ProductTable(SqlSession& session, CopiedProduct product, std::string table);

  struct Place {
    std::string token;
    uint64_t epoch = 0;
  };
  /// Makes the table if there is none. Nothing: it has no rows of the product yet. `anew`: what is there is removed
  /// first. Fails with 8057 if it is a copy of something else, or has other columns.
  Result<std::optional<Place>> open(bool anew);

  // Changes, in their order. Nothing is seen by others before commit().
  /// All rows go.
  Status clear();
  /// A value for each column.
  Status put(CopiedRow row);
  /// A value for each part of the key.
  Status erase(CopiedRow key);
  /// Everything since the last commit, and the place behind it. Fails with 8058 if somebody else has moved the place.
  Status commit(const Place& place);

  /// The rows in the table, by the session.
  const std::string& table() const { return table_; }

 private:
  Status begin();
  Status flush();
  Status send(const std::string& statement, const std::vector<const CopiedRow*>& rows);
  std::string rows_of(const std::vector<CopiedColumn>& columns) const;
  std::vector<CopiedColumn> key_columns() const;
  Error failed(const Error& error) const;
  Error not_ours(const std::string& reason) const;
  Result<std::optional<std::string>> run(const std::string& statement, const std::vector<std::string>& parameters = {});

  SqlSession& session_;
  const CopiedProduct product_;
  const std::string table_;
  std::string token_;  ///< of the place that is committed; empty: none
  bool begun_ = false;
  bool is_primary_ = false;  ///< the key is one of the database: no part of it may be null
  std::string put_, erase_;  ///< statements
  /// Of a keyed product the last change of each key, by its text: null, it goes.
  std::map<std::string, std::pair<CopiedRow, std::optional<CopiedRow>>> changed_;
  std::vector<CopiedRow> added_;  ///< of another one
  uint64_t bytes_ = 0;            ///< of both, about
};

}  // namespace braid
