// SPDX-License-Identifier: Apache-2.0
// Device side of block_walk.h: one query block's place in the call, and the key blocks that it visits.
#pragma once

#include "kernels/cuda/device_args.h"

namespace ditscope::kernels::cuda {

struct Item {
  int b, h, g;
  int head;  // b * heads + h

  __device__ Item(const DeviceArgs& args, int index)
      : b(index / args.qBlocks / args.heads),
        h(index / args.qBlocks % args.heads),
        g(index % args.qBlocks),
        head(index / args.qBlocks) {}
  __device__ int kvHead(const DeviceArgs& args) const { return h / (args.heads / args.kvHeads); }
  __device__ int firstRow(const DeviceArgs& args) const { return g * args.qBlock; }
};

struct Visit {
  int keyBlock;
  const uint64_t* bits;  // null for a full block
};

// A dense call looks like a list that names every block. Listed blocks without a valid key are passed over.
// With a first and a step, threads share the visits out among them.
class ListWalk {
 public:
  __device__ ListWalk(const DeviceArgs& args, const Item& item, int first = 0, int step = 1)
      : m_args(args), m_step(step) {
    if (args.hasList) {
      const int32_t* row =
          args.list.rowStart + item.b * args.list.batchStride + item.h * args.list.headStride + item.g;
      m_next = __ldg(row);
      m_end = __ldg(row + 1);
    } else {
      m_next = 0;
      m_end = args.usableBlocks;
    }
    m_next += first;
  }

  __device__ bool next(Visit& visit) {
    if (!m_args.hasList) {
      visit = {m_next, nullptr};
      m_next += m_step;
      return visit.keyBlock < m_end;
    }
    while (m_next < m_end) {
      const int i = m_next;
      m_next += m_step;
      const uint32_t entry = __ldg(m_args.list.entry + i);
      visit.keyBlock = int(entry & kKeyBlockMask);
      visit.bits = entry & kPartialEntry ? m_args.list.partialBits + m_args.list.partialOffset[i] : nullptr;
      if (visit.keyBlock < m_args.usableBlocks) return true;
    }
    return false;
  }

 private:
  const DeviceArgs& m_args;
  int m_next, m_end, m_step;
};

}  // namespace ditscope::kernels::cuda
