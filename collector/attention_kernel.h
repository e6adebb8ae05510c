// SPDX-License-Identifier: Apache-2.0
// Runs an attention kernel on tensors: picks the kernel of their device, allocates outputs and statistics. On
// a GPU the work is put into the current stream, and nothing waits for it.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "kernels/attention.h"
#include "kernels/block_list_storage.h"

namespace ditscope::collector {

// [B, H, N, D] as the kernels see it, without a copy. Throws db::Error for a dtype without a kernel.
kernels::Tensor4 kernelView(const at::Tensor& x);

struct KernelRequest {
  std::shared_ptr<const kernels::BlockListStorage> lists = nullptr;  // in host memory; null = every block
  kernels::SkipRule skip = {};
  at::Tensor lnLambda = {};            // [H] f32, of any device; overrides skip.lnLambda
  at::Tensor lseRef = {};              // [H, Nq] f32, of any device; for SkipRule::Kind::MassBound
  int block = kernels::kDefaultBlock;  // width of query and key blocks
  bool lse = true;
  bool keptBits = false;  // and counters
  bool rowLogMass = false;
  bool gaps = false;
};

struct KernelResult {     // g = query blocks, t = key blocks; what was not asked for is undefined
  at::Tensor out;         // [B, H, Nq, D] of q's dtype, laid out as [B, Nq, H, D]
  at::Tensor lse;         // [B, H, Nq] f32
  at::Tensor keptBits;    // [B, H, g, ceil(t / 32)] int32
  at::Tensor counters;    // [B, H, 4] int64: visited, skipped in the loop, partial, empty rows
  at::Tensor rowLogMass;  // [B, H, t, Nq] int16
  at::Tensor gaps;        // [B, H, g, t] f32, see kernels::StatsOut::gap
};

// q: [B, H, Nq, D]; k, v: [B, H, Nk, D]; any strides. Throws db::Error for a device without a kernel. Called
// from one thread where the tensors are on a GPU.
KernelResult runAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const KernelRequest& request);

// [B, H, g, t] f32, from a result with lse and rowLogMass.
at::Tensor blockMass(const KernelResult& result, int block);

// For example cpu_attention_f32_d32_b64.
std::string kernelName(const at::Tensor& q, int block);

}  // namespace ditscope::collector
