# SPDX-License-Identifier: Apache-2.0
# One target carries warnings, sanitizers and the include root; every target of the project links it.
add_library(ditscope_flags INTERFACE)
target_compile_features(ditscope_flags INTERFACE cxx_std_20)
target_include_directories(ditscope_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(ditscope_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wno-sign-conversion>)
# g++ 12 reports an overlap inside std::string that is not there (GCC bug 105651).
target_compile_options(ditscope_flags INTERFACE
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict>)
# A unity build is one file that includes others, of which g++ thinks as of headers.
if(CMAKE_UNITY_BUILD)
  target_compile_options(ditscope_flags INTERFACE
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>)
endif()
if(DITSCOPE_WERROR)
  target_compile_options(ditscope_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(DITSCOPE_SANITIZE)
  target_compile_options(ditscope_flags INTERFACE -fsanitize=${DITSCOPE_SANITIZE} -fno-omit-frame-pointer -g)
  target_link_options(ditscope_flags INTERFACE -fsanitize=${DITSCOPE_SANITIZE})
endif()
