// SPDX-License-Identifier: Apache-2.0
// The Hodges-Lehmann shift of two groups of values: the median of all differences between a value of the
// second and one of the first. Of logarithms of times it is the typical ratio, and no outlier moves it.
// Source: Hodges and Lehmann, Estimates of location based on rank tests (1963).
#pragma once

#include <cstdint>
#include <span>

namespace ditscope::analyzer {

struct WeightedValues {
  std::span<const double> values;    // ascending, finite
  std::span<const uint32_t> counts;  // one a value: how often it occurs; empty = once each
};

// Needs a value with a count on both sides, else NaN. O((m + n) log) time for any number of pairs. Of an even
// number of pairs it is the mean of the middle two; exact with a tolerance of 0, else up to it.
[[nodiscard]] double hodgesLehmann(const WeightedValues& from, const WeightedValues& to,
                                   double tolerance = 0);

}  // namespace ditscope::analyzer
