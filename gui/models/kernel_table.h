// SPDX-License-Identifier: GPL-3.0-or-later
// The kernel launches of a trace as columns, by start time (about 36 bytes a launch), and what they sum to by
// launch configuration. Times in ns from the start of the run.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gui/models/trace.h"

namespace ditscope::gui {

struct KernelTable {
  std::vector<int64_t> start, duration, call;  // call: 0 = belongs to no attention call
  std::vector<int32_t> config, stream;         // config: in configs
  std::vector<uint32_t> flags;                 // db::KernelFlag
  std::vector<db::LaunchConfig> configs;
  [[nodiscard]] size_t size() const { return start.size(); }
};
using KernelTablePtr = std::shared_ptr<const KernelTable>;

// progress(done, total) may return false to stop: db::Cancelled is thrown. Throws db::Error.
[[nodiscard]] KernelTablePtr readKernels(const Trace& trace,
                                         const std::function<bool(int64_t, int64_t)>& progress = {});

struct KernelGroup {  // the launches of one configuration; those without a time are counted apart
  int32_t config = 0;
  int64_t launches = 0, timeless = 0, inCalls = 0;  // inCalls: linked to an attention call
  double totalNs = 0, share = 0;                    // share of the time of all kernels
  std::vector<double> ns;                           // ascending
  [[nodiscard]] double quantile(double part) const;
};
[[nodiscard]] std::vector<KernelGroup> groupKernels(const KernelTable& kernels);  // most time first

}  // namespace ditscope::gui
