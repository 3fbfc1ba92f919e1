// Rows as a stream of Arrow's IPC format. DuckDB gives its columns by Arrow's C data interface, and nanoarrow writes
// them.
#include <nanoarrow/nanoarrow.h>
#include <nanoarrow/nanoarrow_ipc.h>

#include <algorithm>
#include <cerrno>

#include "serve/duckdb/column_source.h"

namespace braid::serve::duck {
namespace {

template <class T>
struct Released : T {
  Released() : T() {}
  Released(const Released&) = delete;
  ~Released() {
    if (this->release != nullptr) this->release(this);
  }
};

/// The writer and what it writes into.
class Writer {
 public:
  Writer() {
    ArrowBufferInit(&bytes_);
    ArrowIpcOutputStream stream;
    ok_ = ArrowIpcOutputStreamInitBuffer(&stream, &bytes_) == NANOARROW_OK &&
          ArrowIpcWriterInit(&writer_, &stream) == NANOARROW_OK;
  }
  Writer(const Writer&) = delete;
  ~Writer() {
    if (ok_) ArrowIpcWriterReset(&writer_);
    ArrowArrayViewReset(&view_);
    ArrowBufferReset(&bytes_);
  }
  bool write(ArrowSchema* schema, const SchemaNotes& notes) {
    ArrowBuffer told = {};
    bool done = ok_ && ArrowMetadataBuilderInit(&told, nullptr) == NANOARROW_OK;
    for (const auto& [name, value] : notes)
      done = done && ArrowMetadataBuilderAppend(&told, text(name), text(value)) == NANOARROW_OK;
    // The schema is DuckDB's: it has its own back before it is released.
    const char* const own = schema->metadata;
    if (!notes.empty()) schema->metadata = reinterpret_cast<const char*>(told.data);
    done = done && ArrowIpcWriterWriteSchema(&writer_, schema, &error_) == NANOARROW_OK;
    schema->metadata = own;
    ArrowBufferReset(&told);
    return done && ArrowArrayViewInitFromSchema(&view_, schema, &error_) == NANOARROW_OK;
  }
  bool write(ArrowArray* rows) {
    return ArrowArrayViewSetArray(&view_, rows, &error_) == NANOARROW_OK &&
           ArrowIpcWriterWriteArrayView(&writer_, &view_, &error_) == NANOARROW_OK;
  }
  bool end() { return ArrowIpcWriterWriteArrayView(&writer_, nullptr, &error_) == NANOARROW_OK; }
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data), static_cast<size_t>(bytes_.size_bytes)};
  }
  SqlError error() const {
    return {SqlError::Kind::wrong, fmt::format("this cannot be written as Arrow: {}", ArrowErrorMessage(&error_))};
  }

 private:
  static ArrowStringView text(const std::string& from) { return {from.data(), static_cast<int64_t>(from.size())}; }

  ArrowBuffer bytes_ = {};
  ArrowIpcWriter writer_ = {};
  ArrowArrayView view_ = {};
  mutable ArrowError error_ = {};
  bool ok_ = false;
};

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
  Writer writer;
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
