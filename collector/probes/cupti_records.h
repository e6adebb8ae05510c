// SPDX-License-Identifier: Apache-2.0
// Reads CUPTI's activity records: launches, kernels and their calls go into a ledger, what the GPU and CUPTI
// say about themselves is summed up. Only compiled where CUPTI's headers are.
#pragma once

#include <cupti.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "collector/probes/kernel_ledger.h"

namespace ditscope::collector {

// Clocks, power and heat as CUPTI sampled them; 0 = no sample.
struct GpuConditions {
  uint32_t smClockMin = 0, smClockMax = 0;  // MHz
  uint32_t powerMax = 0;                    // mW
  uint32_t temperatureMax = 0;              // degrees Celsius
  uint32_t throttleReasons = 0;             // bits of CUpti_EnvironmentClocksThrottleReason
  [[nodiscard]] std::string text() const;   // empty without a sample
};

struct GpuClock {  // of the SMs, when it was sampled on the tracer's clock
  uint64_t time = 0;
  uint32_t mhz = 0;
};

class CuptiRecords {
 public:
  explicit CuptiRecords(KernelLedger& ledger) : m_ledger(ledger) {}

  void add(const CUpti_Activity* record);
  [[nodiscard]] const GpuConditions& conditions() const { return m_conditions; }
  [[nodiscard]] std::vector<GpuClock> takeClocks() { return std::exchange(m_clocks, {}); }  // since last time
  [[nodiscard]] int64_t overheadNs() const { return m_overheadNs; }  // CUPTI's own, as it reports it

 private:
  void addKernel(const CUpti_ActivityKernel10& kernel);
  void addEnvironment(const CUpti_ActivityEnvironment& sample);

  KernelLedger& m_ledger;
  GpuConditions m_conditions;
  std::vector<GpuClock> m_clocks;
  int64_t m_overheadNs = 0;
  std::map<const char*, std::string> m_names;  // a kernel's name keeps its address
};

}  // namespace ditscope::collector
