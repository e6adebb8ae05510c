// SPDX-License-Identifier: Apache-2.0
#include "collector/probes/cupti_records.h"

#include <cxxabi.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace ditscope::collector {
namespace {

constexpr size_t kMaxNameBytes = 2000;  // the arguments of some templates go on for pages

std::string demangled(const char* name) {
  if (name == nullptr) return "(unnamed)";
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                    std::free);
  std::string result = status == 0 ? text.get() : name;
  if (result.size() > kMaxNameBytes) result.resize(kMaxNameBytes);
  return result;
}

void widen(uint32_t value, uint32_t& low, uint32_t& high) {
  if (value == 0) return;
  low = low == 0 ? value : std::min(low, value);
  high = std::max(high, value);
}

}  // namespace

std::string GpuConditions::text() const {
  if (smClockMax == 0 && powerMax == 0) return "";
  std::string text = fmt::format("GPU during the run: SM clock {} to {} MHz, at most {:.0f} W and {} C",
                                 smClockMin, smClockMax, double(powerMax) / 1000, temperatureMax);
  if ((throttleReasons & CUPTI_CLOCKS_THROTTLE_REASON_SW_POWER_CAP) != 0) text += "; slowed by its power cap";
  if ((throttleReasons & CUPTI_CLOCKS_THROTTLE_REASON_HW_SLOWDOWN) != 0)
    text += "; slowed by heat or power supply";
  return text;
}

void CuptiRecords::add(const CUpti_Activity* record) {
  switch (record->kind) {
    case CUPTI_ACTIVITY_KIND_KERNEL:
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
      addKernel(*reinterpret_cast<const CUpti_ActivityKernel10*>(record));
      break;
    case CUPTI_ACTIVITY_KIND_RUNTIME:
    case CUPTI_ACTIVITY_KIND_DRIVER: {
      const auto& call = *reinterpret_cast<const CUpti_ActivityAPI*>(record);
      m_ledger.addLaunch(call.correlationId, call.start);
      break;
    }
    case CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION: {
      const auto& link = *reinterpret_cast<const CUpti_ActivityExternalCorrelation*>(record);
      if (link.externalKind == CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM2) {
        m_ledger.addCall(link.correlationId, int64_t(link.externalId));
      }
      break;
    }
    case CUPTI_ACTIVITY_KIND_OVERHEAD: {
      const auto& overhead = *reinterpret_cast<const CUpti_ActivityOverhead3*>(record);
      m_overheadNs += int64_t(overhead.end - overhead.start);
      std::free(overhead.overheadData);  // is ours, says CUPTI
      break;
    }
    case CUPTI_ACTIVITY_KIND_ENVIRONMENT:
      addEnvironment(*reinterpret_cast<const CUpti_ActivityEnvironment*>(record));
      break;
    default:
      break;
  }
}

void CuptiRecords::addKernel(const CUpti_ActivityKernel10& kernel) {
  auto name = m_names.find(kernel.name);
  if (name == m_names.end()) name = m_names.emplace(kernel.name, demangled(kernel.name)).first;
  TracedKernel traced{.start = kernel.start,
                      .end = kernel.end,
                      .correlation = kernel.correlationId,
                      .device = kernel.deviceId,
                      .stream = kernel.streamId,
                      .config = {.name = name->second,
                                 .grid = {kernel.gridX, kernel.gridY, kernel.gridZ},
                                 .block = {kernel.blockX, kernel.blockY, kernel.blockZ}}};
  if (kernel.clusterX > 0) {
    traced.config.cluster[0] = int32_t(kernel.clusterX);
    traced.config.cluster[1] = int32_t(kernel.clusterY);
    traced.config.cluster[2] = int32_t(kernel.clusterZ);
  }
  traced.config.registersPerThread = kernel.registersPerThread;
  traced.config.staticSharedBytes = kernel.staticSharedMemory;
  traced.config.dynamicSharedBytes = kernel.dynamicSharedMemory;
  m_ledger.addKernel(std::move(traced));
}

void CuptiRecords::addEnvironment(const CUpti_ActivityEnvironment& sample) {
  switch (sample.environmentKind) {
    case CUPTI_ACTIVITY_ENVIRONMENT_SPEED:
      widen(sample.data.speed.smClock, m_conditions.smClockMin, m_conditions.smClockMax);
      if (sample.data.speed.smClock > 0) m_clocks.push_back({sample.timestamp, sample.data.speed.smClock});
      if (sample.data.speed.clocksThrottleReasons < CUPTI_CLOCKS_THROTTLE_REASON_UNSUPPORTED) {
        m_conditions.throttleReasons |= sample.data.speed.clocksThrottleReasons;
      }
      break;
    case CUPTI_ACTIVITY_ENVIRONMENT_TEMPERATURE:
      m_conditions.temperatureMax =
          std::max(m_conditions.temperatureMax, sample.data.temperature.gpuTemperature);
      break;
    case CUPTI_ACTIVITY_ENVIRONMENT_POWER:
      m_conditions.powerMax = std::max(m_conditions.powerMax, sample.data.power.power);
      break;
    default:
      break;
  }
}

}  // namespace ditscope::collector
