// SPDX-License-Identifier: Apache-2.0
// Flash attention in the way of PyTorch 2's CPU kernel, over the matrix products of the LibTorch at hand:
// tiles of 256 queries x 512 keys, one thread a tile, online softmax in between. A rival, not for use.
#pragma once

#include <ATen/core/Tensor.h>

namespace ditscope::collector::bench {

// q, k, v, out: contiguous f32 [B, H, N, D] on the CPU. Uses the threads that LibTorch is set to.
void flashLoop(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& out);

}  // namespace ditscope::collector::bench
