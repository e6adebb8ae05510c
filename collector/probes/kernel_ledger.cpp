// SPDX-License-Identifier: Apache-2.0
#include "collector/probes/kernel_ledger.h"

#include <algorithm>
#include <utility>

namespace ditscope::collector {

void KernelLedger::addLaunch(uint32_t correlation, uint64_t startNs) {
  Launch& launch = m_launches[correlation];
  launch.start = launch.start == 0 ? startNs : std::min(launch.start, startNs);
}

void KernelLedger::addCall(uint32_t correlation, int64_t callId) {
  m_launches[correlation].callId = callId;
}

void KernelLedger::addKernel(TracedKernel kernel) {
  m_waiting.push_back(std::move(kernel));
}

void KernelLedger::handOn(const TracedKernel& kernel, Launch* launch, const Sink& sink) {
  db::Kernel row;
  row.deviceId = kernel.device;
  row.stream = int32_t(kernel.stream);
  row.correlation = kernel.correlation;
  if (kernel.start == 0 || kernel.end < kernel.start) {
    row.flags |= db::kZeroTime;
    ++m_health.zeroTime;
    row.startNs = launch != nullptr && launch->start > 0 ? m_anchor.toRun(launch->start) : 0;
  } else {
    row.startNs = m_anchor.toRun(kernel.start);
    row.durationNs = int64_t(kernel.end - kernel.start);
  }
  if (launch == nullptr || launch->start == 0) {
    row.flags |= db::kOrphan;
    ++m_health.orphans;
  } else if (kernel.start > 0 && kernel.start < launch->start) {
    row.flags |= db::kBeforeLaunch;
    ++m_health.beforeLaunch;
  }
  if (launch != nullptr && launch->callId != 0) {
    row.callId = launch->callId;
    row.link = db::LinkMethod::Correlation;
    ++m_linked;
  }
  ++m_kernels;
  if (launch != nullptr) launch->hasKernel = true;
  sink(kernel.config, row);
}

void KernelLedger::settle(bool atEnd, const Sink& sink) {
  std::vector<TracedKernel> waiting;
  const std::vector<TracedKernel> arrived = std::exchange(m_waiting, {});
  std::vector<uint32_t> seen;  // before this settle(): their graph's other nodes have arrived by now
  for (const auto& [correlation, launch] : m_launches) {
    if (launch.hasKernel) seen.push_back(correlation);
  }
  for (const TracedKernel& kernel : arrived) {
    const auto found = m_launches.find(kernel.correlation);
    Launch* launch = found == m_launches.end() ? nullptr : &found->second;
    const bool known = launch != nullptr && launch->start > 0;
    known || atEnd ? handOn(kernel, launch, sink) : waiting.push_back(kernel);
  }
  m_waiting = std::move(waiting);
  for (const uint32_t correlation : seen) m_launches.erase(correlation);
  if (atEnd) {
    m_health.unmatched += std::ranges::count_if(
        m_launches, [](const auto& launch) { return !launch.second.hasKernel && launch.second.start > 0; });
    m_launches.clear();
  }
}

LedgerHealth KernelLedger::health() const {
  return m_health;
}

}  // namespace ditscope::collector
