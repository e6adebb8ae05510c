// SPDX-License-Identifier: Apache-2.0
// Student's t test for two samples with one variance.
#pragma once

#include <span>

namespace ditscope::analyzer {

// Two-sided p of |t| with that many degrees of freedom, through the incomplete beta function (Abramowitz and
// Stegun 26.7.1, 26.5.8).
[[nodiscard]] double studentP(double t, double degrees);

// Two-sided p that both samples have one mean. 1 when there are too few values to tell; when neither varies,
// 1 or 0.
[[nodiscard]] double meansDifferP(std::span<const double> first, std::span<const double> second);

}  // namespace ditscope::analyzer
