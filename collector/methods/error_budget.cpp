// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/error_budget.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace ditscope::collector {
namespace {

constexpr int kGainSteps = 256;  // of the gain of one head
constexpr double kNever = std::numeric_limits<double>::infinity();

}  // namespace

// least[g]: the smallest error with which the heads so far gain g steps; choices remember how.
std::vector<int> selectWithinBudget(const std::vector<std::vector<double>>& errors,
                                    const std::vector<double>& gains, double budget) {
  const size_t width = errors.size() * kGainSteps + 1;
  std::vector<size_t> steps;
  for (const double gain : gains) steps.push_back(size_t(std::llround(gain * kGainSteps)));
  std::vector<double> least(width, kNever);
  least[0] = 0;
  std::vector<std::vector<int8_t>> choices;
  for (const std::vector<double>& head : errors) {
    std::vector<double> next = least;
    std::vector<int8_t>& choice = choices.emplace_back(width, int8_t{-1});
    for (size_t c = 0; c < gains.size(); ++c) {
      for (size_t g = steps[c]; g < width; ++g) {
        const double error = least[g - steps[c]] + head[c];
        if (error < next[g] && error <= budget) {
          next[g] = error;
          choice[g] = int8_t(c);
        }
      }
    }
    least = std::move(next);
  }
  size_t g = width - 1;
  while (least[g] == kNever) --g;  // ends at 0, where nothing is chosen
  std::vector<int> chosen(errors.size(), -1);
  for (size_t head = errors.size(); head-- > 0;) {
    chosen[head] = choices[head][g];
    if (chosen[head] >= 0) g -= steps[size_t(chosen[head])];
  }
  return chosen;
}

}  // namespace ditscope::collector
