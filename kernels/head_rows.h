// SPDX-License-Identifier: Apache-2.0
// The rows of a tensor as the CPU kernels read them: fp32, [rows][dim] without gaps, for each (batch, head).
// Taken in place where the tensor is so, else converted in parallel into memory that the calling thread
// keeps.
#pragma once

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cstdint>
#include <new>

#include "kernels/attention.h"
#include "kernels/block_walk.h"
#include "kernels/cpu_block.h"
#include "kernels/parallel.h"

namespace ditscope::kernels {

// Memory for converted rows that stays with the calling thread: fresh pages cost more than the conversion.
// What is larger than 64 MiB is given back.
class RowMemory {
 public:
  float* reserve(int64_t floats) {
    if (floats > m_floats) {
      m_memory = hwy::AllocateAligned<float>(size_t(floats));
      if (!m_memory) throw std::bad_alloc();
      m_floats = floats;
    }
    return m_memory.get();
  }

  void trim() {
    constexpr int64_t kKeptFloats = int64_t(1) << 24;
    if (m_floats > kKeptFloats) *this = RowMemory();
  }

 private:
  hwy::AlignedFreeUniquePtr<float[]> m_memory;
  int64_t m_floats = 0;
};

// The keys or the values of all heads as fp32 rows without gaps: in place where the tensor has them, else
// converted. (Rows far apart would do, but their lines fight for the same cache sets.)
class RowsOfHeads {
 public:
  RowsOfHeads(const Tensor4& tensor, int64_t rows, RowMemory& memory, int threads)
      : m_tensor(tensor), m_headStride(rows * tensor.size[3]) {
    if (tensor.dtype == DType::F32 && tensor.stride[2] == tensor.size[3]) return;
    constexpr int64_t kChunk = 64;
    const int64_t dim = tensor.size[3];
    const int64_t chunks = ceilDiv(rows, kChunk);
    float* converted = memory.reserve(tensor.size[0] * tensor.size[1] * m_headStride);
    parallelFor(tensor.size[0] * tensor.size[1] * chunks, threads, [&](int64_t task, int) {
      const int64_t head = task / chunks;
      const int64_t row0 = task % chunks * kChunk;
      convertRows(tensor, head / tensor.size[1], head % tensor.size[1], row0, std::min(kChunk, rows - row0),
                  converted + head * m_headStride + row0 * dim, dim);
    });
    m_converted = converted;
  }

  [[nodiscard]] const float* head(int64_t b, int64_t h) const {
    if (m_converted) return m_converted + (b * m_tensor.size[1] + h) * m_headStride;
    return static_cast<const float*>(m_tensor.data) + b * m_tensor.stride[0] + h * m_tensor.stride[1];
  }

 private:
  const Tensor4& m_tensor;
  int64_t m_headStride;
  const float* m_converted = nullptr;
};

}  // namespace ditscope::kernels
