// Values in vectors of DuckDB as text: as JSON, in the form that outputs of Braid have (runtime/data/value.h), or as
// cells of a CSV file.
#pragma once

#include <string>
#include <vector>

#include "serve/duckdb/library.h"

namespace braid::serve::duck {

/// Of one column. One thread.
class ValueText {
 public:
  ValueText(const Duckdb& duckdb, duckdb_logical_type type);
  /// As SQL has it: DECIMAL(12,2), VARCHAR[].
  const std::string& type_name() const { return type_name_; }
  /// Whether values have a text; of some rare types they do not, and a statement casts them.
  bool has_text() const;
  /// From now on rows are of that vector.
  void attach(duckdb_vector vector);
  void append_json(idx_t row, std::string& out) const;
  /// Nothing for null.
  void append_cell(idx_t row, std::string& out) const;

 private:
  bool is_null(idx_t row) const { return validity_ != nullptr && ((validity_[row / 64] >> (row % 64)) & 1) == 0; }
  /// Without quotes. False: it is none that JSON has in quotes.
  bool append_bare(idx_t row, std::string& out) const;
  void append_number(idx_t row, std::string& out) const;
  void append_elements(idx_t first, idx_t count, std::string& out) const;
  void append_entries(idx_t row, std::string& out) const;
  void append_fields(idx_t row, std::string& out) const;
  std::string_view text_at(idx_t row) const;
  const std::string& symbol_at(idx_t row) const;
  template <class T>
  const T& at(idx_t row) const {
    return static_cast<const T*>(data_)[row];
  }

  const Duckdb& duckdb_;
  duckdb_type id_;
  duckdb_type stored_as_ = DUCKDB_TYPE_INVALID;  ///< of decimals and enums
  bool is_json_ = false;
  int scale_ = 0;
  idx_t elements_ = 0;              ///< of an array
  std::vector<std::string> names_;  ///< of fields, or symbols
  std::vector<ValueText> children_;
  std::string type_name_;
  const void* data_ = nullptr;
  const uint64_t* validity_ = nullptr;
};

}  // namespace braid::serve::duck
