// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/sampling.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <stdexcept>

namespace ditscope::collector::bench {
namespace {

double now(int threads) {
  timespec time;
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

}  // namespace

std::vector<std::vector<double>> sample(std::span<const Contender> contenders, const SamplePlan& plan,
                                        const Sampled& sampled) {
  std::vector<std::vector<double>> seconds(contenders.size());
  for (int round = -plan.warmups; round < plan.rounds; ++round)
    for (size_t i = 0; i < contenders.size(); ++i) {
      const double start = now(plan.threads);
      contenders[i].run();
      const double taken = std::max(1e-9, now(plan.threads) - start);
      if (round >= 0) seconds[i].push_back(taken);
      sampled(i, round, taken);
    }
  return seconds;
}

Spread spreadOf(std::vector<double> values) {
  if (values.empty()) throw std::invalid_argument("spreadOf: no values");
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double share) {
    const double place = share * double(values.size() - 1);
    const size_t below = size_t(place), above = std::min(below + 1, values.size() - 1);
    return std::lerp(values[below], values[above], place - double(below));
  };
  return {quantile(0.5), quantile(0.1), quantile(0.9)};
}

double medianRatio(std::span<const double> above, std::span<const double> below) {
  if (above.size() != below.size()) throw std::invalid_argument("medianRatio: not as many values");
  std::vector<double> ratios(above.size());
  std::transform(above.begin(), above.end(), below.begin(), ratios.begin(), std::divides());
  return spreadOf(std::move(ratios)).median;
}

double relativeRange(std::span<const double> values) {
  const double median = spreadOf({values.begin(), values.end()}).median;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return (*most - *least) / median;
}

}  // namespace ditscope::collector::bench
