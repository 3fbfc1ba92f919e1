# The client library of Apache Kafka, built from its source: the one of Debian 12 waits in transactions for fixed times.
# Confluent's package for Node.js carries the whole source. Makes the target `rdkafka`; without the source, BRAID_KAFKA
# is off, with a message.

option(BRAID_KAFKA "Build the Kafka connector" ON)
if(NOT BRAID_KAFKA)
  return()
endif()

include(ExternalProject)
set(archive ${CMAKE_BINARY_DIR}/librdkafka-2.15.1.tgz)
set(digest ada7d703bb1d3237e2292bfabf438d663b6160c9f1ac2a2406b5dc4257c81b66)
if(EXISTS ${archive})
  file(SHA256 ${archive} found)
endif()
if(NOT "${found}" STREQUAL "${digest}")
  file(DOWNLOAD https://registry.npmjs.org/@confluentinc/kafka-javascript/-/kafka-javascript-1.10.1.tgz ${archive}
       STATUS status INACTIVITY_TIMEOUT 60)
  list(GET status 0 failed)
  if(NOT failed)
    file(SHA256 ${archive} found)
  endif()
  if(failed OR NOT "${found}" STREQUAL "${digest}")
    file(REMOVE ${archive})
    message(WARNING "The source of librdkafka cannot be had: building without Kafka (-DBRAID_KAFKA=OFF says so too).")
    set(BRAID_KAFKA OFF)
    return()
  endif()
endif()

find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)

set(compiler "${CMAKE_C_COMPILER}")
if(BRAID_CCACHE)
  string(PREPEND compiler "${BRAID_CCACHE} ")
endif()
set(flags "-fPIC")
if(BRAID_SANITIZE)
  string(APPEND flags " -fsanitize=${BRAID_SANITIZE}")
endif()
set(source ${CMAKE_BINARY_DIR}/librdkafka/source/deps/librdkafka)
ExternalProject_Add(librdkafka
  URL ${archive}
  URL_HASH SHA256=${digest}
  DOWNLOAD_EXTRACT_TIMESTAMP OFF
  PREFIX ${CMAKE_BINARY_DIR}/librdkafka
  SOURCE_DIR ${CMAKE_BINARY_DIR}/librdkafka/source
  # It reads its counters by adding 0 to them, which compilers turn into a fence, several for each record. A load is as
  # ordered among them.
  PATCH_COMMAND sed -i -E
                "s/return ATOMIC_OP(32|64)\\(fetch, add, &ra->val, 0\\)/return __atomic_load_n(\\&ra->val, __ATOMIC_SEQ_CST)/"
                ${source}/src/rdatomic.h
  # Its own copy of LZ4, and no Kerberos: tickets come from a command that it runs.
  CONFIGURE_COMMAND ${CMAKE_COMMAND} -E chdir ${source} ${CMAKE_COMMAND} -E env "CC=${compiler}" CXX=${CMAKE_CXX_COMPILER}
                    ./configure --disable-gssapi --disable-syslog --disable-lz4-ext --disable-debug-symbols
                    "--CFLAGS=${flags}"
  BUILD_COMMAND make -s -C ${source}/src librdkafka.a -j2
  BUILD_BYPRODUCTS ${source}/src/librdkafka.a
  INSTALL_COMMAND ""
  LOG_CONFIGURE ON LOG_BUILD ON LOG_OUTPUT_ON_FAILURE ON)

add_library(rdkafka STATIC IMPORTED)
file(MAKE_DIRECTORY ${source}/src)
set_target_properties(rdkafka PROPERTIES
  IMPORTED_LOCATION ${source}/src/librdkafka.a
  INTERFACE_INCLUDE_DIRECTORIES ${source}/src)
target_link_libraries(rdkafka INTERFACE CURL::libcurl OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB zstd m dl)
add_dependencies(rdkafka librdkafka)
