// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/bench_trace.h"

#include <algorithm>

#include "collector/environment.h"

namespace ditscope::collector::bench {

BenchTrace::BenchTrace(const std::filesystem::path& path, const db::Run& run, bool overwrite)
    : m_run(run), m_writer(path, run, {.overwrite = overwrite}), m_device(m_writer.addDevice(cpuDevice())) {}

void BenchTrace::startShape(std::span<const Contender> contenders, const std::string& suffix) {
  m_configs.clear();
  for (const Contender& contender : contenders) {
    db::LaunchConfig config;
    config.name = contender.name + " " + suffix;
    m_configs.push_back(m_writer.addLaunchConfig(config));
  }
}

void BenchTrace::add(size_t contender, double seconds, bool warmup) {
  db::Kernel kernel;
  kernel.deviceId = m_device;
  kernel.configId = m_configs[contender];
  kernel.durationNs = int64_t(seconds * 1e9);
  kernel.startNs = std::max<int64_t>(0, m_clock.now() - kernel.durationNs);
  if (warmup) kernel.flags = db::kWarmup;
  m_writer.push(kernel);
}

void BenchTrace::finish() {
  m_run.durationNs = m_clock.now();
  m_writer.finalise(m_run);
}

}  // namespace ditscope::collector::bench
