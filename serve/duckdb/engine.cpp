#include "serve/duckdb/engine.h"

#include "serve/duckdb/column_source.h"
#include "serve/duckdb/parameters.h"
#include "serve/duckdb/row_columns.h"
#include "serve/duckdb/view_function.h"

namespace braid::serve {
namespace {

using namespace duck;
using Kind = SqlError::Kind;

/// The first lines of what DuckDB says, without the statement, which it repeats.
std::string sentence(const char* text) {
  std::string made = text == nullptr ? "DuckDB does not say why" : text;
  made.resize(std::min(made.find("\n\nLINE "), made.size()));
  std::replace(made.begin(), made.end(), '\n', ' ');
  return made;
}

SqlError wrong(std::string message) {
  return {Kind::wrong, std::move(message)};
}

/// A statement of a question, in a database of its own.
class Statement {
 public:
  Statement(const Duckdb& duckdb, const SqlQuestion& question) : duckdb_(duckdb), question_(question) {}

  Result<SqlAnswer, SqlError> answer() {
    ViewTables tables{duckdb_, question_};
    BRAID_ASSIGN(const Database database, Database::open(duckdb_, question_.limits.memory_bytes, false));
    BRAID_TRY(register_views(tables, database));
    BRAID_TRY(database.lock());
    BRAID_ASSIGN(const Owned<duckdb_prepared_statement> prepared, prepare(database));
    if (question_.describe) return describe(database, prepared.get());
    BRAID_TRY(bind_parameters(duckdb_, prepared.get(), question_.parameters));
    duckdb_result result = {};
    const Result<void, SqlError> ran = run(prepared.get(), &result);
    const std::unique_ptr<duckdb_result, void (*)(duckdb_result*)> owned(&result, duckdb_.destroy_result);
    if (!ran.ok()) {
      if (!tables.failure.empty()) return SqlError{Kind::failed, tables.failure};
      return ran.error();
    }
    return write(database, result);
  }

 private:
  Result<SqlAnswer, SqlError> describe(const Database& database, duckdb_prepared_statement prepared) const {
    SqlAnswer answer;
    answer.parameters = duckdb_.nparams(prepared);
    ColumnSource source;
    for (idx_t i = 0; i < duckdb_.prepared_statement_column_count(prepared); ++i) {
      const char* const name = duckdb_.prepared_statement_column_name(prepared, i);
      LogicalType type = own(duckdb_.prepared_statement_column_logical_type(prepared, i), duckdb_.destroy_logical_type);
      const duckdb_type is = type == nullptr ? DUCKDB_TYPE_INVALID : duckdb_.get_type_id(type.get());
      if (is == DUCKDB_TYPE_INVALID || is == DUCKDB_TYPE_ANY || name == nullptr) return answer;
      source.names.emplace_back(name);
      source.types.push_back(std::move(type));
      duckdb_.free(const_cast<char*>(name));
    }
    source.tell_names_apart();
    source.next = [] { return Chunk(); };
    BRAID_ASSIGN(answer.body, as_arrow(database, std::move(source)));
    return answer;
  }

  Result<std::string, SqlError> as_arrow(const Database& database, ColumnSource source) const {
    source.notes = question_.notes;
    source.never_null = question_.never_null;
    duckdb_arrow_options made = nullptr;
    duckdb_.connection_get_arrow_options(database.connection(), &made);
    const Owned<duckdb_arrow_options> options = own(made, duckdb_.destroy_arrow_options);
    return arrow_stream(duckdb_, options.get(), std::move(source), question_.limits.answer_bytes);
  }

