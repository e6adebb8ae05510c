// SPDX-License-Identifier: Apache-2.0
#include "collector/attention_kernel.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/core.h>

#include "db/error.h"

namespace ditscope::collector {
namespace {

kernels::DType kernelDType(const at::Tensor& x) {
  switch (x.scalar_type()) {
    case at::kFloat:
      return kernels::DType::F32;
    case at::kHalf:
      return kernels::DType::F16;
    case at::kBFloat16:
      return kernels::DType::BF16;
    default:
      throw db::Error(db::Error::Kind::BadInput, "attention",
                      fmt::format("no kernel for {}", toString(x.scalar_type())),
                      "run the model in float32, float16 or bfloat16");
  }
}

at::Tensor denseRows(const at::Tensor& x) {
  return x.stride(3) == 1 ? x : x.contiguous();
}

int64_t blocks(int64_t tokens, int block) {
  return (tokens + block - 1) / block;
}

template <class T>
T* dataOf(const at::Tensor& x) {
  return x.defined() ? static_cast<T*>(x.data_ptr()) : nullptr;
}

KernelResult allocate(const at::Tensor& q, const at::Tensor& k, const KernelRequest& request) {
  const int64_t b = q.size(0), h = q.size(1), n = q.size(2);
  const int64_t g = blocks(n, request.block), t = blocks(k.size(2), request.block);
  KernelResult result;
  result.out = at::empty({b, n, h, q.size(3)}, q.options()).transpose(1, 2);
  if (request.lse || request.rowLogMass) {
    result.lse = at::empty({b, h, n}, q.options().dtype(at::kFloat));
  }
  if (request.keptBits) {
    result.keptBits = at::empty({b, h, g, blocks(t, 32)}, q.options().dtype(at::kInt));
    result.counters = at::empty({b, h, 4}, q.options().dtype(at::kLong));
  }
  if (request.rowLogMass) {
    result.rowLogMass = at::empty({b, h, t, n}, q.options().dtype(at::kShort));
  }
  if (request.gaps) {
    result.gaps = at::empty({b, h, g, t}, q.options().dtype(at::kFloat));
  }
  return result;
}

}  // namespace

kernels::Tensor4 kernelView(const at::Tensor& x) {
  return {x.data_ptr(),
          kernelDType(x),
          {x.size(0), x.size(1), x.size(2), x.size(3)},
          {x.stride(0), x.stride(1), x.stride(2), x.stride(3)}};
}

KernelResult runAttention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                          const KernelRequest& request) {
  if (!query.device().is_cpu()) {
    throw db::Error(db::Error::Kind::BadInput, "attention", "no kernel for " + query.device().str(),
                    "use --device cpu");
  }
  const at::Tensor q = denseRows(query), k = denseRows(key), v = denseRows(value);
  KernelResult result = allocate(q, k, request);
  const kernels::StatsOut stats{.keptBits = dataOf<uint32_t>(result.keptBits),
                                .gap = dataOf<float>(result.gaps),
                                .rowLogMass = dataOf<int16_t>(result.rowLogMass),
                                .counters = dataOf<int64_t>(result.counters)};
  const kernels::BlockList list = request.lists != nullptr ? request.lists->view() : kernels::BlockList{};
  kernels::AttentionArgs args;
  args.q = kernelView(q);
  args.k = kernelView(k);
  args.v = kernelView(v);
  args.o = kernelView(result.out);
  args.lse = dataOf<float>(result.lse);
  args.list = request.lists != nullptr ? &list : nullptr;
  args.skip = request.skip.kind != kernels::SkipRule::Kind::None ? &request.skip : nullptr;
  args.stats = &stats;
  args.defaultBlock = request.block;
  kernels::attentionCpu(args, at::get_num_threads());
  return result;
}

at::Tensor blockMass(const KernelResult& result, int block) {
  const at::Tensor& log = result.rowLogMass;
  const int64_t b = log.size(0), h = log.size(1), t = log.size(2), n = log.size(3);
  at::Tensor mass = at::empty({b, h, blocks(n, block), t}, result.lse.options());
  kernels::blockMassFromRowLogMass({.rowLogMass = dataOf<int16_t>(log),
                                    .lse = dataOf<float>(result.lse),
                                    .batchHeads = b * h,
                                    .queries = n,
                                    .keyBlocks = t,
                                    .qBlock = block,
                                    .mass = dataOf<float>(mass)},
                                   at::get_num_threads());
  return mass;
}

std::string kernelName(const at::Tensor& q, int block) {
  const char* dtype[] = {"f32", "f16", "bf16"};
  return fmt::format("{}_attention_{}_d{}_b{}", q.device().is_cpu() ? "cpu" : "cuda",
                     dtype[int(kernelDType(q))], q.size(3), block);
}

}  // namespace ditscope::collector
