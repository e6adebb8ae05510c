// SPDX-License-Identifier: Apache-2.0
// A linear model with few coefficients, none of them negative, fitted to measured times. Errors of times are
// relative and lean to one side (a disturbed launch is slower, never faster), so that the residuals are
// relative and large ones lose their weight. Pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace ditscope::analyzer {

inline constexpr size_t kTerms = 4;
using Terms = std::array<double, kTerms>;

struct Observation {
  Terms x{};     // a term that is 0 in every observation gets the coefficient 0
  double y = 0;  // > 0
};

[[nodiscard]] double dot(const Terms& a, const Terms& b);

// Coefficients >= 0 that minimise sum weight * (y - c.x)^2. Exact: solves each choice of the terms that are
// not 0. Of choices that are equally good the one with fewer terms.
[[nodiscard]] Terms fitNonNegative(std::span<const Observation> observations,
                                   std::span<const double> weights);

// The same over relative residuals (y - c.x) / c.x, reweighted: Huber's weights until the fit stands, then
// Tukey's, for which an observation beyond 4.7 standard deviations does not count at all (Maronna, Martin,
// Yohai: Robust Statistics, 2006, 4.4 and 5.5). The deviation is estimated from the median.
[[nodiscard]] Terms fitRobust(std::span<const Observation> observations);

}  // namespace ditscope::analyzer
