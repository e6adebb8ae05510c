// SPDX-License-Identifier: Apache-2.0
// The arguments of one call as the kernels read them: sizes worked out, everything by value, pointers on the
// device.
#pragma once

#include <cstdint>

#include "kernels/cuda/attention_cuda.h"

namespace ditscope::kernels::cuda {

// B, H, N strides in elements; D is contiguous.
struct DeviceTensor {
  void* data = nullptr;
  int64_t stride[3] = {0, 0, 0};
};

struct DeviceArgs {
  DeviceTensor q, k, v, o;
  DType dtype = DType::BF16;  // of q, k, v
  DType oDtype = DType::BF16;
  float* lse = nullptr;
  int32_t batches = 0, heads = 0, kvHeads = 0, queries = 0, dim = 0;
  int32_t validKeys = 0;           // keys at and after it are never read
  int32_t qBlock = 0, kBlock = 0;  // block widths of the list, or of a dense call's statistics
  int32_t qBlocks = 0, kBlocks = 0;
  int32_t usableBlocks = 0;  // key blocks that hold a valid key
  int32_t items = 0;         // batches * heads * qBlocks: a work item is a query block of one (b, h)
  float scale = 0;
  bool hasList = false;
  BlockList list;
  SkipRule skip;                   // kind None when there is no rule
  StatsOut stats;                  // null pointers when there are none
  const int32_t* order = nullptr;  // work items, longest first; null = in their own order
  ItemStamp* stamps = nullptr;     // [items], optional
  int32_t* nextItem = nullptr;     // the next item to take, for kernels that take work by turns
};

}  // namespace ditscope::kernels::cuda
