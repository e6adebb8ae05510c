# SPDX-License-Identifier: Apache-2.0
# cmake -DWORK=<empty folder> -P layering_self_test.cmake
# The layering check must pass a clean tree and name each seeded violation.
cmake_minimum_required(VERSION 3.25)

function(run_check expect_failure word)
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${WORK} -P ${CMAKE_CURRENT_LIST_DIR}/check_layering.cmake
                  RESULT_VARIABLE code ERROR_VARIABLE text OUTPUT_QUIET)
  string(REGEX REPLACE "[ \n]+" " " text "${text}") # message() wraps long lines
  if(expect_failure AND code EQUAL 0)
    message(FATAL_ERROR "seeded violation was not found: ${word}")
  elseif(expect_failure AND NOT text MATCHES "${word}")
    message(FATAL_ERROR "violation not named as '${word}': ${text}")
  elseif(NOT expect_failure AND NOT code EQUAL 0)
    message(FATAL_ERROR "a clean tree failed: ${text}")
  endif()
endfunction()

set(apache "// SPDX-License-Identifier: Apache-2.0\n")
set(gpl "// SPDX-License-Identifier: GPL-3.0-or-later\n")
file(REMOVE_RECURSE ${WORK})
file(WRITE ${WORK}/db/a.h "${apache}#include <sqlite3.h>\n#include \"db/b.h\"\n")
file(WRITE ${WORK}/collector/a.cpp "${apache}#include \"kernels/x.h\"\n#include <ATen/ATen.h>\n")
file(WRITE ${WORK}/gui/a.cpp "${gpl}#include <QWidget>\n#include \"analyzer/x.h\"\n")
run_check(FALSE "")

set(cases
  "db/v.h|apache|#include \"kernels/x.h\"|db may not include kernels"
  "db/v.h|apache|#include <QString>|db may not include the library header QString"
  "kernels/v.cpp|apache|#include \"db/model.h\"|kernels may not include db"
  "kernels/v.cu|apache|#include <ATen/ATen.h>|kernels may not include the library header ATen"
  "analyzer/v.cpp|apache|#  include \"collector/x.h\"|analyzer may not include collector"
  "analyzer/v.cpp|apache|#include <sqlite3.h>|analyzer may not include the library header sqlite3"
  "collector/v.h|apache|#include \"gui/x.h\"|collector may not include gui"
  "gui/v.cpp|gpl|#include \"collector/x.h\"|gui may not include collector"
  "gui/v.cpp|gpl|#include <cupti.h>|gui may not include the library header cupti"
  "gui/v.cpp|apache|#include <QWidget>|first line must say SPDX-License-Identifier: GPL")
foreach(case IN LISTS cases)
  string(REPLACE "|" ";" part "${case}")
  list(GET part 0 file)
  list(GET part 1 licence)
  list(GET part 2 line)
  list(GET part 3 word)
  file(WRITE ${WORK}/${file} "${${licence}}${line}\n")
  run_check(TRUE "${word}")
  file(REMOVE ${WORK}/${file})
endforeach()
file(REMOVE_RECURSE ${WORK})
message(STATUS "layering self-test: all seeded violations named")
