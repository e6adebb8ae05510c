// SPDX-License-Identifier: Apache-2.0
// When the times of a contender say enough. As nvbench decides it (its criterion stdrel): the relative
// standard deviation is small, or it has settled, so that more samples would not make it smaller.
#pragma once

#include <cstddef>
#include <vector>

namespace ditscope::collector::bench {

class Noise {
 public:
  explicit Noise(double quiet) : m_quiet(quiet) {}  // relative standard deviation that is small enough

  void add(double seconds);

  [[nodiscard]] size_t samples() const { return m_samples; }
  [[nodiscard]] double value() const;  // relative standard deviation so far; NaN below two samples
  [[nodiscard]] bool isQuiet() const;
  // The last estimates of the noise (512 at most, 65 at least) vary by less than 5 % of their mean; looked at
  // every 16 samples.
  [[nodiscard]] bool hasSettled() const { return m_settled; }

 private:
  double m_quiet;
  size_t m_samples = 0;
  double m_mean = 0, m_squares = 0;  // Welford's
  std::vector<double> m_estimates;   // a ring
  bool m_settled = false;
};

}  // namespace ditscope::collector::bench
