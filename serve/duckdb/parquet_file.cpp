// Rows as a file of Parquet. DuckDB writes one by a path, so it is given a file in memory; the database that writes it
// runs no statement but this one.
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/copy/sql_text.h"
#include "serve/duckdb/column_source.h"
#include "serve/duckdb/database.h"

namespace braid::serve::duck {
namespace {

constexpr uint64_t kMemory = 256 << 20;
constexpr const char* kFunction = "braid_columns";

struct Given {
  const Duckdb& duckdb;
  ColumnSource& source;
};

void bind(duckdb_bind_info info) {
  const Duckdb& duckdb = *open_library().value();
  const Given& given = *static_cast<Given*>(duckdb.bind_get_extra_info(info));
  for (size_t i = 0; i < given.source.names.size(); ++i)
    duckdb.bind_add_result_column(info, given.source.names[i].c_str(), given.source.types[i].get());
}

void begin(duckdb_init_info info) {
  open_library().value()->init_set_max_threads(info, 1);
}

void give_rows(duckdb_function_info info, duckdb_data_chunk output) {
  const Duckdb& duckdb = *open_library().value();
  const Given& given = *static_cast<Given*>(duckdb.function_get_extra_info(info));
  const Chunk chunk = given.source.next();
  if (chunk == nullptr) return duckdb.data_chunk_set_size(output, 0);
  for (idx_t i = 0; i < given.source.types.size(); ++i)
    duckdb.vector_reference_vector(duckdb.data_chunk_get_vector(output, i),
                                   duckdb.data_chunk_get_vector(chunk.get(), i));
  duckdb.data_chunk_set_size(output, duckdb.data_chunk_get_size(chunk.get()));
}

/// Anonymous memory as a file.
class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("rows.parquet", MFD_CLOEXEC)) {}
  MemoryFile(const MemoryFile&) = delete;
  ~MemoryFile() {
    if (file_ >= 0) close(file_);
  }
  bool there() const { return file_ >= 0; }
  std::string path() const { return fmt::format("/proc/self/fd/{}", file_); }
  std::optional<std::string> content(uint64_t most) const {
    const off_t size = lseek(file_, 0, SEEK_END);
    if (size < 0 || static_cast<uint64_t>(size) > most) return std::nullopt;
    std::string made(static_cast<size_t>(size), '\0');
    size_t done = 0;
    while (done < made.size()) {
      const ssize_t got = pread(file_, made.data() + done, made.size() - done, static_cast<off_t>(done));
      if (got <= 0) return std::nullopt;
      done += static_cast<size_t>(got);
    }
    return made;
  }

 private:
  int file_;
};

/// Parquet knows intervals in milliseconds only, and most readers do not know them: they are microseconds in whole
/// numbers.
std::string columns_of(const Duckdb& duckdb, const ColumnSource& source) {
  std::string made;
  for (size_t i = 0; i < source.names.size(); ++i) {
    const std::string name = sql_name(source.names[i]);
    const bool is_interval = duckdb.get_type_id(source.types[i].get()) == DUCKDB_TYPE_INTERVAL;
    made += (i == 0 ? "" : ", ") + (is_interval ? fmt::format("epoch_us({0}) AS {0}", name) : name);
  }
  return made;
}

}  // namespace

Result<std::string, SqlError> parquet_file(const Duckdb& duckdb, ColumnSource source, uint64_t most) {
  const MemoryFile file;
  if (!file.there()) return SqlError{SqlError::Kind::failed, "there is no memory for a file"};
  BRAID_ASSIGN(const Database database, Database::open(duckdb, kMemory, true));
  Given given{duckdb, source};
  const Owned<duckdb_table_function> function = own(duckdb.create_table_function(), duckdb.destroy_table_function);
  duckdb.table_function_set_name(function.get(), kFunction);
  duckdb.table_function_set_extra_info(function.get(), &given, nullptr);
  duckdb.table_function_set_bind(function.get(), bind);
  duckdb.table_function_set_init(function.get(), begin);
  duckdb.table_function_set_function(function.get(), give_rows);
  if (duckdb.register_table_function(database.connection(), function.get()) != DuckDBSuccess)
    return SqlError{SqlError::Kind::failed, "the columns cannot be made known to DuckDB"};
  BRAID_TRY(database.run(
      fmt::format("COPY (SELECT {} FROM {}()) TO '{}' (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)",
                  columns_of(duckdb, source), kFunction, file.path())));
  std::optional<std::string> content = file.content(most);
  if (!content) return too_long(most);
  return *std::move(content);
}

}  // namespace braid::serve::duck
