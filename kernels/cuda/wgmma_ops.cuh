// SPDX-License-Identifier: Apache-2.0
// wgmma (PTX ISA: wgmma.mma_async, sm_90a): a warpgroup multiplies a 64 x 16 tile by a 16 x N tile. Each
// thread holds N / 2 accumulators in the layout of row_softmax.cuh.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "kernels/cuda/wgmma_descriptor.cuh"

namespace ditscope::kernels::cuda {

__device__ inline void fenceRegisters() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ inline void commitProducts() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
template <int kPending>
__device__ inline void waitProducts() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
}

// The accumulators as operands, four a piece of 8 columns.
#define DITSCOPE_PIECE(c, j) "+f"(c[j][0]), "+f"(c[j][1]), "+f"(c[j][2]), "+f"(c[j][3])
#define DITSCOPE_PIECES2(c, j) DITSCOPE_PIECE(c, j), DITSCOPE_PIECE(c, j + 1)
#define DITSCOPE_PIECES8(c, j) \
  DITSCOPE_PIECES2(c, j), DITSCOPE_PIECES2(c, j + 2), DITSCOPE_PIECES2(c, j + 4), DITSCOPE_PIECES2(c, j + 6)
#define DITSCOPE_PIECES16(c, j) DITSCOPE_PIECES8(c, j), DITSCOPE_PIECES8(c, j + 8)

#define DITSCOPE_LIST16 "{%0, %1, %2, %3, %4, %5, %6, %7}"
#define DITSCOPE_LIST64                                                                         \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, " \
  "%20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}"
#define DITSCOPE_LIST128                                                                        \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, " \
  "%20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, "  \
  "%38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, "  \
  "%56, %57, %58, %59, %60, %61, %62, %63}"

// c = a * b + (accumulate ? c : 0), a and b in shared memory, both with contiguous D.
template <class T, int kColumns>
struct SharedProduct;
// c += a * b, a in registers (four packed pairs), b in shared memory as rows of the inner dimension.
template <class T, int kColumns>
struct RegisterProduct;

#define DITSCOPE_SHARED_PRODUCT(T, NAME, N, A, B, P)                                                    \
  template <>                                                                                           \
  struct SharedProduct<T, N> {                                                                          \
    static __device__ inline void add(float (&c)[N / 8][4], uint64_t a, uint64_t b, bool accumulate) {  \
      asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" #P                                              \
                   ", 0;\n"                                                                             \
                   "wgmma.mma_async.sync.aligned.m64n" #N "k16.f32." NAME "." NAME " " DITSCOPE_LIST##N \
                   ", %" #A ", %" #B ", p, 1, 1, 0, 0;\n}"                                              \
                   : DITSCOPE_ACCUMULATORS##N(c)                                                        \
                   : "l"(a), "l"(b), "r"(int(accumulate)));                                             \
    }                                                                                                   \
  };
#define DITSCOPE_REGISTER_PRODUCT(T, NAME, N, A0, A1, A2, A3, B)                                  \
  template <>                                                                                     \
  struct RegisterProduct<T, N> {                                                                  \
    static __device__ inline void add(float (&c)[N / 8][4], const uint32_t (&a)[4], uint64_t b) { \
      asm volatile(                                                                               \
          "{\n.reg .pred p;\nsetp.ne.b32 p, 1, 0;\n"                                              \
          "wgmma.mma_async.sync.aligned.m64n" #N "k16.f32." NAME "." NAME " " DITSCOPE_LIST##N    \
          ", {%" #A0 ", %" #A1 ", %" #A2 ", %" #A3 "}, %" #B ", p, 1, 1, 1;\n}"                   \
          : DITSCOPE_ACCUMULATORS##N(c)                                                           \
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));                                  \
    }                                                                                             \
  };
#define DITSCOPE_ACCUMULATORS16(c) DITSCOPE_PIECES2(c, 0)
#define DITSCOPE_ACCUMULATORS64(c) DITSCOPE_PIECES8(c, 0)
#define DITSCOPE_ACCUMULATORS128(c) DITSCOPE_PIECES16(c, 0)
#define DITSCOPE_PRODUCTS(T, NAME)                           \
  DITSCOPE_SHARED_PRODUCT(T, NAME, 64, 32, 33, 34)           \
  DITSCOPE_SHARED_PRODUCT(T, NAME, 128, 64, 65, 66)          \
  DITSCOPE_REGISTER_PRODUCT(T, NAME, 16, 8, 9, 10, 11, 12)   \
  DITSCOPE_REGISTER_PRODUCT(T, NAME, 64, 32, 33, 34, 35, 36) \
  DITSCOPE_REGISTER_PRODUCT(T, NAME, 128, 64, 65, 66, 67, 68)
DITSCOPE_PRODUCTS(__nv_bfloat16, "bf16")
DITSCOPE_PRODUCTS(__half, "f16")

}  // namespace ditscope::kernels::cuda
