// Rows as a stream of Arrow's IPC format. DuckDB gives its columns by Arrow's C data interface, and nanoarrow writes
// them.
#include <algorithm>

#include "serve/duckdb/arrow_writer.h"
#include "serve/duckdb/column_source.h"

namespace braid::serve::duck {
namespace {

Result<void, SqlError> check(const Duckdb& duckdb, duckdb_error_data made) {
  const Owned<duckdb_error_data> error = own(made, duckdb.destroy_error_data);
  if (error == nullptr || !duckdb.error_data_has_error(error.get())) return {};
  return SqlError{SqlError::Kind::wrong,
                  fmt::format("this cannot be written as Arrow: {}", duckdb.error_data_message(error.get()))};
}

}  // namespace

Result<std::string, SqlError> arrow_stream(const Duckdb& duckdb, duckdb_arrow_options options, ColumnSource source,
                                           uint64_t most) {
  std::vector<duckdb_logical_type> types;
  std::vector<const char*> names;
  for (const LogicalType& type : source.types) types.push_back(type.get());
  for (const std::string& name : source.names) names.push_back(name.c_str());
  Released<ArrowSchema> schema;
  BRAID_TRY(check(duckdb, duckdb.to_arrow_schema(options, types.data(), names.data(), names.size(), &schema)));
  for (int64_t i = 0; i < schema.n_children; ++i)
    if (std::ranges::find(source.never_null, schema.children[i]->name) != source.never_null.end())
      schema.children[i]->flags &= ~static_cast<int64_t>(ARROW_FLAG_NULLABLE);
  ArrowWriter writer;
  if (!writer.write(&schema, source.notes)) return writer.error();
  while (const Chunk chunk = source.next()) {
    Released<ArrowArray> rows;
    BRAID_TRY(check(duckdb, duckdb.data_chunk_to_arrow(options, chunk.get(), &rows)));
    if (!writer.write(&rows)) return writer.error();
    if (writer.bytes().size() > most) return too_long(most);
  }
  if (!writer.end()) return writer.error();
  return std::string(writer.bytes());
}

}  // namespace braid::serve::duck
