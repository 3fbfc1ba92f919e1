// Results as JSON, NDJSON and CSV.
#include "runtime/data/text_forms.h"
#include "serve/duckdb/column_source.h"
#include "serve/duckdb/value_text.h"

namespace braid::serve::duck {
namespace {

class TextRows {
 public:
  TextRows(const Duckdb& duckdb, const ColumnSource& source, RowForm form) : form_(form) {
    for (size_t i = 0; i < source.types.size(); ++i) {
      columns_.emplace_back(duckdb, source.types[i].get());
      std::string name;
      append_json_string(name, source.names[i]);
      names_.push_back(name + ':');
    }
  }
  /// The first column whose values have no text.
  const ValueText* without_text(const ColumnSource& source, std::string* name) const {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].has_text()) continue;
      *name = source.names[i];
      return &columns_[i];
    }
    return nullptr;
  }
  void begin(const ColumnSource& source, std::string& out) const {
    if (form_ == RowForm::csv) {
      for (size_t i = 0; i < source.names.size(); ++i) out += (i == 0 ? "" : ",") + cell(source.names[i]);
      out += '\n';
    }
    if (form_ != RowForm::json) return;
    out += "\"columns\":[";
    for (size_t i = 0; i < columns_.size(); ++i) {
      out += i == 0 ? "{\"name\":" : ",{\"name\":";
      out.append(names_[i], 0, names_[i].size() - 1).append(",\"type\":");
      append_json_string(out, columns_[i].type_name());
      out += '}';
    }
    out += "],\"rows\":[";
  }
  void attach(const Duckdb& duckdb, duckdb_data_chunk chunk) {
    for (size_t i = 0; i < columns_.size(); ++i) columns_[i].attach(duckdb.data_chunk_get_vector(chunk, i));
  }
  void append(idx_t row, bool first, std::string& out) const {
    if (form_ == RowForm::csv) {
      for (size_t i = 0; i < columns_.size(); ++i) {
        if (i > 0) out += ',';
        columns_[i].append_cell(row, out);
      }
    } else {
      if (form_ == RowForm::json && !first) out += ',';
      out += '{';
      for (size_t i = 0; i < columns_.size(); ++i) {
        if (i > 0) out += ',';
        out += names_[i];
        columns_[i].append_json(row, out);
      }
      out += '}';
    }
    if (form_ != RowForm::json) out += '\n';
  }

 private:
  static std::string cell(const std::string& name) {
    if (name.find_first_of(",\"\r\n") == std::string::npos) return name;
    std::string made = "\"";
    for (const char c : name) made.append(c == '"' ? 2 : 1, c);
    return made + '"';
  }

  RowForm form_;
  std::vector<ValueText> columns_;
  std::vector<std::string> names_;
};

}  // namespace

Result<SqlAnswer, SqlError> text_of(const Duckdb& duckdb, ColumnSource source, RowForm form, uint64_t most) {
  TextRows rows(duckdb, source, form);
  std::string name;
  if (rows.without_text(source, &name) != nullptr)
    return SqlError{SqlError::Kind::wrong,
                    fmt::format("`{}` is of a type that has no text here; cast it to varchar", name)};
  SqlAnswer answer;
  rows.begin(source, answer.body);
  while (const Chunk chunk = source.next()) {
    rows.attach(duckdb, chunk.get());
    const idx_t size = duckdb.data_chunk_get_size(chunk.get());
    for (idx_t row = 0; row < size; ++row) {
      rows.append(row, answer.rows == 0, answer.body);
      ++answer.rows;
      if (answer.body.size() > most) return too_long(most);
    }
  }
  if (form == RowForm::json) answer.body += "]";
  return answer;
}

}  // namespace braid::serve::duck
