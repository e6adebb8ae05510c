# SPDX-License-Identifier: Apache-2.0
# ditscope_layer(NAME sources...): the one static library of a layer, ditscope_<name>.
function(ditscope_layer name)
  add_library(ditscope_${name} STATIC ${ARGN})
  target_link_libraries(ditscope_${name} PUBLIC ditscope_flags)
  set_target_properties(ditscope_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()

# ditscope_program(NAME LAYER sources...): a program that is linked with its layer. Command lines run once: what
# takes time lies in the layer.
function(ditscope_program name layer)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE ditscope_${layer})
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
endfunction()

# ditscope_test(NAME LIBRARIES a b SOURCES x.cpp [LABELS unit] [ENVIRONMENT A=b] [HEADERS_OF test] [SHARDS n]
# [OPTIMISED]): a GoogleTest program; each of its cases is registered with CTest, or with SHARDS n parts of them, for
# programs that take long to start. HEADERS_OF: a test with the same flags, whose precompiled headers it shares.
# OPTIMISED: what takes long lies in the test itself and not in a library.
function(ditscope_test name)
  cmake_parse_arguments(arg "OPTIMISED" "TIMEOUT;HEADERS_OF;SHARDS" "LIBRARIES;SOURCES;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gtest_main GTest::gmock)
  if(NOT arg_OPTIMISED)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  endif()
  list(LENGTH arg_SOURCES count)
  if(arg_HEADERS_OF)
    target_precompile_headers(${name} REUSE_FROM ${arg_HEADERS_OF})
  elseif(count GREATER 5)
    target_precompile_headers(${name} PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  target_compile_definitions(${name} PRIVATE
    DITSCOPE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" DITSCOPE_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  if(arg_SHARDS)
    math(EXPR last "${arg_SHARDS} - 1")
    foreach(shard RANGE ${last})
      add_test(NAME ${name}.${shard} COMMAND ${name})
      set_tests_properties(${name}.${shard} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
        ENVIRONMENT "GTEST_TOTAL_SHARDS=${arg_SHARDS};GTEST_SHARD_INDEX=${shard};${arg_ENVIRONMENT}")
    endforeach()
  else()
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
      PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${arg_ENVIRONMENT}")
  endif()
endfunction()
