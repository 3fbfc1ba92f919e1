#include "runtime/copy/product_table.h"

#include <algorithm>

#include "runtime/copy/sql_text.h"
#include "runtime/data/text_forms.h"
#include "runtime/report/copy_findings.h"

namespace braid {
namespace {

/// Rows that wait in memory for one statement.
constexpr size_t kMostRows = 5'000;
constexpr uint64_t kMostBytes = 4 << 20;
constexpr const char* kPlaces = "braid_copies";

std::string_view without_optional(std::string_view type) {
  if (type.ends_with('?')) type.remove_suffix(1);
  return type;
}

/// The type of a column, and how a value comes there from its text: `{}` is the text.
struct ColumnForm {
  std::string type;
  std::string from = "CAST({} AS {})";  ///< the second one is the type
};

ColumnForm form_of(std::string_view written, SqlDialect dialect) {
  const bool postgres = dialect == SqlDialect::postgres;
  const std::string_view type = without_optional(written);
  if (type == "bool") return {"BOOLEAN"};
  if (type == "int") return {"BIGINT"};
  if (type == "float") return {"DOUBLE PRECISION"};
  if (type.starts_with("decimal(")) return {(postgres ? "NUMERIC" : "DECIMAL") + std::string(type.substr(7))};
  if (type == "decimal") return {postgres ? "NUMERIC" : "DECIMAL(38,18)"};
  if (type == "bytes")
    return postgres ? ColumnForm{"BYTEA", "decode({}, 'base64')"} : ColumnForm{"BLOB", "from_base64({})"};
  if (type == "uuid") return {"UUID"};
  if (type == "date") return {"DATE"};
  if (type == "time") return {"TIME"};
  if (type == "timestamp") return {"TIMESTAMP WITH TIME ZONE"};
  // The text is ISO 8601, which DuckDB does not read.
  if (type == "duration") return {postgres ? "INTERVAL" : "VARCHAR"};
  const bool nested = type == "json" || type.starts_with('{') || type.starts_with("list<") ||
                      type.starts_with("map<") || type.starts_with("checked<");
  if (nested) return {postgres ? "JSONB" : "JSON"};
  return {postgres ? "TEXT" : "VARCHAR"};
}

void append(std::string& json, const CopiedRow& row) {
  json += '[';
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) json += ',';
    if (row[i])
      append_json_string(json, *row[i]);
    else
      json += "null";
  }
  json += ']';
}

uint64_t bytes_of(const CopiedRow& row) {
  uint64_t bytes = 64;
  for (const CopiedValue& value : row) bytes += 16 + (value ? value->size() : 0);
  return bytes;
}

/// As the columns are known, to tell whether they are others now.
std::string shape_of(const CopiedProduct& product) {
  std::string shape;
  for (const CopiedColumn& column : product.columns) shape += column.name + ": " + column.type + "\n";
  shape += "key";
  for (const std::string& part : product.key) shape += " " + part;
  for (const std::string& condition : product.where) shape += "\nwhere " + condition;
  return shape;
}

}  // namespace

ProductTable::ProductTable(SqlSession& session, CopiedProduct product, std::string table)
    : session_(session), product_(std::move(product)), table_(std::move(table)) {
  is_primary_ = !product_.key.empty();
  for (const CopiedColumn& part : key_columns()) is_primary_ &= !part.type.ends_with('?');
}

Error ProductTable::failed(const Error& error) const {
  return {ErrorKind::input,
          diag::CopyFailed{.product = product_.name, .target = "table `" + table_ + "`", .reason = error.message}
              .make()
              .message,
          diag::CopyFailed::kCode, 0};
}

Error ProductTable::not_ours(const std::string& reason) const {
  return {ErrorKind::input,
          diag::NoSuchCopy{.table = table_, .product = product_.name, .reason = reason}.make().message,
          diag::NoSuchCopy::kCode, 0};
}

Result<std::optional<std::string>> ProductTable::run(const std::string& statement,
                                                     const std::vector<std::string>& parameters) {
  Result<std::optional<std::string>> answer = session_.run(statement, parameters);
  if (!answer.ok()) return failed(answer.error());
  return answer;
}

