# What every target of the tree shares: warnings, sanitizers, ccache, precompiled headers, and the two
# functions with which a folder becomes a library and its *_test.cpp files become one test program.

find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)

# GCC's precompiled headers and ccache agree only under these settings.
find_program(CCACHE ccache)
if(CCACHE)
  # The base directory lets clones of one machine share what they compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

add_library(slipway_flags INTERFACE)
target_include_directories(slipway_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
target_compile_options(slipway_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                               -Woverloaded-virtual -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  # Only for the fuzz targets. Without a time stamp ccache takes the precompiled headers for the same.
  target_compile_options(slipway_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
else()
  # GCC 12 reports these falsely inside the standard library and Boost when it inlines at -O2.
  target_compile_options(slipway_flags INTERFACE -fpch-preprocess -Wno-maybe-uninitialized -Wno-restrict
                                                 -Wno-stringop-overflow -Wno-array-bounds -Wno-dangling-reference
                                                 -Wno-stringop-overread)
endif()
if(CMAKE_UNITY_BUILD)
  # Several files are one: what stands in an anonymous namespace seems to stand in a header.
  target_compile_options(slipway_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
target_compile_definitions(slipway_flags INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                                                   BOOST_ASIO_NO_DEPRECATED)
if(SLIPWAY_SANITIZE)
  target_compile_options(slipway_flags INTERFACE -fsanitize=${SLIPWAY_SANITIZE} -fno-omit-frame-pointer
                                                 -fno-sanitize-recover=all)
  target_link_options(slipway_flags INTERFACE -fsanitize=${SLIPWAY_SANITIZE})
  if(SLIPWAY_SANITIZE MATCHES thread)
    # Boost.Asio uses fences that GCC's TSan does not model; the warning says so.
    target_compile_options(slipway_flags INTERFACE -Wno-tsan)
  endif()
endif()

# What every target uses: GCC takes a precompiled header only under the macros with which it was made.
set(SLIPWAY_COMMON slipway_flags fmt::fmt spdlog::spdlog Boost::json Threads::Threads)

# Two precompiled headers for the whole tree, one for libraries and one for tests: each costs as much as a source file.
function(slipway_precompile name)
  cmake_parse_arguments(ARG "" "" "HEADERS;DEPS" ${ARGN})
  set(source ${CMAKE_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "// Holds nothing: its target owns a precompiled header.\n")
  add_library(${name} OBJECT ${source})
  target_link_libraries(${name} PRIVATE ${SLIPWAY_COMMON} ${ARG_DEPS})
  target_precompile_headers(${name} PRIVATE
    <algorithm> <chrono> <cstdint> <functional> <map> <memory> <optional> <string> <string_view> <utility> <vector>
    <boost/json.hpp> <fmt/format.h> ${ARG_HEADERS})
endfunction()

slipway_precompile(slipway_headers)

# What the Lambda is made of is compiled for size where it is released: its zip is loaded at each cold start. What only
# `slipway serve` has (SQLite's driver, Docker's) is not. A precompiled header holds for one level of optimisation, so that these have one of their own.
set(SLIPWAY_SMALL_FLAGS $<$<CONFIG:Release>:-Os>)
set(SLIPWAY_SMALL_HEADERS slipway_headers)
if(CMAKE_BUILD_TYPE STREQUAL Release)
  slipway_precompile(slipway_small_headers)
  target_compile_options(slipway_small_headers PRIVATE ${SLIPWAY_SMALL_FLAGS})
  set(SLIPWAY_SMALL_HEADERS slipway_small_headers)
endif()

# slipway_library(NAME [SMALL] DEPS... [FOLDERS below] [EXCLUDE files]): every .cpp of this folder (and of those FOLDERS) but
# *_test.cpp and main*.cpp becomes library slipway_NAME; every *_test.cpp becomes one test program slipway_NAME_test.
function(slipway_library name)
  cmake_parse_arguments(ARG "SMALL" "" "DEPS;TEST_DEPS;FOLDERS;EXCLUDE" ${ARGN})
  list(TRANSFORM ARG_FOLDERS APPEND "/*.cpp")
  file(GLOB sources CONFIGURE_DEPENDS *.cpp ${ARG_FOLDERS})
  list(REMOVE_ITEM sources ${ARG_EXCLUDE})
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main[a-z_]*)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(sources)
    add_library(slipway_${name} STATIC ${sources})
    target_link_libraries(slipway_${name} PUBLIC ${SLIPWAY_COMMON} ${ARG_DEPS})
    if(ARG_SMALL)
      target_compile_options(slipway_${name} PRIVATE ${SLIPWAY_SMALL_FLAGS})
      target_precompile_headers(slipway_${name} REUSE_FROM ${SLIPWAY_SMALL_HEADERS})
    else()
      target_precompile_headers(slipway_${name} REUSE_FROM slipway_headers)
    endif()
  else()
    add_library(slipway_${name} INTERFACE)
    target_link_libraries(slipway_${name} INTERFACE slipway_flags ${ARG_DEPS})
  endif()
  if(tests AND SLIPWAY_TESTS)
    slipway_test(${name} SOURCES ${tests} DEPS slipway_${name} ${ARG_TEST_DEPS})
  endif()
endfunction()

# slipway_test(NAME SOURCES... DEPS... [LABEL unit]): one GoogleTest program; ctest lists each of its cases. The targets
# slipway_unit_tests and slipway_contract_tests build those of one label, with what they need and nothing else.
function(slipway_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  add_executable(slipway_${name}_test ${ARG_SOURCES})
  target_link_libraries(slipway_${name}_test PRIVATE ${ARG_DEPS} ${SLIPWAY_COMMON} GTest::gtest_main GTest::gmock)
  target_precompile_headers(slipway_${name}_test REUSE_FROM slipway_test_headers)
  add_dependencies(slipway_${ARG_LABEL}_tests slipway_${name}_test)
  gtest_discover_tests(slipway_${name}_test TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST
                       WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
                       PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 120)
endfunction()

if(SLIPWAY_TESTS)
  add_custom_target(slipway_unit_tests)
  add_custom_target(slipway_contract_tests)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  slipway_precompile(slipway_test_headers HEADERS <gtest/gtest.h> <gmock/gmock.h> DEPS GTest::gtest GTest::gmock)
endif()
