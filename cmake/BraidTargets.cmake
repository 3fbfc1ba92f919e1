# One target a folder. `braid_folder(name [USES folder...] [LINKS library...])` makes `braid_<name>` of every
# *.cpp beside it, and a test program of every *_test.cpp. The USES list is the dependency rule of the folder:
# tests/tidy checks the #include lines against it.

include(GoogleTest)

# Standard headers that nearly every file reads, compiled once.
add_library(braid_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_precompile_headers(braid_pch PRIVATE
  <algorithm> <array> <cstdint> <cstring> <functional> <map> <memory> <optional> <span> <string> <string_view>
  <unordered_map> <utility> <variant> <vector> <fmt/format.h>)
target_link_libraries(braid_pch PUBLIC fmt::fmt)
target_compile_options(braid_pch PUBLIC $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)

set_property(GLOBAL PROPERTY BRAID_FOLDERS "")

function(braid_folder name)
  cmake_parse_arguments(ARG "" "" "USES;LINKS;TEST_USES;TEST_LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(used "")
  foreach(folder ${ARG_USES})
    list(APPEND used braid_${folder})
  endforeach()
  if(sources)
    add_library(braid_${name} STATIC ${sources})
    set(visibility PUBLIC)
    target_precompile_headers(braid_${name} REUSE_FROM braid_pch)
    target_link_libraries(braid_${name} PUBLIC ${used} fmt::fmt Threads::Threads PRIVATE ${ARG_LINKS})
    target_compile_options(braid_${name} PRIVATE $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
  else()
    add_library(braid_${name} INTERFACE)
    set(visibility INTERFACE)
    target_link_libraries(braid_${name} INTERFACE ${used} fmt::fmt Threads::Threads)
  endif()
  target_include_directories(braid_${name} ${visibility} ${CMAKE_SOURCE_DIR})
  file(RELATIVE_PATH place ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  list(JOIN ARG_USES " " uses)
  set_property(GLOBAL APPEND PROPERTY BRAID_FOLDERS "${name}|${place}|${uses}")
  if(tests)
    add_executable(braid_${name}_test ${tests})
    target_precompile_headers(braid_${name}_test REUSE_FROM braid_pch)
    # Programs would be compiled with -fPIE, which the precompiled header of the libraries does not fit.
    set_target_properties(braid_${name}_test PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(braid_${name}_test PRIVATE -fPIC $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
    foreach(folder ${ARG_TEST_USES})
      target_link_libraries(braid_${name}_test PRIVATE braid_${folder})
    endforeach()
    target_link_libraries(braid_${name}_test PRIVATE braid_${name} GTest::gtest GTest::gmock GTest::gtest_main ${ARG_TEST_LINKS})
    target_compile_definitions(braid_${name}_test PRIVATE BRAID_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    gtest_discover_tests(braid_${name}_test DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}." PROPERTIES TIMEOUT 600)
  endif()
endfunction()
