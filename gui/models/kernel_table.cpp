// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/kernel_table.h"

#include <algorithm>
#include <cmath>

namespace ditscope::gui {

KernelTablePtr readKernels(const Trace& trace, const std::function<bool(int64_t, int64_t)>& progress) {
  const db::TraceReader reader(trace.path, {.quickCheck = false, .cancelled = {}});
  auto table = std::make_shared<KernelTable>();
  table->configs = reader.launchConfigs();
  const int64_t total = reader.kernelCount();
  const auto room = size_t(std::clamp<int64_t>(total, 0, 1 << 26));  // a file's word is not trusted further
  for (auto* column : {&table->start, &table->duration, &table->call}) column->reserve(room);
  for (auto* column : {&table->config, &table->stream}) column->reserve(room);
  table->flags.reserve(room);
  reader.forEachKernel([&](const db::Kernel& kernel) {
    constexpr size_t kEvery = 4096;
    if (progress && table->size() % kEvery == 0 && !progress(int64_t(table->size()), total))
      throw db::Cancelled();
    table->start.push_back(kernel.startNs);
    table->duration.push_back(kernel.durationNs);
    table->call.push_back(kernel.callId);
    table->config.push_back(kernel.configId - 1);
    table->stream.push_back(kernel.stream);
    table->flags.push_back(kernel.flags);
  });
  for (int32_t& config : table->config)
    if (config < 0 || size_t(config) >= table->configs.size()) config = -1;
  if (std::count(table->config.begin(), table->config.end(), -1) > 0) {  // so that every launch has a name
    table->configs.push_back({.name = "(unknown kernel)"});
    std::replace(table->config.begin(), table->config.end(), -1, int32_t(table->configs.size()) - 1);
  }
  return table;
}

double KernelGroup::quantile(double part) const {
  if (ns.empty()) return analyzer::kNaN;
  const double at = std::clamp(part, 0.0, 1.0) * double(ns.size() - 1);
  const auto below = size_t(at);
  const size_t above = std::min(below + 1, ns.size() - 1);
  return ns[below] + (at - double(below)) * (ns[above] - ns[below]);
}

std::vector<KernelGroup> groupKernels(const KernelTable& kernels) {
  std::vector<KernelGroup> groups(kernels.configs.size());
  for (size_t i = 0; i < groups.size(); ++i) groups[i].config = int32_t(i);
  double all = 0;
  for (size_t i = 0; i < kernels.size(); ++i) {
    KernelGroup& group = groups[size_t(kernels.config[i])];
    ++group.launches;
    group.inCalls += kernels.call[i] != 0;
    if (kernels.flags[i] & db::kZeroTime) {
      ++group.timeless;
      continue;
    }
    group.ns.push_back(double(kernels.duration[i]));
    group.totalNs += group.ns.back();
    all += group.ns.back();
  }
  std::erase_if(groups, [](const KernelGroup& group) { return group.launches == 0; });
  for (KernelGroup& group : groups) {
    std::sort(group.ns.begin(), group.ns.end());
    group.share = all > 0 ? group.totalNs / all : 0;
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const KernelGroup& a, const KernelGroup& b) { return a.totalNs > b.totalNs; });
  return groups;
}

}  // namespace ditscope::gui
