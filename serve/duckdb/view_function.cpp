#include "serve/duckdb/view_function.h"

#include <optional>

#include "runtime/copy/sql_text.h"
#include "serve/duckdb/column_filler.h"

namespace braid::serve::duck {
namespace {

constexpr const char* kFunction = "braid_view";

/// Of a use of the function in a statement: which table it is.
struct Bound {
  size_t table = 0;
};

/// A scan of a table.
struct Scan {
  Scan(const ViewTables& tables, size_t table)
      : reader(tables.question.state, tables.question.tables[table].view), plan(tables.question.tables[table].plan) {}
  struct Wanted {
    idx_t column;  ///< of the chunk
    size_t leaf;
    ColumnFiller filler;
  };
  ViewReader reader;
  ReadPlan plan;
  std::vector<Wanted> wanted;
  bool ended = false;
};

template <class T>
void drop(void* made) {
  delete static_cast<T*>(made);
}

void bind(duckdb_bind_info info) {
  const ViewTables& tables = *static_cast<ViewTables*>(
      // The library is the same for all; it is found through the tables, which the function has been given.
      open_library().value()->bind_get_extra_info(info));
  const Duckdb& duckdb = tables.duckdb;
  const Owned<duckdb_value> number = own(duckdb.bind_get_parameter(info, 0), duckdb.destroy_value);
  const int64_t table = duckdb.get_int64(number.get());
  if (table < 0 || static_cast<size_t>(table) >= tables.question.tables.size())
    return duckdb.bind_set_error(info, "there is no such table");
  const size_t view = tables.question.tables[static_cast<size_t>(table)].view;
  const ViewReader reader(tables.question.state, view);
  for (const Field& field : reader.layout().row()) {
    const LogicalType type = logical_type(duckdb, field.type);
    duckdb.bind_add_result_column(info, field.name.c_str(), type.get());
  }
  duckdb.bind_set_bind_data(info, new Bound{static_cast<size_t>(table)}, drop<Bound>);
}

void begin(duckdb_init_info info) {
  const Duckdb& duckdb = *open_library().value();
  const ViewTables& tables = *static_cast<ViewTables*>(duckdb.init_get_extra_info(info));
  auto scan = std::make_unique<Scan>(tables, static_cast<Bound*>(duckdb.init_get_bind_data(info))->table);
  const std::vector<Field>& row = scan->reader.layout().row();
  for (idx_t column = 0; column < duckdb.init_get_column_count(info); ++column) {
    const idx_t field = duckdb.init_get_column_index(info, column);
    // A statement that only counts rows asks for no field.
    if (field >= row.size()) continue;
    scan->wanted.push_back({column, leaf_offset(row, field), ColumnFiller(duckdb, row[field].type)});
  }
  duckdb.init_set_max_threads(info, 1);
  duckdb.init_set_init_data(info, scan.release(), drop<Scan>);
}

void fail(const Duckdb& duckdb, ViewTables& tables, duckdb_function_info info, const std::string& why) {
  tables.failure = why;
  duckdb.function_set_error(info, why.c_str());
}

void scan_rows(duckdb_function_info info, duckdb_data_chunk output) {
  const Duckdb& duckdb = *open_library().value();
  ViewTables& tables = *static_cast<ViewTables*>(duckdb.function_get_extra_info(info));
  Scan& scan = *static_cast<Scan*>(duckdb.function_get_init_data(info));
  for (Scan::Wanted& each : scan.wanted) each.filler.attach(duckdb.data_chunk_get_vector(output, each.column));
  const idx_t room = duckdb.vector_size();
  idx_t rows = 0;
  while (rows < room && !scan.ended) {
    if (tables.question.stop && tables.question.stop()) return duckdb.function_set_error(info, "stopped");
    scan.plan.limit = room - rows;
    const Result<ReadResult> result = read(scan.plan, scan.reader, [&](const Slot* slots, const ViewStamp&) {
      for (Scan::Wanted& each : scan.wanted) each.filler.put(rows, slots + each.leaf);
      ++rows;
      return true;
    });
    if (!result.ok()) return fail(duckdb, tables, info, result.error().message);
    scan.plan.behind = result->position;
    scan.ended = !result->more;
  }
  duckdb.data_chunk_set_size(output, rows);
}

}  // namespace

Result<void, SqlError> register_views(ViewTables& tables, const Database& database) {
  const Duckdb& duckdb = tables.duckdb;
  const Owned<duckdb_table_function> function = own(duckdb.create_table_function(), duckdb.destroy_table_function);
  const LogicalType number = own(duckdb.create_logical_type(DUCKDB_TYPE_BIGINT), duckdb.destroy_logical_type);
  duckdb.table_function_set_name(function.get(), kFunction);
  duckdb.table_function_add_parameter(function.get(), number.get());
  duckdb.table_function_set_extra_info(function.get(), &tables, nullptr);
  duckdb.table_function_set_bind(function.get(), bind);
  duckdb.table_function_set_init(function.get(), begin);
  duckdb.table_function_set_function(function.get(), scan_rows);
  duckdb.table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb.register_table_function(database.connection(), function.get()) != DuckDBSuccess)
    return SqlError{SqlError::Kind::failed, "the tables cannot be made known to DuckDB"};
  for (size_t i = 0; i < tables.question.tables.size(); ++i) {
    const SqlTable& table = tables.question.tables[i];
    BRAID_TRY(database.run(fmt::format("CREATE SCHEMA IF NOT EXISTS {0}; CREATE VIEW {0}.{1} AS FROM {2}({3});",
                                       sql_name(table.domain), sql_name(table.name), kFunction, i)));
  }
  return {};
}

}  // namespace braid::serve::duck
