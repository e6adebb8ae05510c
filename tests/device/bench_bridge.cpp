// SPDX-License-Identifier: Apache-2.0
// attentionCuda() as one C function on contiguous [B, H, N, D] tensors, for bench_attention.py: there it
// takes turns with PyTorch's kernels on the same tensors and the same stream.
#include <cstdio>
#include <exception>

#include "kernels/cuda/attention_cuda.h"

using namespace ditscope::kernels;

extern "C" {

struct BridgeCall {
  void *q, *k, *v, *o;
  float* lse;
  int64_t batches, heads, rows, dim;
  int32_t isBf16, variant, qBlock, kBlock;  // variant: CudaVariant
  const int32_t* rowStart;                  // one list a head, shared by the batches; null = dense
  const uint32_t* entry;
  uint32_t* keptBits;
  float* gap;
  int16_t* rowLogMass;
  int32_t hasBlasst;
  float lnLambda;
  void* scratch;
  CUstream_st* stream;
};

static AttentionArgs argsOf(const BridgeCall& call, BlockList& list, SkipRule& rule, StatsOut& stats) {
  const auto tensor = [&](void* data) {
    return Tensor4{data,
                   call.isBf16 ? DType::BF16 : DType::F16,
                   {call.batches, call.heads, call.rows, call.dim},
                   {call.heads * call.rows * call.dim, call.rows * call.dim, call.dim, 1}};
  };
  list = {.qBlock = call.qBlock,
          .kBlock = call.kBlock,
          .headStride = (call.rows + call.qBlock - 1) / call.qBlock,
          .rowStart = call.rowStart,
          .entry = call.entry};
  rule = {.kind = call.hasBlasst ? SkipRule::Kind::Blasst : SkipRule::Kind::None, .lnLambda = call.lnLambda};
  stats = {.keptBits = call.keptBits, .gap = call.gap, .rowLogMass = call.rowLogMass};
  AttentionArgs args{.q = tensor(call.q), .k = tensor(call.k), .v = tensor(call.v), .o = tensor(call.o)};
  args.lse = call.lse;
  args.defaultBlock = call.qBlock;
  args.list = call.rowStart ? &list : nullptr;
  args.skip = &rule;
  args.stats = &stats;
  return args;
}

// 0, or 1 with the reason on stderr.
int ditscopeAttention(const BridgeCall* call) try {
  BlockList list;
  SkipRule rule;
  StatsOut stats;
  attentionCuda(argsOf(*call, list, rule, stats),
                {.stream = call->stream, .variant = CudaVariant(call->variant), .scratch = call->scratch});
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "ditscope: %s\n", error.what());
  return 1;
}

int64_t ditscopeScratchBytes(const BridgeCall* call) {
  BlockList list;
  SkipRule rule;
  StatsOut stats;
  return int64_t(cudaScratchBytes(argsOf(*call, list, rule, stats)));
}

}  // extern "C"
