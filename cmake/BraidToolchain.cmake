# Language level, warnings, floating point rules and sanitizers for the whole tree.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

set(BRAID_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them: address,undefined or thread")

add_compile_options(
  -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
  # Results must not depend on the CPU: no contraction of a*b+c, no fast-math.
  -ffp-contract=off
  -march=x86-64-v2
  -fno-omit-frame-pointer)

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options(-Wno-gnu-zero-variadic-macro-arguments)
endif()

option(BRAID_FUZZ "Build the libFuzzer programs of tests/fuzz, everything instrumented for them" OFF)
if(BRAID_FUZZ)
  set(BRAID_SANITIZE "address,undefined")
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(BRAID_SANITIZE)
  add_compile_options(-fsanitize=${BRAID_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BRAID_SANITIZE})
endif()

find_program(BRAID_LLD NAMES ld.lld-19 ld.lld)
if(BRAID_LLD)
  add_link_options(-fuse-ld=lld)
endif()

find_program(BRAID_CCACHE ccache)
if(BRAID_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${BRAID_CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(GTest REQUIRED)