std::vector<CopiedColumn> ProductTable::key_columns() const {
  std::vector<CopiedColumn> found;
  for (const std::string& part : product_.key)
    found.push_back(*std::ranges::find(product_.columns, part, &CopiedColumn::name));
  return found;
}

/// The rows of a parameter, an array of arrays of texts, as `SELECT` of these columns.
std::string ProductTable::rows_of(const std::vector<CopiedColumn>& columns) const {
  const bool postgres = session_.dialect() == SqlDialect::postgres;
  std::string values;
  for (size_t i = 0; i < columns.size(); ++i) {
    const ColumnForm form = form_of(columns[i].type, session_.dialect());
    const std::string text = postgres ? fmt::format("given.r->>{}", i) : fmt::format("given.r[{}]", i + 1);
    values += fmt::format("{}{} AS {}", i == 0 ? "" : ", ", fmt::format(fmt::runtime(form.from), text, form.type),
                          sql_name(columns[i].name));
  }
  const char* const given = postgres ? "jsonb_array_elements(CAST($1 AS jsonb)) AS given(r)"
                                     : R"((SELECT unnest(from_json(CAST($1 AS JSON), '[["VARCHAR"]]')) AS r) AS given)";
  return fmt::format("SELECT {} FROM {}", values, given);
}

Result<std::optional<ProductTable::Place>> ProductTable::open(bool anew) {
  const bool postgres = session_.dialect() == SqlDialect::postgres;
  if (postgres) BRAID_TRY(run("SET client_min_messages = warning"));
  BRAID_TRY(
      run(fmt::format("CREATE TABLE IF NOT EXISTS {} (table_name VARCHAR PRIMARY KEY, product VARCHAR NOT NULL, "
                      "shape VARCHAR NOT NULL, token VARCHAR NOT NULL, epoch BIGINT NOT NULL)",
                      kPlaces)));
  const std::string shape = shape_of(product_);
  std::string key;
  for (const std::string& part : product_.key) key += (key.empty() ? "" : ", ") + sql_name(part);
  if (anew) {
    BRAID_TRY(begin());
    BRAID_TRY(run(fmt::format("DROP TABLE IF EXISTS {}", sql_name(table_))));
    BRAID_TRY(run(fmt::format("DELETE FROM {} WHERE table_name = $1", kPlaces), {table_}));
  }
  const std::string known = fmt::format("FROM {} WHERE table_name = $1", kPlaces);
  BRAID_ASSIGN(const std::optional<std::string> product, run("SELECT product " + known, {table_}));
  if (product) {
    if (*product != product_.name) return not_ours(fmt::format("it is one of `{}`", *product));
    BRAID_ASSIGN(const std::optional<std::string> before, run("SELECT shape " + known, {table_}));
    if (before != shape)
      return not_ours("it has other columns or another key than the product has now, or other conditions");
  } else {
    BRAID_TRY(begin());
    std::string columns;
    for (const CopiedColumn& column : product_.columns)
      columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", sql_name(column.name),
                             form_of(column.type, session_.dialect()).type);
    if (is_primary_) columns += fmt::format(", PRIMARY KEY ({})", key);
    const Result<std::optional<std::string>> made =
        session_.run(fmt::format("CREATE TABLE {} ({})", sql_name(table_), columns));
    if (!made.ok()) return not_ours(made.error().message);
    if (!product_.key.empty() && !is_primary_ && postgres)
      BRAID_TRY(run(fmt::format("CREATE INDEX ON {} ({})", sql_name(table_), key)));
    BRAID_TRY(run(fmt::format("INSERT INTO {} VALUES ($1, $2, $3, '', 0)", kPlaces), {table_, product_.name, shape}));
  }
  if (std::exchange(begun_, false)) BRAID_TRY(run("COMMIT"));

  std::string same;
  for (const std::string& part : product_.key)
    same += fmt::format("{0}kept.{1} IS NOT DISTINCT FROM gone.{1}", same.empty() ? "" : " AND ", sql_name(part));
  put_ = fmt::format("INSERT INTO {} {}", sql_name(table_), rows_of(product_.columns));
  if (is_primary_) {
    std::string others;
    for (const CopiedColumn& column : product_.columns)
      if (std::ranges::find(product_.key, column.name) == product_.key.end())
        others += fmt::format("{0}{1} = excluded.{1}", others.empty() ? "" : ", ", sql_name(column.name));
    put_ += fmt::format(" ON CONFLICT ({}) DO {}", key, others.empty() ? "NOTHING" : "UPDATE SET " + others);
  }
  if (!product_.key.empty())
    erase_ = fmt::format("DELETE FROM {} AS kept USING ({}) AS gone WHERE {}", sql_name(table_), rows_of(key_columns()),
                         same);

  BRAID_ASSIGN(const std::optional<std::string> token, run("SELECT token " + known, {table_}));
  token_ = token.value_or("");
  if (token_.empty()) return std::optional<Place>();
  BRAID_ASSIGN(const std::optional<std::string> epoch, run("SELECT epoch " + known, {table_}));
  return std::optional(Place{token_, std::strtoull(epoch.value_or("0").c_str(), nullptr, 10)});
}

