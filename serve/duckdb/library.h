// The C interface of DuckDB, from its library, which is opened when SQL is first asked for: it is large, and braid
// works without it. Everything of DuckDB in braid is called through a Duckdb.
#pragma once

#include <duckdb.h>

#include <memory>
#include <type_traits>

#include "runtime/base/result.h"

// Functions that serve/duckdb calls, without `duckdb_`.
#define BRAID_DUCKDB_FUNCTIONS(X)                                                                                      \
  X(library_version)                                                                                                   \
  X(prepare) X(execute_prepared) X(row_count) X(value_varchar) X(create_config) X(set_config) X(destroy_config) X(     \
      open_ext) X(close) X(connect) X(disconnect) X(query) X(destroy_result) X(result_error) X(column_count)           \
      X(column_name) X(column_logical_type) X(extract_statements) X(extract_statements_error) X(destroy_extracted) X(  \
          prepare_extracted_statement) X(prepare_error) X(destroy_prepare) X(prepared_statement_type) X(nparams)       \
          X(prepared_statement_column_count) X(prepared_statement_column_name) X(                                      \
              prepared_statement_column_logical_type) X(bind_null) X(bind_boolean) X(bind_int64) X(bind_uint64)        \
              X(bind_double) X(bind_decimal) X(bind_varchar_length) X(bind_blob) X(bind_date) X(bind_time) X(          \
                  bind_timestamp) X(bind_timestamp_tz) X(pending_prepared) X(pending_error) X(pending_execute_task)    \
                  X(execute_pending) X(destroy_pending) X(fetch_chunk) X(destroy_data_chunk) X(create_data_chunk) X(   \
                      data_chunk_get_size) X(data_chunk_set_size) X(data_chunk_get_vector)                             \
                      X(data_chunk_get_column_count) X(vector_size) X(vector_get_data) X(vector_get_validity) X(       \
                          vector_ensure_validity_writable) X(vector_assign_string_element_len)                         \
                          X(vector_reference_vector) X(list_vector_get_child) X(list_vector_get_size) X(               \
                              list_vector_set_size) X(list_vector_reserve) X(struct_vector_get_child)                  \
                              X(array_vector_get_child) X(create_logical_type) X(create_decimal_type) X(               \
                                  create_list_type) X(create_map_type) X(create_struct_type) X(destroy_logical_type)   \
                                  X(get_type_id) X(logical_type_get_alias) X(logical_type_set_alias) X(                \
                                      decimal_width) X(decimal_scale) X(decimal_internal_type) X(enum_internal_type)   \
                                      X(enum_dictionary_size) X(enum_dictionary_value) X(list_type_child_type) X(      \
                                          array_type_child_type) X(array_type_array_size) X(map_type_key_type)         \
                                          X(map_type_value_type) X(struct_type_child_count) X(                         \
                                              struct_type_child_name) X(struct_type_child_type) X(free)                \
                                              X(create_table_function) X(destroy_table_function) X(                    \
                                                  table_function_set_name) X(table_function_add_parameter)             \
                                                  X(table_function_set_extra_info) X(table_function_set_bind) X(       \
                                                      table_function_set_init) X(table_function_set_function)          \
                                                      X(table_function_supports_projection_pushdown) X(                \
                                                          register_table_function) X(bind_get_extra_info)              \
                                                          X(bind_get_parameter) X(bind_add_result_column) X(           \
                                                              bind_set_bind_data) X(bind_set_error)                    \
                                                              X(init_get_extra_info) X(init_get_bind_data) X(          \
                                                                  init_set_init_data) X(init_get_column_count)         \
                                                                  X(init_get_column_index) X(init_set_max_threads) X(  \
                                                                      function_get_extra_info)                         \
                                                                      X(function_get_init_data) X(function_set_error)  \
                                                                          X(get_int64) X(destroy_value)                \
                                                                              X(connection_get_arrow_options)          \
                                                                                  X(destroy_arrow_options)             \
                                                                                      X(to_arrow_schema)               \
                                                                                          X(data_chunk_to_arrow) X(    \
                                                                                              error_data_has_error)    \
                                                                                              X(error_data_message) X( \
                                                                                                  destroy_error_data)

namespace braid::serve::duck {

struct Duckdb {
#define BRAID_DUCKDB_MEMBER(name) decltype(&::duckdb_##name) name = nullptr;
  BRAID_DUCKDB_FUNCTIONS(BRAID_DUCKDB_MEMBER)
#undef BRAID_DUCKDB_MEMBER
};

/// Opened once, for the whole program. An error of code 8071: it is not there, or is another version.
Result<const Duckdb*> open_library();

/// What the library makes and takes back.
template <class T>
struct GiveBack {
  void (*give_back)(T*) = nullptr;
  void operator()(std::remove_pointer_t<T>* made) const { give_back(&made); }
};
template <class T>
using Owned = std::unique_ptr<std::remove_pointer_t<T>, GiveBack<T>>;
template <class T>
Owned<T> own(T made, void (*give_back)(T*)) {
  return {made, {give_back}};
}

using Chunk = Owned<duckdb_data_chunk>;
using LogicalType = Owned<duckdb_logical_type>;

}  // namespace braid::serve::duck
