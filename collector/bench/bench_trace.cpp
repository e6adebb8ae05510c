// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/bench_trace.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "collector/environment.h"

namespace ditscope::collector::bench {
namespace {

constexpr double kThrottledShare = 0.1;  // share of throttled calls

}  // namespace

BenchTrace::BenchTrace(const std::filesystem::path& path, const db::Run& run, bool overwrite)
    : m_run(run), m_writer(path, run, {.overwrite = overwrite}), m_device(m_writer.addDevice(cpuDevice())) {
  for (const db::Circumstance& fact : circumstances()) m_writer.setCircumstance(fact.name, fact.value);
  m_writer.setCircumstance("cache", "hot");  // a contender runs on the same inputs again and again
}

void BenchTrace::startShape(std::span<const Contender> contenders, const std::string& suffix) {
  m_configs.clear();
  for (const Contender& contender : contenders) {
    db::LaunchConfig config;
    config.name = contender.name + " " + suffix;
    m_configs.push_back(m_writer.addLaunchConfig(config));
  }
}

void BenchTrace::add(const Sample& /*sample*/) {
  m_ends.push_back(m_clock.now());
}

void BenchTrace::endShape(const Samples& samples, const std::string& suffix) {
  for (size_t i = 0; i < samples.calls.size(); ++i) {
    const Sample& call = samples.calls[i];
    db::Kernel kernel;
    kernel.deviceId = m_device;
    kernel.configId = m_configs[call.contender];
    kernel.durationNs = int64_t(call.seconds * 1e9);
    kernel.startNs = std::max<int64_t>(0, m_ends[i] - kernel.durationNs);
    if (call.round < 0) kernel.flags = db::kWarmup;
    if (call.throttled) kernel.flags |= db::kThrottled;
    m_writer.push(kernel);
    m_writer.push(db::DeviceClock{m_device, m_ends[i], int64_t(call.after.clockHz)});
  }
  m_ends.clear();
  m_calls += int64_t(samples.rounds()) * int64_t(samples.seconds.size());
  m_throttled += samples.throttled;
  m_writer.setCircumstance("stop " + suffix,
                           fmt::format("{} after {} rounds", nameOf(samples.stop), samples.rounds()));
}

void BenchTrace::finish() {
  const double load = loadAverage();
  if (!std::isnan(load)) m_writer.setCircumstance("load_end", fmt::format("{:.2f}", load));
  const StolenTime now = stolenTime();
  const double stolen =
      now.all > m_stolen.all ? (now.stolen - m_stolen.stolen) / (now.all - m_stolen.all) : 0;
  m_writer.setCircumstance("stolen_time", fmt::format("{:.4f}", stolen));
  const double throttled = m_calls > 0 ? double(m_throttled) / double(m_calls) : 0;
  const unsigned processors = std::thread::hardware_concurrency();
  if (throttled > kThrottledShare || load > processors + 0.5)
    m_writer.setCircumstance(
        "disturbed", fmt::format("measured at a load of {:.1f} on {} processors, {:.0f} % of the calls "
                                 "throttled",
                                 load, processors, 100 * throttled));
  m_run.durationNs = m_clock.now();
  m_writer.finalise(m_run);
}

}  // namespace ditscope::collector::bench
