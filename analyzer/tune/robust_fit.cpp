// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/robust_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "analyzer/statistics.h"

namespace ditscope::analyzer {
namespace {

constexpr double kHuber = 1.345;  // both at 95 % efficiency for normal residuals
constexpr double kTukey = 4.685;
constexpr int kRounds = 25;  // of each; the weights change little after ten

struct Normal {  // equations of the terms, each scaled to 1 on its diagonal
  std::array<Terms, kTerms> a{};
  Terms b{};
  Terms scale{};
  double yy = 0;
};

Normal normalEquations(std::span<const Observation> observations, std::span<const double> weights) {
  Normal n;
  for (size_t o = 0; o < observations.size(); ++o) {
    const auto& [x, y] = observations[o];
    for (size_t i = 0; i < kTerms; ++i) {
      for (size_t j = 0; j < kTerms; ++j) n.a[i][j] += weights[o] * x[i] * x[j];
      n.b[i] += weights[o] * x[i] * y;
    }
    n.yy += weights[o] * y * y;
  }
  for (size_t i = 0; i < kTerms; ++i) n.scale[i] = n.a[i][i] > 0 ? 1 / std::sqrt(n.a[i][i]) : 0;
  for (size_t i = 0; i < kTerms; ++i) {
    for (size_t j = 0; j < kTerms; ++j) n.a[i][j] *= n.scale[i] * n.scale[j];
    n.b[i] *= n.scale[i];
  }
  return n;
}

// Gauss with pivots over the chosen terms; empty when they depend on one another.
std::optional<Terms> solve(Normal n, const std::vector<size_t>& chosen) {
  for (size_t step = 0; step < chosen.size(); ++step) {
    const size_t p = chosen[step];
    if (n.a[p][p] < 1e-9) return std::nullopt;  // symmetric and positive: the diagonal is the pivot
    for (size_t below = step + 1; below < chosen.size(); ++below) {
      const size_t r = chosen[below];
      const double factor = n.a[r][p] / n.a[p][p];
      for (const size_t c : chosen) n.a[r][c] -= factor * n.a[p][c];
      n.b[r] -= factor * n.b[p];
    }
  }
  Terms solution{};
  for (size_t step = chosen.size(); step-- > 0;) {
    const size_t p = chosen[step];
    double rest = n.b[p];
    for (size_t after = step + 1; after < chosen.size(); ++after)
      rest -= n.a[p][chosen[after]] * solution[chosen[after]];
    solution[p] = rest / n.a[p][p];
  }
  return solution;
}

double squaredResidual(const Normal& n, const Terms& solution) {
  double sum = n.yy;
  for (size_t i = 0; i < kTerms; ++i) sum += solution[i] * (dot(n.a[i], solution) - 2 * n.b[i]);
  return sum;
}

double deviation(std::span<const double> residuals) {
  std::vector<double> sizes;
  for (const double r : residuals) sizes.push_back(std::abs(r));
  return std::max(1.4826 * quantile(std::move(sizes), 0.5), 1e-12);  // 1.4826: of a normal distribution
}

double huber(double u) {
  return std::abs(u) <= kHuber ? 1 : kHuber / std::abs(u);
}

double tukey(double u) {
  const double v = 1 - u * u / (kTukey * kTukey);
  return v > 0 ? v * v : 0;
}

}  // namespace

double dot(const Terms& a, const Terms& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

Terms fitNonNegative(std::span<const Observation> observations, std::span<const double> weights) {
  const Normal n = normalEquations(observations, weights);
  Terms best{};
  double bestResidual = n.yy;
  std::vector<unsigned> choices(1U << kTerms);
  std::iota(choices.begin(), choices.end(), 0U);
  std::ranges::stable_sort(choices, {}, [](unsigned choice) { return __builtin_popcount(choice); });
  for (const unsigned choice : choices) {
    std::vector<size_t> chosen;
    for (size_t i = 0; i < kTerms; ++i)
      if ((choice >> i & 1U) != 0) chosen.push_back(i);
    const std::optional<Terms> solution = solve(n, chosen);
    if (!solution || std::ranges::any_of(*solution, [](double c) { return c < 0; })) continue;
    const double residual = squaredResidual(n, *solution);
    if (residual < bestResidual - 1e-12 * n.yy) {
      bestResidual = residual;
      best = *solution;
    }
  }
  for (size_t i = 0; i < kTerms; ++i) best[i] *= n.scale[i];
  return best;
}

Terms fitRobust(std::span<const Observation> observations) {
  std::vector<double> weights, residuals(observations.size());
  for (const Observation& o : observations) weights.push_back(1 / (o.y * o.y));
  Terms fit = fitNonNegative(observations, weights);
  for (int round = 0; round < 2 * kRounds; ++round) {
    const auto weightOf = round < kRounds ? huber : tukey;
    for (size_t i = 0; i < observations.size(); ++i)
      residuals[i] = observations[i].y / dot(fit, observations[i].x) - 1;
    const double scale = deviation(residuals);
    for (size_t i = 0; i < observations.size(); ++i) {
      const double predicted = dot(fit, observations[i].x);
      // An observation of which the fit says nothing yet, as with all its terms 0, cannot count.
      weights[i] = predicted > 0 ? weightOf(residuals[i] / scale) / (predicted * predicted) : 0;
    }
    fit = fitNonNegative(observations, weights);
  }
  return fit;
}

}  // namespace ditscope::analyzer
