// Rows of one read, put together in columns.
#pragma once

#include "serve/duckdb/column_filler.h"
#include "serve/duckdb/column_source.h"
#include "serve/duckdb/database.h"

namespace braid::serve::duck {

Result<std::unique_ptr<ColumnWriter>> row_columns(const Duckdb& duckdb, const std::vector<Field>& row,
                                                  const std::vector<int>& fields, RowForm form,
                                                  const SchemaNotes& notes);

}  // namespace braid::serve::duck
