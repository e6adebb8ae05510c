// SPDX-License-Identifier: Apache-2.0
#include "collector/plan_runner.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "collector/methods/head_selection.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

struct Tensors {
  at::Tensor q, k, v;  // [1, heads, N, D]
};

// x: [1, heads, N, ...]; order: [N] or [heads, N].
at::Tensor permuted(const at::Tensor& x, const at::Tensor& order) {
  if (!order.defined()) return x;
  if (order.dim() == 1) return x.index_select(2, order);
  at::Tensor index = order.unsqueeze(0);
  while (index.dim() < x.dim()) index = index.unsqueeze(-1);
  return x.gather(2, index.expand_as(x));
}

at::Tensor backwards(const at::Tensor& order) {
  return order.defined() ? at::argsort(order, -1, false) : order;
}

KernelRequest kernelRequest(const Launch& launch, const PlanRequest& request) {
  return {.lists = launch.lists,
          .skip = launch.skip,
          .lnLambda = launch.lnLambda,
          .lseRef = launch.lseRef,
          .block = request.block,
          .keptBits = request.keptBits,
          .rowLogMass = request.rowLogMass,
          .gaps = request.gaps};
}

// What a kernel would have returned, had it kept no block and still known the output.
KernelResult given(const Launch& launch, const Tensors& in, const PlanRequest& request) {
  const int64_t heads = in.q.size(1), queries = in.q.size(2);
  const int64_t g = (queries + request.block - 1) / request.block;
  const int64_t t = (in.k.size(2) + request.block - 1) / request.block;
  KernelResult result;
  result.out = launch.output.to(in.q.device()).unsqueeze(0);
  result.lse = at::full({1, heads, queries}, -std::numeric_limits<float>::infinity(),
                        in.q.options().dtype(at::kFloat));
  if (request.keptBits) {
    result.keptBits = at::zeros({1, heads, g, (t + 31) / 32}, in.q.options().dtype(at::kInt));
    result.counters = at::zeros({1, heads, 4}, in.q.options().dtype(at::kLong));
  }
  if (request.rowLogMass) {
    result.rowLogMass =
        at::full({1, heads, t, queries}, int64_t{kernels::kNotVisited}, in.q.options().dtype(at::kShort));
  }
  if (request.gaps) result.gaps = at::full({1, heads, g, t}, NAN, in.q.options().dtype(at::kFloat));
  return result;
}

struct Part {  // of the result, of one launch
  KernelResult kernel;
  at::Tensor lseInOrder;
};

Part runLaunch(const Launch& launch, const Tensors& in, const PlanRequest& request, const RunClock& clock,
               LaunchTime& time) {
  if (launch.output.defined()) {
    time.startNs = clock.now();
    const KernelResult result = given(launch, in, request);
    return {result, result.lse};
  }
  const auto there = [&in](const at::Tensor& order) {
    return order.defined() ? order.to(in.q.device(), at::kLong, /*non_blocking=*/true) : order;
  };
  const at::Tensor qOrder = there(launch.order.q), kOrder = there(launch.order.k);
  const at::Tensor q = permuted(in.q, qOrder), k = permuted(in.k, kOrder), v = permuted(in.v, kOrder);
  const bool marked = request.marks && q.is_cuda();
  time.startNs = clock.now();
  if (marked) time.before = cuda::Mark::here();
  KernelResult result = runAttention(q, k, v, kernelRequest(launch, request));
  if (marked) time.after = cuda::Mark::here();
  if (!q.is_cuda()) time.kernelNs = clock.now() - time.startNs;
  const at::Tensor back = backwards(qOrder);
  const at::Tensor lseInOrder = result.lse;
  result.out = permuted(result.out, back);
  result.lse = permuted(result.lse, back);
  return {result, lseInOrder};
}

void scatter(at::Tensor& all, const at::Tensor& part, const at::Tensor& heads, int64_t headCount) {
  if (!part.defined()) return;
  if (!all.defined()) {
    std::vector<int64_t> shape = part.sizes().vec();
    shape[1] = headCount;
    all = at::empty(shape, part.options());
  }
  all.index_copy_(1, heads, part);
}

void checkHeads(const Plan& plan, int64_t heads) {
  std::vector<int64_t> all;
  for (const Launch& launch : plan.launches) {
    if (launch.heads.empty()) {
      for (int64_t h = 0; h < heads; ++h) all.push_back(h);
    }
    all.insert(all.end(), launch.heads.begin(), launch.heads.end());
  }
  std::sort(all.begin(), all.end());
  std::vector<int64_t> expected(static_cast<size_t>(heads));
  std::iota(expected.begin(), expected.end(), 0);
  if (all != expected) {
    throw db::Error(db::Error::Kind::Failure, "sparsity plan", "its launches do not hold every head once",
                    "report this as a bug of the method");
  }
}

}  // namespace

int64_t PlanResult::kernelNs() const {
  return std::accumulate(launches.begin(), launches.end(), int64_t{0},
                         [](int64_t sum, const LaunchTime& launch) { return sum + launch.kernelNs; });
}

at::Tensor PlanResult::blockMass(int block) const {
  KernelResult ordered = kernel;
  ordered.lse = lseInOrder;
  return collector::blockMass(ordered, block);
}

PlanResult runPlan(const Plan& plan, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                   const PlanRequest& request, const RunClock& clock) {
  const int64_t headCount = q.size(1);
  checkHeads(plan, headCount);
  PlanResult result;
  for (const Launch& launch : plan.launches) {
    LaunchTime& time = result.launches.emplace_back(LaunchTime{launch.heads});
    if (launch.heads.empty() || int64_t(launch.heads.size()) == headCount) {
      const Part whole = runLaunch(launch, {q, k, v}, request, clock, time);
      result.kernel = whole.kernel;
      result.lseInOrder = whole.lseInOrder;
      return result;
    }
    const at::Tensor heads = indexOn(q.device(), launch.heads);
    const auto some = [&](const at::Tensor& x) { return selectHeads(x, 1, launch.heads); };
    const auto [part, lseInOrder] = runLaunch(launch, {some(q), some(k), some(v)}, request, clock, time);
    KernelResult& all = result.kernel;
    scatter(result.lseInOrder, lseInOrder, heads, headCount);
    scatter(all.out, part.out, heads, headCount);
    scatter(all.lse, part.lse, heads, headCount);
    scatter(all.keptBits, part.keptBits, heads, headCount);
    scatter(all.counters, part.counters, heads, headCount);
    scatter(all.rowLogMass, part.rowLogMass, heads, headCount);
    scatter(all.gaps, part.gaps, heads, headCount);
  }
  return result;
}

Plan denseLike(const Plan& plan) {
  Plan dense;
  const auto ordered = [](const Launch& launch) {
    return launch.order.q.defined() || launch.order.k.defined();
  };
  if (std::none_of(plan.launches.begin(), plan.launches.end(), ordered)) return dense;
  dense.launches.clear();
  for (const Launch& launch : plan.launches) {
    dense.launches.push_back({.heads = launch.heads, .order = launch.order});
  }
  return dense;
}

}  // namespace ditscope::collector
