// SPDX-License-Identifier: Apache-2.0
// attention.h on an NVIDIA GPU. The call is the same; all pointers of `args` (tensors, lists, statistics,
// reference LSE) are device memory, and the work is put into a stream without waiting for it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/attention.h"

struct CUstream_st;  // cudaStream_t without the CUDA headers

namespace ditscope::kernels {

// Three kernels that know nothing of each other, so that each checks the others:
//   Plain  any shape and dtype, one thread a query row; a yardstick, not fast
//   Mma    f16 and bf16, D a multiple of 8 up to 128: mma.sync on any GPU from sm_80
//   Wgmma  f16 and bf16, D = 64, 72 or 128, blocks 128 x 128 or 64 x 64: TMA and wgmma, sm_90a only
enum class CudaVariant { Auto, Plain, Mma, Wgmma };

// When a work item, that is one query block of one (b, h), was computed and where. Of Mma and Wgmma.
struct ItemStamp {
  uint64_t startNs = 0, endNs = 0;  // the GPU's global timer, whose steps may be 32 ns to 1 us
  uint32_t processor = 0;           // streaming multiprocessor
  uint32_t unused = 0;
};

struct CudaCall {
  CUstream_st* stream = nullptr;
  CudaVariant variant = CudaVariant::Auto;  // Auto: the fastest that can run the call
  void* scratch = nullptr;      // cudaScratchBytes() of device memory, unshared while the call runs
  ItemStamp* stamps = nullptr;  // [B, H, query blocks] device memory, optional
};

// Device memory that a call needs beside its arguments: the order of the work, at most 8 bytes a query block
// and a few KB.
[[nodiscard]] size_t cudaScratchBytes(const AttentionArgs& args);

// The variant that Auto means for these arguments on the current device. Throws as attentionCuda() does.
[[nodiscard]] CudaVariant cudaVariantFor(const AttentionArgs& args);

// Results as attentionCpu(), but P is rounded to the input dtype before PV by Mma and Wgmma. Lists are not
// validated, for they lie on the device. Throws std::invalid_argument for shapes, strides (multiples of 16
// bytes for Mma and Wgmma), a scale below 0 or a variant that cannot run the call, and std::runtime_error
// with CUDA's words when a launch fails.
void attentionCuda(const AttentionArgs& args, const CudaCall& call);

// Mass of each block from rowLogMass and LSE, as blockMassFromRowLogMass(), on the device and in stream.
void blockMassCuda(const BlockMassArgs& args, CUstream_st* stream);

}  // namespace ditscope::kernels
