// SPDX-License-Identifier: Apache-2.0
// Sweeps over the ranges of each lane: which attention ranges are outermost, and in which layer each lies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/import/capture_builder.h"

namespace ditscope::analyzer {

struct NestedCall {  // an outermost attention range
  Lane lane = kNoLane;
  int64_t startNs = 0, endNs = 0;  // when it runs
  int32_t layerNumber = -1;        // of the innermost layer range around it
  int32_t layerLabel = -1;         // likewise, index
  bool isKernel = false;           // no range on the host
  AttentionShape shape;
};

struct RangeNesting {
  std::vector<NestedCall> calls;     // those that are ranges on the host by lane and start
  std::vector<int32_t> callOfRange;  // index into calls by index of range; -1 = none
};
[[nodiscard]] RangeNesting nestRanges(const std::vector<CapturedRange>& ranges);

}  // namespace ditscope::analyzer
