// SPDX-License-Identifier: Apache-2.0
// Words at pictures: values at the axes, with as few digits as tell them apart, and what a quantity is.
#pragma once

#include <string>

#include "analyzer/quantity.h"

namespace ditscope::analyzer {

[[nodiscard]] std::string tickText(Quantity quantity, double value);  // 50 %, 0.21, 7.64 ms; plain text
[[nodiscard]] std::string quantityNote(Quantity quantity);  // its definition and its unit; plain text

}  // namespace ditscope::analyzer
