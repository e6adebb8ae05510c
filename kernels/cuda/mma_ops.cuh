// SPDX-License-Identifier: Apache-2.0
// The instructions of the Mma kernel (PTX ISA: cp.async, ldmatrix, mma; sm_80).
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace ditscope::kernels::cuda {

// Copies 16 bytes to shared memory, or zeros when `read` is false.
__device__ inline void copyAsync16(uint32_t to, const void* from, bool read) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(read ? 16 : 0));
}
__device__ inline void commitCopies() {
  asm volatile("cp.async.commit_group;");
}
template <int kPending>
__device__ inline void waitCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending));
}

// Four 8 x 8 tiles of 16-bit elements; thread t names row t % 8 of tile t / 8.
__device__ inline void loadTiles(uint32_t (&tile)[4], uint32_t rowAddress) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(tile[0]), "=r"(tile[1]), "=r"(tile[2]), "=r"(tile[3])
               : "r"(rowAddress));
}
__device__ inline void loadTilesTransposed(uint32_t (&tile)[4], uint32_t rowAddress) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(tile[0]), "=r"(tile[1]), "=r"(tile[2]), "=r"(tile[3])
               : "r"(rowAddress));
}

// c += a (16 x 16) * b (16 x 8)
template <class T>
__device__ inline void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);
#define DITSCOPE_MMA(T, NAME)                                                                            \
  template <>                                                                                            \
  __device__ inline void multiplyAdd<T>(float(&c)[4], const uint32_t(&a)[4], uint32_t b0, uint32_t b1) { \
    asm("mma.sync.aligned.m16n8k16.row.col.f32." NAME "." NAME                                           \
        ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                           \
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])                                                 \
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));                                 \
  }
DITSCOPE_MMA(__nv_bfloat16, "bf16")
DITSCOPE_MMA(__half, "f16")
#undef DITSCOPE_MMA

}  // namespace ditscope::kernels::cuda
