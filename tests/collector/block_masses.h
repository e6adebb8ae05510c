// SPDX-License-Identifier: Apache-2.0
// Blocks of a call in tests of methods: their masses in fp64, and which of them a plan keeps.
#pragma once

#include <ATen/ATen.h>

#include <cmath>

#include "method_support.h"

namespace ditscope::collector::test {

inline int64_t blocksOf(int64_t tokens, int block) {
  return (tokens + block - 1) / block;
}

// [H, query blocks, key blocks] fp64: sum over the block of exp(score - lse of the row), averaged over the
// rows of the query block. lse: [H, Nq] fp64.
inline at::Tensor massesFromLse(const MethodCall& call, const at::Tensor& lse) {
  const at::Tensor scores = at::matmul(call.q.to(at::kDouble), call.k.to(at::kDouble).transpose(1, 2)) /
                            std::sqrt(double(call.q.size(2)));
  const at::Tensor shares = (scores - lse.unsqueeze(2)).exp();
  const int64_t b = call.block, g = blocksOf(call.queries(), call.block),
                t = blocksOf(call.keys(), call.block);
  at::Tensor mass = at::zeros({call.heads(), g, t}, at::kDouble);
  for (int64_t i = 0; i < g; ++i) {
    for (int64_t j = 0; j < t; ++j) {
      const at::Tensor rows = shares.slice(1, i * b, (i + 1) * b);
      mass.select(1, i).select(1, j).copy_(rows.slice(2, j * b, (j + 1) * b).sum(2).mean(1));
    }
  }
  return mass;
}

inline at::Tensor lseOf(const MethodCall& call) {  // [H, Nq] fp64
  return (at::matmul(call.q.to(at::kDouble), call.k.to(at::kDouble).transpose(1, 2)) /
          std::sqrt(double(call.q.size(2))))
      .logsumexp(2);
}

inline at::Tensor trueMasses(const MethodCall& call) {
  return massesFromLse(call, lseOf(call));
}

// Rows that find much of their mass in the block on the diagonal, the later ones more.
inline MethodCall localCall(const CallShape& shape, uint64_t seed) {
  MethodCall call = randomCall(shape, seed);
  for (int64_t i = 0; i < call.queries(); ++i) {
    const int64_t channel = i / call.block % call.q.size(2);
    const double strength = 4 + double(i / call.block);
    call.q.select(1, i).select(1, channel).add_(strength);
    call.k.select(1, i).select(1, channel).add_(strength);
  }
  return call;
}

// [H, query blocks, key blocks] bool, of a plan of whole blocks.
inline at::Tensor keptBlocks(const Plan& plan, const MethodCall& call) {
  const at::Tensor mask = tokenMask(plan, call);
  return mask.slice(1, 0, c10::nullopt, call.block).slice(2, 0, c10::nullopt, call.block);
}

}  // namespace ditscope::collector::test
