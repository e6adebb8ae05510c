// SPDX-License-Identifier: Apache-2.0
// Kernel launches by name and device: how many, how long altogether, and how long one takes. Times in ns.
// Launches that the capture has no time for are counted apart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/progress.h"
#include "analyzer/statistics.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {

struct KernelTotal {
  std::string name, device;
  int64_t launches = 0;
  int64_t withoutTime = 0;
  double totalNs = 0;
  double p05Ns = kNaN, medianNs = kNaN, p95Ns = kNaN;
};

// Longest total first.
[[nodiscard]] std::vector<KernelTotal> kernelTotals(const db::TraceReader& reader, const Progress& progress);

}  // namespace ditscope::analyzer
