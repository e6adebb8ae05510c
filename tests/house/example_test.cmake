# SPDX-License-Identifier: Apache-2.0
# The worked example of ARCHITECTURE.md is the code that tests compile. -DROOT=<repository>
file(READ ${ROOT}/ARCHITECTURE.md text)
file(READ ${ROOT}/tests/collector/example_method.cpp code)
string(REGEX REPLACE ".*// example begins\n(.*)// example ends.*" "\\1" example "${code}")
string(FIND "${text}" "```cpp\n${example}```" place)
if(place EQUAL -1)
  message(FATAL_ERROR "the example in ARCHITECTURE.md is not tests/collector/example_method.cpp between its marks")
endif()
