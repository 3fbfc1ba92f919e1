// SQL over views, and rows in columns, as a seam: what serve/duckdb does with DuckDB.
//
// A question reads one state of the views, so all of its tables are of one epoch. Tables are read by the plans that it
// brings, as every way in reads (serve/read/read_plan.h). An engine lives for the whole program; any thread may use it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/base/result.h"
#include "serve/read/read_plan.h"

namespace braid::serve {

/// A view as a table of SQL, `domain.name`.
struct SqlTable {
  std::string domain;
  std::string name;  ///< `customer_view`, or `customer_view@2`
  size_t view = 0;   ///< place in ViewsState::views
  ReadPlan plan = {};
};

enum class RowForm : uint8_t { json, ndjson, csv, arrow, parquet };

struct SqlLimits {
  uint64_t memory_bytes = 256 << 20;  ///< of the engine's operators and of the result
  uint64_t answer_bytes = 32 << 20;
};

/// Names and values that the schema of an Arrow stream tells.
using SchemaNotes = std::vector<std::pair<std::string, std::string>>;

struct SqlQuestion {
  std::string text;  ///< one statement
  RowForm form = RowForm::json;
  std::vector<SqlTable> tables;
  std::shared_ptr<const ViewsState> state;
  SqlLimits limits = {};
  /// Asked again and again while the statement runs: true ends it with SqlError::Kind::stopped.
  std::function<bool()> stop;
  /// With form arrow: the statement is not run, and the answer has the schema of its rows alone. Empty: its types
  /// depend on parameters.
  bool describe = false;
  std::string parameters = {};  ///< values for `?` in order: a stream of Arrow of one row; empty: there are none
  SchemaNotes notes = {};       ///< of form arrow
  /// Columns that are told as never null, of form arrow: clients of a catalogue want the schemas of its standard.
  std::vector<std::string> never_null = {};
};

struct SqlAnswer {
  /// json: `"columns":[…],"rows":[…]`, to stand in an object; of all others the whole answer.
  std::string body;
  uint64_t rows = 0;
  uint64_t parameters = 0;  ///< of the statement, when it is described
};

struct SqlError {
  enum class Kind : uint8_t {
    wrong,     ///< the statement
    too_much,  ///< it needs more than it may have
    stopped,
    failed  ///< a view cannot be read, or the engine
  };
  Kind kind = Kind::failed;
  std::string message;
};

/// What a server tells of itself, in the form of GetSqlInfo of Flight SQL: a number, and what it is.
struct ServerFact {
  uint32_t number = 0;
  std::variant<std::string, bool, int64_t, int32_t> value;
};

/// Rows of a view that are put together in columns. One thread.
class ColumnWriter {
 public:
  virtual ~ColumnWriter() = default;
  /// A row as the leaves of all fields of the view.
  virtual void put(const Slot* slots) = 0;
  /// About the bytes of the rows so far.
  virtual uint64_t bytes() const = 0;
  /// A whole stream or file. Nothing is put any more.
  virtual Result<std::string> finish() = 0;
};

class SqlEngine {
 public:
  virtual ~SqlEngine() = default;
  /// Runs the statement on this thread.
  virtual Result<SqlAnswer, SqlError> ask(const SqlQuestion& question) = 0;
  /// `fields` of `row`, in that order. `form`: arrow or parquet.
  virtual Result<std::unique_ptr<ColumnWriter>> columns(const std::vector<Field>& row, const std::vector<int>& fields,
                                                        RowForm form, const SchemaNotes& notes = {}) = 0;
  /// A stream of Arrow.
  virtual Result<std::string> facts(const std::vector<ServerFact>& facts) = 0;
};

/// Gives the engine, which may be loaded for that; an error of code 8071 where it is not there. Any thread.
using FindSqlEngine = std::function<Result<SqlEngine*>()>;

}  // namespace braid::serve