  Result<Owned<duckdb_prepared_statement>, SqlError> prepare(const Database& database) const {
    if (question_.text.find('\0') != std::string::npos) return wrong("a statement has no byte 0");
    duckdb_extracted_statements extracted = nullptr;
    const idx_t count = duckdb_.extract_statements(database.connection(), question_.text.c_str(), &extracted);
    const Owned<duckdb_extracted_statements> statements = own(extracted, duckdb_.destroy_extracted);
    if (const char* why = duckdb_.extract_statements_error(extracted); count == 0 && why != nullptr)
      return wrong(sentence(why));
    if (count != 1) return wrong(count == 0 ? "there is no statement" : "there is more than one statement");
    duckdb_prepared_statement made = nullptr;
    const bool done = duckdb_.prepare_extracted_statement(database.connection(), extracted, 0, &made) == DuckDBSuccess;
    Owned<duckdb_prepared_statement> prepared = own(made, duckdb_.destroy_prepare);
    if (!done) return wrong(sentence(duckdb_.prepare_error(made)));
    const duckdb_statement_type type = duckdb_.prepared_statement_type(made);
    if (type != DUCKDB_STATEMENT_TYPE_SELECT && type != DUCKDB_STATEMENT_TYPE_EXPLAIN)
      return wrong("products are read by `select`, and nothing else is done here");
    return prepared;
  }

  Result<void, SqlError> run(duckdb_prepared_statement prepared, duckdb_result* result) const {
    duckdb_pending_result made = nullptr;
    const bool begun = duckdb_.pending_prepared(prepared, &made) == DuckDBSuccess;
    const Owned<duckdb_pending_result> pending = own(made, duckdb_.destroy_pending);
    if (!begun) return failure(duckdb_.pending_error(made));
    while (true) {
      if (question_.stop && question_.stop()) return SqlError{Kind::stopped, "the statement was stopped"};
      const duckdb_pending_state state = duckdb_.pending_execute_task(made);
      if (state == DUCKDB_PENDING_ERROR) return failure(duckdb_.pending_error(made));
      if (state == DUCKDB_PENDING_RESULT_READY) break;
    }
    if (duckdb_.execute_pending(made, result) != DuckDBSuccess) return failure(duckdb_.result_error(result));
    return {};
  }

  SqlError failure(const char* text) const {
    if (question_.stop && question_.stop()) return {Kind::stopped, "the statement was stopped"};
    const std::string why = sentence(text);
    const bool is_memory = why.starts_with("Out of Memory");
    return is_memory ? SqlError{Kind::too_much,
                                fmt::format("it may use {} MB of memory", question_.limits.memory_bytes >> 20)}
                     : wrong(why);
  }

  Result<SqlAnswer, SqlError> write(const Database& database, duckdb_result& result) const {
    ColumnSource source;
    for (idx_t i = 0; i < duckdb_.column_count(&result); ++i) {
      source.names.emplace_back(duckdb_.column_name(&result, i));
      source.types.push_back(own(duckdb_.column_logical_type(&result, i), duckdb_.destroy_logical_type));
    }
    source.tell_names_apart();
    SqlAnswer answer;
    source.next = [&]() -> Chunk {
      Chunk chunk = own(duckdb_.fetch_chunk(result), duckdb_.destroy_data_chunk);
      if (chunk != nullptr) answer.rows += duckdb_.data_chunk_get_size(chunk.get());
      return chunk;
    };
    const uint64_t most = question_.limits.answer_bytes;
    if (question_.form == RowForm::parquet) {
      BRAID_ASSIGN(answer.body, parquet_file(duckdb_, std::move(source), most));
      return answer;
    }
    if (question_.form == RowForm::arrow) {
      BRAID_ASSIGN(answer.body, as_arrow(database, std::move(source)));
      return answer;
    }
    return text_of(duckdb_, std::move(source), question_.form, most);
  }

  const Duckdb& duckdb_;
  const SqlQuestion& question_;
};

class DuckdbEngine : public SqlEngine {
 public:
  explicit DuckdbEngine(const Duckdb& duckdb) : duckdb_(duckdb) {}
  Result<SqlAnswer, SqlError> ask(const SqlQuestion& question) override {
    return Statement(duckdb_, question).answer();
  }
  Result<std::unique_ptr<ColumnWriter>> columns(const std::vector<Field>& row, const std::vector<int>& fields,
                                                RowForm form, const SchemaNotes& notes) override {
    return row_columns(duckdb_, row, fields, form, notes);
  }
  Result<std::string> facts(const std::vector<ServerFact>& facts) override { return fact_stream(facts); }

 private:
  const Duckdb& duckdb_;
};

}  // namespace

Result<SqlEngine*> duckdb_engine() {
  BRAID_ASSIGN(const Duckdb* const duckdb, open_library());
  static DuckdbEngine engine(*duckdb);
  return &engine;
}

}  // namespace braid::serve
