// Values of Braid in vectors of DuckDB.
//
//   bool BOOLEAN   int BIGINT   float DOUBLE   decimal DECIMAL   string VARCHAR   bytes BLOB   uuid UUID   date DATE
//   time TIME   timestamp TIMESTAMP WITH TIME ZONE   duration INTERVAL   enum VARCHAR   json JSON   list LIST   map MAP
//   a struct STRUCT   T? the type of T, with nulls
#pragma once

#include <string>
#include <vector>

#include "runtime/data/slot.h"
#include "runtime/data/type.h"
#include "serve/duckdb/library.h"

namespace braid::serve::duck {

LogicalType logical_type(const Duckdb& duckdb, const Type& type);

/// Puts values of one type into the rows of vectors, one after another. One thread.
class ColumnFiller {
 public:
  ColumnFiller(const Duckdb& duckdb, const Type& type);
  /// From now on values go into that vector, which has no rows yet.
  void attach(duckdb_vector vector);
  /// Rows are put in order. What the slots view is copied.
  void put(idx_t row, const Slot* slots);

 private:
  void put_null(idx_t row);
  void put_value(idx_t row, const Slot* slots);
  void put_elements(idx_t row, const List& list);
  template <class T>
  T* data() const {
    return static_cast<T*>(data_);
  }

  const Duckdb& duckdb_;
  Type type_;  ///< without `?`
  bool is_optional_;
  duckdb_vector vector_ = nullptr;
  void* data_ = nullptr;
  std::vector<ColumnFiller> children_;  ///< of a struct its fields; of a list or map its elements
  std::vector<size_t> leaves_;          ///< first leaf of each field of a struct
  size_t element_leaves_ = 0;
};

}  // namespace braid::serve::duck
