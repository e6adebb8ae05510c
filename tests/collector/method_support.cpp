// SPDX-License-Identifier: Apache-2.0
#include "method_support.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "collector/methods/registry.h"
#include "collector/plan_runner.h"

namespace ditscope::collector::test {
namespace {

// [Nq, Nk] bool of list `row0 / rows of a head`, in the order of the launch.
at::Tensor expand(const kernels::BlockListStorage& lists, int64_t firstRow, int64_t queries, int64_t keys) {
  at::Tensor mask = at::zeros({queries, keys}, at::kBool);
  auto attended = mask.accessor<bool, 2>();
  for (int64_t i = 0; i < queries; ++i) {
    const auto row = size_t(firstRow + i / lists.qBlock);
    for (int32_t e = lists.rowStart[row]; e < lists.rowStart[row + 1]; ++e) {
      const uint32_t entry = lists.entry[size_t(e)];
      const int64_t first = int64_t(entry & kernels::kKeyBlockMask) * lists.kBlock;
      for (int64_t j = first; j < std::min(first + lists.kBlock, keys); ++j) {
        const int64_t bit = i % lists.qBlock * lists.kBlock + j - first;
        attended[i][j] =
            (entry & kernels::kPartialEntry) == 0 ||
            (lists.partialBits[size_t(lists.partialOffset[size_t(e)] + bit / 64)] >> (bit % 64) & 1);
      }
    }
  }
  return mask;
}

at::Tensor placesOf(const at::Tensor& order, int64_t head) {  // where each token stands
  return at::argsort(order.dim() == 1 ? order : order[head], 0, false);
}

at::Tensor maskOfHead(const Launch& launch, int64_t place, int64_t queries, int64_t keys) {
  if (launch.output.defined()) return at::zeros({queries, keys}, at::kBool);
  if (launch.lists == nullptr) return at::ones({queries, keys}, at::kBool);
  at::Tensor mask = expand(*launch.lists, place * launch.lists->headStride, queries, keys);
  if (launch.order.q.defined()) mask = mask.index_select(0, placesOf(launch.order.q, place));
  if (launch.order.k.defined()) mask = mask.index_select(1, placesOf(launch.order.k, place));
  return mask;
}

}  // namespace

at::Tensor randomTensor(uint64_t seed, at::IntArrayRef shape) {
  return at::randn(shape, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kFloat));
}

MethodCall randomCall(const CallShape& shape, uint64_t seed) {
  const int64_t tokens = shape.grid.count() + shape.text.end - shape.text.begin;
  const auto random = [&](uint64_t which) {
    return randomTensor(seed * 3 + which, {shape.heads, tokens, shape.dim});
  };
  MethodCall call;
  call.q = 2 * random(0);
  call.k = random(1);
  call.v = random(2);
  call.grid = shape.grid;
  call.text = shape.text;
  call.block = shape.block;
  return call;
}

MethodCall callAt(const MethodCall& call, int step, int layer, db::Branch branch) {
  MethodCall other = call;
  other.step = step;
  other.layer = layer;
  other.branch = branch;
  return other;
}

SamplingPlan samplingPlan(int steps, int layers, int heads) {
  SamplingPlan plan{{}, layers, heads};
  for (int i = 0; i < steps; ++i) plan.timesteps.push_back(1 - double(i) / steps);
  return plan;
}

std::unique_ptr<Method> makeMethod(const std::string& text, const SamplingPlan& plan) {
  return parseMethod(text)(plan);
}

at::Tensor tokenMask(const Plan& plan, const MethodCall& call) {
  at::Tensor all = at::zeros({call.heads(), call.queries(), call.keys()}, at::kBool);
  for (const Launch& launch : plan.launches) {
    const int64_t count = launch.heads.empty() ? call.heads() : int64_t(launch.heads.size());
    for (int64_t i = 0; i < count; ++i) {
      const int64_t head = launch.heads.empty() ? i : launch.heads[size_t(i)];
      all[head].copy_(maskOfHead(launch, i, call.queries(), call.keys()));
    }
  }
  return all;
}

at::Tensor maskedAttention(const MethodCall& call, const at::Tensor& mask) {
  const at::Tensor q = call.q.to(at::kDouble), k = call.k.to(at::kDouble), v = call.v.to(at::kDouble);
  const at::Tensor scores = at::matmul(q, k.transpose(1, 2)) / std::sqrt(double(q.size(2)));
  const at::Tensor weights = scores.masked_fill(mask.logical_not(), -INFINITY).softmax(-1);
  return at::matmul(at::nan_to_num(weights, 0.0), v);
}

at::Tensor runKernel(const Plan& plan, const MethodCall& call) {
  return resultOf(plan, call).out;
}

MethodResult resultOf(const Plan& plan, const MethodCall& call) {
  const RunClock clock;
  const PlanResult run =
      runPlan(plan, call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0),
              {.block = call.block, .rowLogMass = plan.wantMass, .gaps = plan.wantGaps}, clock);
  MethodResult result{run.kernel.out[0], run.kernel.lse[0], {}, {}};
  if (plan.wantMass) result.mass = run.blockMass(call.block)[0];
  if (plan.wantGaps) result.gaps = run.kernel.gaps[0];
  return result;
}

double largest(const at::Tensor& x) {
  return x.abs().max().item<double>();
}

Generation::Generation(std::unique_ptr<Method> method, int block)
    : m_attention(std::move(method), block, m_clock, nullptr) {}

at::Tensor Generation::attend(const MethodCall& call) {
  AttentionContext context;
  context.step = call.step;
  context.layer = call.layer;
  context.branchOfRow = {call.branch};
  context.grid = call.grid;
  context.text = call.text;
  return m_attention.attend(call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0), context)[0];
}

}  // namespace ditscope::collector::test
