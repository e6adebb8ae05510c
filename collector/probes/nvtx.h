// SPDX-License-Identifier: Apache-2.0
// NVTX ranges, so that a profiler that watches the run shows its structure. One domain, registered names,
// the index (step, layer) as payload. Costs a few ns without a profiler; empty in builds without NVTX.
#pragma once

#include <cstdint>

namespace ditscope::collector {

enum class NvtxName : uint8_t { Step, Layer, Attention, MaskSearch };

// A range from construction to destruction, on the calling thread; ranges of a thread nest.
class NvtxRange {
 public:
  explicit NvtxRange(NvtxName name, int64_t index = 0);
  ~NvtxRange();
  NvtxRange(const NvtxRange&) = delete;
  NvtxRange& operator=(const NvtxRange&) = delete;
};

}  // namespace ditscope::collector
