// SPDX-License-Identifier: Apache-2.0
#include "collector/cuda/to_host.h"

#include <ATen/ATen.h>

#include <numbers>

namespace ditscope::collector::cuda {
namespace {

at::Tensor hostCopy(const at::Tensor& x) {
  if (!x.defined() || !x.is_cuda()) return x;
  at::Tensor host = at::empty(x.sizes(), x.options().device(at::kCPU).pinned_memory(true));
  host.copy_(x, true);
  return host;
}

at::Tensor shapeAlone(const at::Tensor& x) {
  return at::empty({}, at::kByte).expand(x.sizes());
}

void keepWhatIsRead(PlanResult& result) {
  KernelResult& kernel = result.kernel;
  kernel.out = kernel.rowLogMass = kernel.gaps = result.lseInOrder = at::Tensor();
  kernel.lse = hostCopy(kernel.lse);
  kernel.keptBits = hostCopy(kernel.keptBits);
  kernel.counters = hostCopy(kernel.counters);
}

}  // namespace

at::Tensor rowEntropies(const at::Tensor& rowLogMass, const at::Tensor& lse) {
  constexpr double kNatural = std::numbers::ln2 / 256;  // of one step of a code
  std::vector<at::Tensor> heads;
  for (int64_t h = 0; h < lse.size(1); ++h) {  // one after the other: these are large
    const at::Tensor codes = rowLogMass[0][h], rows = lse[0][h];
    const at::Tensor logs = codes.to(at::kFloat).mul_(kNatural).sub_(rows);
    const at::Tensor masses = logs.exp().masked_fill_(codes.eq(int64_t{kernels::kNotVisited}), 0);
    const at::Tensor finite = rows.isfinite();
    const at::Tensor sums = at::where(finite, -(masses * logs).sum(0), at::zeros_like(rows));
    heads.push_back((sums.sum() / finite.sum()).clamp_min(0));
  }
  return at::stack(heads);
}

at::Tensor relativeErrors(const at::Tensor& out, const at::Tensor& dense) {
  const at::Tensor full = dense.to(at::kFloat);
  const at::Tensor size = full.abs().sum(at::IntArrayRef{2, 3})[0];
  if (out.data_ptr() == dense.data_ptr()) return at::zeros_like(size);  // of a dense call
  const at::Tensor lost = (out.to(at::kFloat) - full).abs().sum(at::IntArrayRef{2, 3})[0];
  return at::where(size > 0, lost / size, at::zeros_like(size));
}

void bringToHost(Observation& seen) {
  if (seen.full) {
    seen.rowEntropy = hostCopy(rowEntropies(seen.full->kernel.rowLogMass, seen.full->lseInOrder));
    seen.errorL1 = hostCopy(relativeErrors(seen.out, seen.full->kernel.out));
    const bool same = seen.full->kernel.lse.is_same(seen.result.kernel.lse);
    keepWhatIsRead(*seen.full);
    if (same) seen.result.kernel.lse = seen.full->kernel.lse;
  }
  keepWhatIsRead(seen.result);
  seen.mass = hostCopy(seen.mass);
  seen.out = shapeAlone(seen.out);
  for (Launch& launch : seen.plan.launches) {
    if (launch.output.defined()) launch.output = shapeAlone(launch.output);
  }
}

}  // namespace ditscope::collector::cuda
