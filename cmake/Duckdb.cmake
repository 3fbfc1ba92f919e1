# SQL over views and columnar output (serve/sql): the library of DuckDB, which DuckDB's package for Node.js carries, and its
# header of the same version, from the package for Rust; Apache nanoarrow, which writes Arrow streams, from the source
# package for Python. Makes the targets `duckdb_header` and `nanoarrow`, and lays libduckdb.so beside the other libraries of
# the build. braid opens it when it is asked for SQL. Without these, BRAID_SQL is off, with a message.

option(BRAID_SQL "Build SQL over views, and rows as Arrow and Parquet" ON)
if(NOT BRAID_SQL)
  return()
endif()

# Lays the archive at that address into the build folder; unsets BRAID_SQL in the caller if it cannot be had.
function(braid_fetch_archive url digest path)
  if(EXISTS ${path})
    file(SHA256 ${path} found)
  endif()
  if("${found}" STREQUAL "${digest}")
    return()
  endif()
  file(DOWNLOAD ${url} ${path} STATUS status INACTIVITY_TIMEOUT 60)
  list(GET status 0 failed)
  if(NOT failed)
    file(SHA256 ${path} found)
  endif()
  if(failed OR NOT "${found}" STREQUAL "${digest}")
    file(REMOVE ${path})
    message(WARNING "${url} cannot be had: building without SQL over views (-DBRAID_SQL=OFF says so too).")
    set(BRAID_SQL OFF PARENT_SCOPE)
  endif()
endfunction()

set(place ${CMAKE_BINARY_DIR}/duckdb)
set(duckdb_version 1.5.6)
braid_fetch_archive(
  https://registry.npmjs.org/@duckdb/node-bindings-linux-x64/-/node-bindings-linux-x64-1.5.6-r.1.tgz
  1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff ${place}/libduckdb-${duckdb_version}.tgz)
if(BRAID_SQL)
  braid_fetch_archive(
    https://static.crates.io/crates/libduckdb-sys/libduckdb-sys-1.10506.0.crate
    0aac3459f2f7f0221d5be9114fa77ff5877040c8de456d3b986a680579fe202b ${place}/libduckdb-sys-1.10506.0.tgz)
endif()
if(BRAID_SQL)
  braid_fetch_archive(
    https://files.pythonhosted.org/packages/bc/b2/8fedfa966cc25126e1c9090e6d9fed75dab4e1d2716e3ca2d18ea2d6f438/nanoarrow-0.9.0.tar.gz
    1ce15bbed8532839347faa78824c5dbd3769bff60661003e34c6fba5dd881bd3 ${place}/nanoarrow-0.9.0.tar.gz)
endif()
if(NOT BRAID_SQL)
  return()
endif()

set(duckdb_library ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/libduckdb.so)
set(stamp ${place}/complete-${duckdb_version})
if(NOT EXISTS ${stamp} OR NOT EXISTS ${duckdb_library})
  file(ARCHIVE_EXTRACT INPUT ${place}/libduckdb-${duckdb_version}.tgz DESTINATION ${place} PATTERNS package/libduckdb.so)
  file(MAKE_DIRECTORY ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
  file(RENAME ${place}/package/libduckdb.so ${duckdb_library})
  file(ARCHIVE_EXTRACT INPUT ${place}/libduckdb-sys-1.10506.0.tgz DESTINATION ${place} PATTERNS */duckdb.tar.gz)
  file(ARCHIVE_EXTRACT INPUT ${place}/libduckdb-sys-1.10506.0/duckdb.tar.gz DESTINATION ${place}
       PATTERNS duckdb/src/include/duckdb.h)
  file(ARCHIVE_EXTRACT INPUT ${place}/nanoarrow-0.9.0.tar.gz DESTINATION ${place})
  file(WRITE ${stamp} "")
endif()

add_library(duckdb_header INTERFACE)
target_include_directories(duckdb_header SYSTEM INTERFACE ${place}/duckdb/src/include)
target_compile_definitions(duckdb_header INTERFACE BRAID_DUCKDB_VERSION="v${duckdb_version}")

set(subprojects ${place}/nanoarrow-0.9.0/subprojects)
set(arrow_source ${subprojects}/arrow-nanoarrow/src)
set(flatcc ${subprojects}/flatcc-fd3c4ae5cd39f0651eda6a3a1a374278070135d6)
set(NANOARROW_VERSION 0.9.0)
set(NANOARROW_VERSION_MAJOR 0)
set(NANOARROW_VERSION_MINOR 9)
set(NANOARROW_VERSION_PATCH 0)
set(NANOARROW_NAMESPACE_DEFINE "#define NANOARROW_NAMESPACE Braid")
configure_file(${arrow_source}/nanoarrow/nanoarrow_config.h.in ${place}/config/nanoarrow/nanoarrow_config.h)
add_library(nanoarrow STATIC
  ${arrow_source}/nanoarrow/common/array.c ${arrow_source}/nanoarrow/common/array_stream.c
  ${arrow_source}/nanoarrow/common/schema.c ${arrow_source}/nanoarrow/common/utils.c
  ${arrow_source}/nanoarrow/ipc/codecs.c ${arrow_source}/nanoarrow/ipc/decoder.c ${arrow_source}/nanoarrow/ipc/encoder.c
  ${arrow_source}/nanoarrow/ipc/reader.c ${arrow_source}/nanoarrow/ipc/writer.c
  ${flatcc}/src/runtime/builder.c ${flatcc}/src/runtime/emitter.c ${flatcc}/src/runtime/verifier.c
  ${flatcc}/src/runtime/refmap.c)
set_target_properties(nanoarrow PROPERTIES C_STANDARD 11)
target_compile_options(nanoarrow PRIVATE -w)
target_include_directories(nanoarrow SYSTEM PUBLIC ${place}/config ${arrow_source} ${flatcc}/include)
