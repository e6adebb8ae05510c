# SPDX-License-Identifier: Apache-2.0
# cmake -DROOT=<source tree> -P check_layering.cmake
# Fails on any #include that is not an arrow of the layer table in ARCHITECTURE.md, library headers included.
cmake_minimum_required(VERSION 3.25)

set(layers db kernels collector analyzer gui)
set(may_db "")
set(may_kernels "")
set(may_collector kernels db)
set(may_analyzer db)
set(may_gui analyzer db)

# Library headers, and the only layers that may include them.
set(fences
  "^sqlite3\\.h=db"
  "^zstd\\.h=db"
  "^zip\\.h=db"
  "^(torch|ATen|c10|caffe2)/=collector"
  "^(Q[A-Z][A-Za-z]*|Qt[A-Z][A-Za-z]*/.*|qcustomplot\\.h)$=gui"
  "^(cuda|cuda_runtime|cuda_bf16|cuda_fp16|cudaTypedefs)[a-z_0-9]*\\.h$=kernels,collector"
  "^(cupti|nvtx3/|generated_nvtx)=collector"
  "^hwy/=kernels"
  "^(nlohmann|CLI|spdlog|fmt)/=db,collector,analyzer,gui")

set(violations "")
foreach(layer IN LISTS layers)
  file(GLOB_RECURSE files ${ROOT}/${layer}/*.h ${ROOT}/${layer}/*.cpp ${ROOT}/${layer}/*.cu ${ROOT}/${layer}/*.cuh)
  foreach(file IN LISTS files)
    file(STRINGS ${file} lines REGEX "^[ \t]*#[ \t]*include")
    foreach(line IN LISTS lines)
      if(NOT line MATCHES "include[ \t]*[<\"]([^>\"]+)[>\"]")
        continue()
      endif()
      set(header ${CMAKE_MATCH_1})
      string(REGEX MATCH "^[a-z]+" top ${header})
      if(top IN_LIST layers AND header MATCHES "/" AND NOT top STREQUAL layer AND NOT top IN_LIST may_${layer})
        list(APPEND violations "${file}: ${layer} may not include ${top} (${header})")
      endif()
      foreach(fence IN LISTS fences)
        string(REGEX MATCH "^(.*)=([a-z,]+)$" _ ${fence})
        set(pattern ${CMAKE_MATCH_1})
        string(REPLACE "," ";" allowed ${CMAKE_MATCH_2})
        if(header MATCHES "${pattern}" AND NOT layer IN_LIST allowed)
          list(APPEND violations "${file}: ${layer} may not include the library header ${header}")
        endif()
      endforeach()
    endforeach()
    file(STRINGS ${file} first LIMIT_COUNT 1)
    if(layer STREQUAL "gui")
      set(licence "SPDX-License-Identifier: GPL-3.0-or-later")
    else()
      set(licence "SPDX-License-Identifier: Apache-2.0")
    endif()
    if(NOT first MATCHES "${licence}")
      list(APPEND violations "${file}: the first line must say ${licence}")
    endif()
  endforeach()
endforeach()

if(violations)
  list(JOIN violations "\n  " text)
  message(FATAL_ERROR "layering:\n  ${text}")
endif()
message(STATUS "layering: clean")
