// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/sampling.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <stdexcept>
#include <thread>
#include <utility>

#include "collector/bench/noise.h"

namespace ditscope::collector::bench {
namespace {

constexpr int kWall = 2;  // threads, for benchClock
constexpr int kThrottledInARow = 3;
constexpr auto kPause = std::chrono::milliseconds(50);

class Sampler {
 public:
  Sampler(std::span<const Contender> contenders, const SamplePlan& plan, MachineProbe& probe,
          const Sampled& sampled)
      : m_contenders(contenders), m_plan(plan), m_probe(probe), m_sampled(sampled), m_last(probe.measure()) {}

  Samples run() {
    for (int round = -m_plan.warmups; round < 0; ++round) oneRound(round);
    const double start = benchClock(kWall);
    for (int round = 0; !isEnough(round, benchClock(kWall) - start); ++round) oneRound(round);
    return finish();
  }

 private:
  void oneRound(int round) {
    for (size_t i = 0; i < m_contenders.size(); ++i) {
      Sample sample{.contender = i, .round = round, .before = m_last};
      const double start = benchClock(m_plan.threads);
      m_contenders[i].run();
      sample.seconds = std::max(1e-9, benchClock(m_plan.threads) - start);
      sample.after = m_last = m_probe.measure();
      m_samples.calls.push_back(sample);
      m_sampled(sample);
      if (m_plan.rounds == 0) pauseIfThrottled(sample);
    }
  }

  // What takes from the machine may end; with its own clock it could also be heat.
  void pauseIfThrottled(const Sample& sample) {
    m_inARow = m_probe.isThrottled(sample.before, sample.after) ? m_inARow + 1 : 0;
    if (m_inARow < kThrottledInARow) return;
    std::this_thread::sleep_for(kPause);
    m_last = m_probe.measure();
    m_inARow = 0;
  }

  // With all that is known now: what was throttled may look otherwise once the machine was seen at its best.
  [[nodiscard]] std::vector<Noise> noiseNow() const {
    std::vector<Noise> noise(m_contenders.size(), Noise(m_plan.noise));
    for (const Sample& call : m_samples.calls)
      if (call.round >= 0 && !m_probe.isThrottled(call.before, call.after))
        noise[call.contender].add(call.seconds);
    return noise;
  }

  bool isEnough(int rounds, double seconds) {
    if (m_plan.rounds > 0) return rounds >= m_plan.rounds;
    if (rounds >= m_nextLook) {
      m_nextLook = rounds + 1 + rounds / 16;  // a look goes through all calls
      const std::vector<Noise> noise = noiseNow();
      const auto sampled = [this](const Noise& n) { return n.samples() >= size_t(m_plan.minSamples); };
      const auto good = [](const Noise& n) { return n.isQuiet() || n.hasSettled(); };
      if (std::ranges::all_of(noise, sampled) && std::ranges::all_of(noise, good)) {
        m_samples.stop = std::ranges::all_of(noise, &Noise::isQuiet) ? Stop::Quiet : Stop::Settled;
        return true;
      }
    }
    m_samples.stop = Stop::TimeOut;
    return rounds > 0 && seconds >= m_plan.timeOut;
  }

  Samples finish() {
    m_samples.seconds.resize(m_contenders.size());
    for (Sample& call : m_samples.calls) {
      call.throttled = m_probe.isThrottled(call.before, call.after);
      if (call.round < 0) continue;
      m_samples.seconds[call.contender].push_back(call.seconds);
      m_samples.throttled += call.throttled ? 1 : 0;
    }
    for (const Noise& noise : noiseNow()) m_samples.noise.push_back(noise.value());
    return std::move(m_samples);
  }

  std::span<const Contender> m_contenders;
  const SamplePlan& m_plan;
  MachineProbe& m_probe;
  const Sampled& m_sampled;
  MachineState m_last;
  int m_inARow = 0, m_nextLook = 0;
  Samples m_samples;
};

}  // namespace

std::string_view nameOf(Stop stop) {
  switch (stop) {
    case Stop::Quiet:
      return "quiet";
    case Stop::Settled:
      return "settled";
    case Stop::TimeOut:
      return "time-out";
    case Stop::Rounds:
      break;
  }
  return "rounds";
}

double benchClock(int threads) {
  timespec time;
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

Samples sample(std::span<const Contender> contenders, const SamplePlan& plan, MachineProbe& probe,
               const Sampled& sampled) {
  return Sampler(contenders, plan, probe, sampled).run();
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
