// SPDX-License-Identifier: Apache-2.0
#include "tests/analyzer/guard_traces.h"

#include <cmath>
#include <numbers>
#include <random>

#include "db/trace_writer.h"

namespace ditscope::tests {

void writeKernelTrace(const std::filesystem::path& path, const KernelTrace& trace) {
  db::Run run;
  run.uuid = run.groupUuid = "00000000-0000-4000-8000-00000000000" + std::to_string(trace.seed % 10);
  run.source = "live";
  run.driver = "550.54";
  run.cuda = "13.0";
  run.gitCommit = "0123456789abcdef";
  trace.run(run);
  db::TraceWriter writer(path, run, {.overwrite = true});
  std::vector<int64_t> devices;
  for (const db::Device& device : trace.devices) devices.push_back(writer.addDevice(device));
  for (const db::Circumstance& fact : trace.circumstances) writer.setCircumstance(fact.name, fact.value);
  std::mt19937_64 random(trace.seed);
  const auto uniform = [&] { return (double(random() >> 11) + 1) / 9007199254740993.0; };
  int64_t now = 0;
  for (const KernelSpec& spec : trace.kernels) {
    db::LaunchConfig config;
    config.name = spec.name;
    config.grid[0] = spec.gridX;
    config.block[0] = 128;
    config.registersPerThread = spec.registers;
    const int32_t id = writer.addLaunchConfig(config);
    for (int i = 0; i < spec.count; ++i) {
      const double normal = std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform());
      db::Kernel kernel;
      kernel.deviceId = devices[spec.device];
      kernel.configId = id;
      kernel.startNs = now;
      kernel.durationNs = int64_t(spec.ns * std::exp(spec.noise * normal));
      kernel.flags = spec.flags;
      now += kernel.durationNs + 1000;
      writer.push(kernel);
      if (trace.clockHz > 0) writer.push(db::DeviceClock{kernel.deviceId, now, trace.clockHz});
    }
  }
  writer.finalise(run);
}

}  // namespace ditscope::tests
