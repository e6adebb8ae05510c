// SPDX-License-Identifier: Apache-2.0
// Hopper's asynchronous machinery in the few forms that the Wgmma kernel uses (PTX ISA: mbarrier,
// cp.async.bulk.tensor, setmaxnreg, barrier; sm_90a).
#pragma once

#include <cuda.h>

#include <cstdint>

namespace ditscope::kernels::cuda {

// An mbarrier in shared memory. A phase ends when all arrivals and announced bytes have come; who waits names
// the parity of the phase that it waits for.
struct Barrier {
  uint32_t address;

  __device__ void init(int arrivals) const {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(address), "r"(arrivals));
  }
  __device__ void arrive() const {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(address) : "memory");
  }
  __device__ void arriveAndExpect(int bytes) const {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(address), "r"(bytes)
                 : "memory");
  }
  __device__ void wait(int parity) const {
    asm volatile(
        "{\n"
        ".reg .pred done;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@done bra finished;\n"
        "bra again;\n"
        "finished:\n"
        "}" ::"r"(address),
        "r"(parity)
        : "memory");
  }
};

__device__ inline void makeBarriersVisible() {
  asm volatile("fence.mbarrier_init.release.cluster;");
  asm volatile("fence.proxy.async.shared::cta;");
}

// A box of the tensor (D, N, H, B) to shared memory; outside the tensor it is zero.
__device__ inline void copyBox(uint32_t to, const CUtensorMap* map, const Barrier& full, int d, int n, int h,
                               int b) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, "
      "%6}], [%2];" ::"r"(to),
      "l"(map), "r"(full.address), "r"(d), "r"(n), "r"(h), "r"(b)
      : "memory");
}

template <int kRegisters>
__device__ inline void raiseRegisters() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
__device__ inline void lowerRegisters() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

// Named barriers among some of the CTA's threads; id 0 is __syncthreads().
__device__ inline void meet(int id, int threads) {
  asm volatile("barrier.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
__device__ inline void announce(int id, int threads) {
  asm volatile("barrier.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
__device__ inline bool allAgree(int id, int threads, bool mine) {
  int all;
  asm volatile(
      "{\n"
      ".reg .pred p, q;\n"
      "setp.ne.s32 p, %3, 0;\n"
      "barrier.red.and.pred q, %1, %2, p;\n"
      "selp.s32 %0, 1, 0, q;\n"
      "}"
      : "=r"(all)
      : "r"(id), "r"(threads), "r"(int(mine))
      : "memory");
  return all;
}

}  // namespace ditscope::kernels::cuda
