// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/machine_probe.h"

#include <algorithm>
#include <array>

#include "collector/bench/sampling.h"
#include "kernels/cpu_clock.h"
#include "kernels/cpu_peak.h"
#include "kernels/parallel.h"

namespace ditscope::collector::bench {
namespace {

constexpr int64_t kChainCycles = 40'000;  // of a chain
constexpr int64_t kSteps = 2'000;         // of multiply-adds, likewise
constexpr double kBestShare = 0.98;       // the very best rates are luck with the clock's ticks

template <class Work>
double rate(int threads, const Work& work) {  // median of three
  std::array<double, 3> rates{};
  for (double& one : rates) {
    const double start = benchClock(threads);
    const double amount = work();
    one = amount / std::max(1e-9, benchClock(threads) - start);
  }
  std::ranges::sort(rates);
  return rates[1];
}

}  // namespace

MachineState MachineProbe::measure() {
  MachineState state;
  state.clockHz = rate(1, [] { return double(kernels::runAddChain(kChainCycles)); });
  state.arithmetic = rate(m_threads, [this] {
    kernels::parallelFor(m_threads, m_threads, [](int64_t, int) { kernels::runFmaChains(kSteps); });
    return double(kSteps) * m_threads;
  });
  m_rates.insert(std::ranges::lower_bound(m_rates, state.arithmetic), state.arithmetic);
  return state;
}

double MachineProbe::bestArithmetic() const {
  return m_rates.empty() ? 0 : m_rates[size_t(kBestShare * double(m_rates.size() - 1))];
}

bool MachineProbe::isThrottled(const MachineState& before, const MachineState& after) const {
  return std::min(before.arithmetic, after.arithmetic) < m_undisturbed * bestArithmetic();
}

}  // namespace ditscope::collector::bench
