// SPDX-License-Identifier: Apache-2.0
// Whether two groups of values differ at all, and what remains of that when many groups were asked.
#pragma once

#include <span>
#include <vector>

namespace ditscope::analyzer {

// Two-sided p of the Mann-Whitney U test by its normal approximation, with correction for ties and for
// continuity; good from about ten values a side. 1 when a side is empty or all values are equal.
// Source: Mann and Whitney (1947); the same numbers as scipy.stats.mannwhitneyu(method="asymptotic").
[[nodiscard]] double mannWhitneyP(std::span<const double> first, std::span<const double> second);

// For each p the smallest false-discovery rate at which its group is still called different: groups with
// q <= r hold at most a share r of false calls. Source: Benjamini and Hochberg (1995).
[[nodiscard]] std::vector<double> benjaminiHochberg(std::span<const double> p);

}  // namespace ditscope::analyzer
