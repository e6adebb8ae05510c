# SPDX-License-Identifier: Apache-2.0
# What the person who configures may choose.
set(DITSCOPE_LAYERS "db;kernels;collector;analyzer;gui" CACHE STRING
    "Layers to build; what a layer needs is added to it")
option(DITSCOPE_BUILD_TESTS "Build the tests" ON)
option(DITSCOPE_BUILD_FUZZERS "Build the libFuzzer targets (clang only)" OFF)
option(DITSCOPE_BUILD_BENCHMARKS "Build the benchmarks when Google Benchmark is there" ON)
option(DITSCOPE_DEVICE_TESTS "Register the tests that need a GPU (they are built whenever nvcc is there)" OFF)
option(DITSCOPE_WERROR "Treat warnings as errors" OFF)
set(DITSCOPE_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined or thread")

# AUTO: use it when found; ON: required; OFF: leave it out.
foreach(part CUDA CUPTI NVTX TORCH GUI)
  set(DITSCOPE_WITH_${part} AUTO CACHE STRING "AUTO, ON or OFF")
  set_property(CACHE DITSCOPE_WITH_${part} PROPERTY STRINGS AUTO ON OFF)
endforeach()

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
# -O3 is for the kernels; elsewhere it takes a quarter more time to compile than -O2.
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