Status ProductTable::begin() {
  if (std::exchange(begun_, true)) return {};
  BRAID_TRY(run("BEGIN"));
  return {};
}

Status ProductTable::clear() {
  BRAID_TRY(begin());
  changed_.clear();
  added_.clear();
  bytes_ = 0;
  BRAID_TRY(run("DELETE FROM " + sql_name(table_)));
  return {};
}

Status ProductTable::put(CopiedRow row) {
  bytes_ += bytes_of(row);
  if (product_.key.empty()) {
    added_.push_back(std::move(row));
  } else {
    CopiedRow key;
    for (const std::string& part : product_.key)
      key.push_back(row[static_cast<size_t>(std::ranges::find(product_.columns, part, &CopiedColumn::name) -
                                            product_.columns.begin())]);
    std::string text;
    append(text, key);
    changed_.insert_or_assign(std::move(text), std::pair(std::move(key), std::optional(std::move(row))));
  }
  return changed_.size() + added_.size() >= kMostRows || bytes_ >= kMostBytes ? flush() : Status();
}

Status ProductTable::erase(CopiedRow key) {
  bytes_ += bytes_of(key);
  std::string text;
  append(text, key);
  changed_.insert_or_assign(std::move(text), std::pair(std::move(key), std::optional<CopiedRow>()));
  return changed_.size() >= kMostRows || bytes_ >= kMostBytes ? flush() : Status();
}

Status ProductTable::send(const std::string& statement, const std::vector<const CopiedRow*>& rows) {
  if (rows.empty()) return {};
  std::string json = "[";
  for (const CopiedRow* row : rows) {
    if (json.size() > 1) json += ',';
    append(json, *row);
  }
  BRAID_TRY(run(statement, {json + ']'}));
  return {};
}

Status ProductTable::flush() {
  if (changed_.empty() && added_.empty()) return {};
  BRAID_TRY(begin());
  std::vector<const CopiedRow*> gone, come;
  for (const auto& [text, change] : changed_) {
    if (!change.second || !is_primary_) gone.push_back(&change.first);
    if (change.second) come.push_back(&*change.second);
  }
  for (const CopiedRow& row : added_) come.push_back(&row);
  BRAID_TRY(send(erase_, gone));
  BRAID_TRY(send(put_, come));
  changed_.clear();
  added_.clear();
  bytes_ = 0;
  return {};
}

Status ProductTable::commit(const Place& place) {
  BRAID_TRY(begin());
  BRAID_TRY(flush());
  BRAID_ASSIGN(
      const std::optional<std::string> moved,
      run(fmt::format("UPDATE {} SET token = $1, epoch = CAST($2 AS BIGINT) WHERE table_name = $3 AND token = $4 "
                      "RETURNING table_name",
                      kPlaces),
          {place.token, std::to_string(place.epoch), table_, token_}));
  if (!moved) {
    BRAID_TRY(run("ROLLBACK"));
    return Error{ErrorKind::input, diag::CopyMoved{.table = table_}.make().message, diag::CopyMoved::kCode, 0};
  }
  BRAID_TRY(run("COMMIT"));
  begun_ = false;
  token_ = place.token;
  return {};
}

}  // namespace braid
