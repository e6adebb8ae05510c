# SPDX-License-Identifier: Apache-2.0
# ditscope_layer(NAME sources...): the one static library of a layer, ditscope_<name>.
function(ditscope_layer name)
  add_library(ditscope_${name} STATIC ${ARGN})
  target_link_libraries(ditscope_${name} PUBLIC ditscope_flags)
  set_target_properties(ditscope_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()

# ditscope_program(NAME LAYER sources...): a program that is linked with its layer.
function(ditscope_program name layer)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE ditscope_${layer})
endfunction()

# ditscope_test(NAME LIBRARIES a b SOURCES x.cpp [LABELS unit] [ENVIRONMENT A=b]): a GoogleTest program;
# each of its cases is registered with CTest.
function(ditscope_test name)
  cmake_parse_arguments(arg "" "" "LIBRARIES;SOURCES;LABELS;ENVIRONMENT;TIMEOUT" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gtest_main GTest::gmock)
  target_compile_definitions(${name} PRIVATE
    DITSCOPE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" DITSCOPE_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${arg_ENVIRONMENT}")
endfunction()
