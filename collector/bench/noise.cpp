// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/noise.h"

#include <cmath>
#include <limits>

namespace ditscope::collector::bench {
namespace {

constexpr size_t kRing = 512;
constexpr size_t kFewestEstimates = 65;
constexpr size_t kLookEvery = 16;
constexpr double kSteady = 0.05;

bool isSteady(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / double(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / double(values.size() - 1)) < kSteady * mean;
}

}  // namespace

void Noise::add(double seconds) {
  ++m_samples;
  const double distance = seconds - m_mean;
  m_mean += distance / double(m_samples);
  m_squares += distance * (seconds - m_mean);
  if (m_samples < 2) return;
  if (m_estimates.size() < kRing) {
    m_estimates.push_back(value());
  } else {
    m_estimates[m_samples % kRing] = value();
  }
  if (m_samples % kLookEvery == 0)
    m_settled = m_estimates.size() >= kFewestEstimates && isSteady(m_estimates);
}

double Noise::value() const {
  if (m_samples < 2) return std::numeric_limits<double>::quiet_NaN();
  return std::sqrt(m_squares / double(m_samples - 1)) / m_mean;
}

bool Noise::isQuiet() const {
  return value() < m_quiet;
}

}  // namespace ditscope::collector::bench
