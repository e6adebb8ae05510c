// SPDX-License-Identifier: Apache-2.0
#include "analyzer/export/kernel_totals.h"

#include <algorithm>
#include <map>
#include <utility>

namespace ditscope::analyzer {

std::vector<KernelTotal> kernelTotals(const db::TraceReader& reader, const Progress& progress) {
  constexpr int64_t kKernelsPerReport = 4096;
  const std::vector<db::LaunchConfig> configs = reader.launchConfigs();
  std::map<int64_t, std::string> devices;
  for (const db::Device& device : reader.devices()) devices[device.id] = device.name;
  std::map<std::pair<std::string, int64_t>, std::vector<double>> times;  // by name and device
  const int64_t total = reader.kernelCount();
  int64_t done = 0;
  reader.forEachKernel([&](const db::Kernel& kernel) {
    const size_t config = size_t(kernel.configId) - 1;
    const bool isTimed = (kernel.flags & db::kZeroTime) == 0;
    times[{config < configs.size() ? configs[config].name : "kernel", kernel.deviceId}].push_back(
        isTimed ? double(kernel.durationNs) : kNaN);
    if (++done % kKernelsPerReport == 0 && progress && !progress(done, total)) throw db::Cancelled();
  });
  std::vector<KernelTotal> totals;
  for (auto& [key, values] : times) {
    KernelTotal& t = totals.emplace_back();
    t.name = key.first;
    t.device = devices[key.second];
    t.launches = std::ssize(values);
    std::erase_if(values, [](double ns) { return ns != ns; });
    t.withoutTime = t.launches - std::ssize(values);
    for (const double ns : values) t.totalNs += ns;
    t.p05Ns = quantile(values, 0.05);
    t.medianNs = quantile(values, 0.5);
    t.p95Ns = quantile(values, 0.95);
  }
  std::ranges::stable_sort(totals, std::greater<>(), &KernelTotal::totalNs);
  return totals;
}

}  // namespace ditscope::analyzer
