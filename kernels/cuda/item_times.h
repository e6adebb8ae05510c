// SPDX-License-Identifier: Apache-2.0
// What the stamps of one launch tell.
#pragma once

#include <span>
#include <vector>

#include "kernels/cuda/attention_cuda.h"

namespace ditscope::kernels {

// Time of each head within one launch: its work items share the GPU with those of other heads, so the launch
// is divided by the time that processors spent on each. The sum is the span from the first start to the last
// end. stamps: [heads, qBlocks] on the host; an item without an end counts as no time.
[[nodiscard]] std::vector<double> headNs(std::span<const ItemStamp> stamps, int64_t heads);

// How evenly the work lay on the processors.
struct LoadBalance {
  double spanNs = 0;     // first start to last end
  double busyShare = 0;  // of processors x span; CTAs that run side by side on one count once
  double tailNs = 0;     // of the processor that ended first, until the last one ended
  int processors = 0;    // that took part
};
[[nodiscard]] LoadBalance loadBalance(std::span<const ItemStamp> stamps);

}  // namespace ditscope::kernels
