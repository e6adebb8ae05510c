// SPDX-License-Identifier: Apache-2.0
#include "analyzer/history/student_t.h"

#include <cmath>
#include <numeric>

namespace ditscope::analyzer {
namespace {

// Of the incomplete beta function, by Lentz's method; converges fast for x < (a + 1) / (a + b + 2).
double continuedFraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300;
  const auto kept = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1, d = 1 / kept(1 - (a + b) * x / (a + 1)), value = d;
  for (int i = 1; i <= 300; ++i) {
    const double m = i;
    for (const double step : {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                              -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))}) {
      d = 1 / kept(1 + step * d);
      c = kept(1 + step / c);
      value *= d * c;
    }
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return value;
}

double logGamma(double x) {  // std::lgamma writes a global sign and is not safe in threads
  int sign = 0;
  return lgamma_r(x, &sign);
}

double incompleteBeta(double x, double a, double b) {  // regularised
  if (!(x > 0)) return 0;
  if (x >= 1) return 1;
  const double front =
      std::exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * std::log(x) + b * std::log1p(-x));
  return x < (a + 1) / (a + b + 2) ? front * continuedFraction(x, a, b) / a
                                   : 1 - front * continuedFraction(1 - x, b, a) / b;
}

struct Moments {
  double mean = 0, squares = 0;  // sum of squares around the mean
};
Moments momentsOf(std::span<const double> values) {
  Moments m;
  m.mean = std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
  for (const double value : values) m.squares += (value - m.mean) * (value - m.mean);
  return m;
}

}  // namespace

double studentP(double t, double degrees) {
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

double meansDifferP(std::span<const double> first, std::span<const double> second) {
  const double m = double(first.size()), n = double(second.size());
  if (first.empty() || second.empty() || m + n <= 2) return 1;
  const Moments a = momentsOf(first), b = momentsOf(second);
  const double variance = (a.squares + b.squares) / (m + n - 2);
  if (!(variance > 0)) return a.mean == b.mean ? 1 : 0;
  return studentP((a.mean - b.mean) / std::sqrt(variance * (1 / m + 1 / n)), m + n - 2);
}

}  // namespace ditscope::analyzer
