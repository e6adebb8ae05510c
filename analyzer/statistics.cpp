// SPDX-License-Identifier: Apache-2.0
#include "analyzer/statistics.h"

#include <cmath>

namespace ditscope::analyzer {

void Summary::add(double value) {
  if (std::isnan(value)) {
    ++notMeasured;
  } else if (std::isinf(value)) {
    ++infinite;
  } else {
    min = count == 0 || value < min ? value : min;
    max = count == 0 || value > max ? value : max;
    sum += value;
    ++count;
  }
}

}  // namespace ditscope::analyzer
