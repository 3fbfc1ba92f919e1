#include "serve/duckdb/row_columns.h"

namespace braid::serve::duck {
namespace {

constexpr uint64_t kMemory = 64 << 20;  ///< of a database that only has the settings of Arrow

class RowColumns : public ColumnWriter {
 public:
  RowColumns(const Duckdb& duckdb, const std::vector<Field>& row, const std::vector<int>& fields, RowForm form,
             const SchemaNotes& notes)
      : duckdb_(duckdb), form_(form) {
    source_.notes = notes;
    for (const int place : fields) {
      const Field& field = row[static_cast<size_t>(place)];
      Column column{leaf_offset(row, static_cast<size_t>(place)), flatten(field.type),
                    ColumnFiller(duckdb, field.type)};
      columns_.push_back(std::move(column));
      source_.names.push_back(field.name);
      source_.types.push_back(logical_type(duckdb, field.type));
      types_.push_back(source_.types.back().get());
    }
    source_.tell_names_apart();
  }

  void put(const Slot* slots) override {
    if (rows_ == 0) begin_chunk();
    for (Column& column : columns_) {
      column.filler.put(rows_, slots + column.leaf);
      for (size_t i = 0; i < column.leaves.size(); ++i) {
        const Slot& slot = slots[column.leaf + i];
        bytes_ += leaf_width(column.leaves[i].kind);
        if (column.leaves[i].kind == LeafKind::bytes) bytes_ += slot.bytes.size;
        if (column.leaves[i].kind == LeafKind::list) bytes_ += slot.list.count * sizeof(Slot);
      }
    }
    if (++rows_ == duckdb_.vector_size()) end_chunk();
  }
  uint64_t bytes() const override { return bytes_; }

  Result<std::string> finish() override {
    if (rows_ > 0) end_chunk();
    source_.next = [this, next = size_t{0}]() mutable {
      return next == chunks_.size() ? Chunk() : std::move(chunks_[next++]);
    };
    Result<std::string, SqlError> made =
        form_ == RowForm::parquet ? parquet_file(duckdb_, std::move(source_), UINT64_MAX) : as_arrow();
    if (!made.ok()) return Error{ErrorKind::internal, made.error().message, 0, 0};
    return *std::move(made);
  }

 private:
  struct Column {
    size_t leaf;
    std::vector<Leaf> leaves;
    ColumnFiller filler;
  };

  void begin_chunk() {
    chunks_.push_back(own(duckdb_.create_data_chunk(types_.data(), types_.size()), duckdb_.destroy_data_chunk));
    for (size_t i = 0; i < columns_.size(); ++i)
      columns_[i].filler.attach(duckdb_.data_chunk_get_vector(chunks_.back().get(), i));
  }
  void end_chunk() {
    duckdb_.data_chunk_set_size(chunks_.back().get(), rows_);
    rows_ = 0;
  }
  Result<std::string, SqlError> as_arrow() {
    BRAID_ASSIGN(const Database database, Database::open(duckdb_, kMemory, false));
    duckdb_arrow_options made = nullptr;
    duckdb_.connection_get_arrow_options(database.connection(), &made);
    const Owned<duckdb_arrow_options> options = own(made, duckdb_.destroy_arrow_options);
    return arrow_stream(duckdb_, options.get(), std::move(source_), UINT64_MAX);
  }

  const Duckdb& duckdb_;
  RowForm form_;
  ColumnSource source_;
  std::vector<duckdb_logical_type> types_;
  std::vector<Column> columns_;
  std::vector<Chunk> chunks_;
  idx_t rows_ = 0;  ///< of the last chunk, while it takes rows
  uint64_t bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<ColumnWriter>> row_columns(const Duckdb& duckdb, const std::vector<Field>& row,
                                                  const std::vector<int>& fields, RowForm form,
                                                  const SchemaNotes& notes) {
  return std::unique_ptr<ColumnWriter>(std::make_unique<RowColumns>(duckdb, row, fields, form, notes));
}

}  // namespace braid::serve::duck
