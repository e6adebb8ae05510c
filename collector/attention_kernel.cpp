// SPDX-License-Identifier: Apache-2.0
#include "collector/attention_kernel.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/core.h>

#include "collector/cuda/device.h"
#include "collector/cuda/list_upload.h"
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

at::Tensor onDeviceOf(const at::Tensor& q, const at::Tensor& x) {
  return x.defined() ? x.to(q.device(), at::kFloat, true).contiguous() : x;
}

// Kernels on a device trust their lists, which are therefore checked when they are first seen.
kernels::BlockList uploaded(const std::shared_ptr<const kernels::BlockListStorage>& lists,
                            const kernels::AttentionArgs& args, at::Device device) {
  static auto* const uploads = new cuda::ListUploads;  // its memory may not be freed after CUDA has ended
  if (!uploads->has(lists)) {
    kernels::AttentionArgs asked = args;
    asked.skip = nullptr;
    kernels::validate(asked);
  }
  return uploads->of(lists, device);
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
  if (!query.device().is_cpu() && !query.is_cuda()) {
    throw db::Error(db::Error::Kind::BadInput, "attention", "no kernel for " + query.device().str(),
                    "use --device cpu");
  }
  const at::Tensor q = denseRows(query), k = denseRows(key), v = denseRows(value);
  KernelResult result = allocate(q, k, request);
  const kernels::StatsOut stats{.keptBits = dataOf<uint32_t>(result.keptBits),
                                .gap = dataOf<float>(result.gaps),
                                .rowLogMass = dataOf<int16_t>(result.rowLogMass),
                                .counters = dataOf<int64_t>(result.counters)};
  const at::Tensor lnLambda = onDeviceOf(q, request.lnLambda), lseRef = onDeviceOf(q, request.lseRef);
  kernels::SkipRule skip = request.skip;
  if (lnLambda.defined()) skip.lnLambdaPerHead = dataOf<float>(lnLambda);
  if (lseRef.defined()) skip.lseRef = dataOf<float>(lseRef);
  kernels::BlockList list = request.lists != nullptr ? request.lists->view() : kernels::BlockList{};
  kernels::AttentionArgs args;
  args.q = kernelView(q);
  args.k = kernelView(k);
  args.v = kernelView(v);
  args.o = kernelView(result.out);
  args.lse = dataOf<float>(result.lse);
  args.list = request.lists != nullptr ? &list : nullptr;
  args.skip = skip.kind != kernels::SkipRule::Kind::None ? &skip : nullptr;
  args.stats = &stats;
  args.defaultBlock = request.block;
  if (q.is_cuda()) {
    if (request.lists != nullptr) list = uploaded(request.lists, args, q.device());
    cuda::attention(args, q);
  } else {
    kernels::attentionCpu(args, at::get_num_threads());
  }
  return result;
}

at::Tensor blockMass(const KernelResult& result, int block) {
  const at::Tensor& log = result.rowLogMass;
  const int64_t b = log.size(0), h = log.size(1), t = log.size(2), n = log.size(3);
  at::Tensor mass = at::empty({b, h, blocks(n, block), t}, result.lse.options());
  const kernels::BlockMassArgs args{.rowLogMass = dataOf<int16_t>(log),
                                    .lse = dataOf<float>(result.lse),
                                    .batchHeads = b * h,
                                    .queries = n,
                                    .keyBlocks = t,
                                    .qBlock = block,
                                    .mass = dataOf<float>(mass)};
  if (mass.is_cuda()) {
    cuda::blockMass(args);
  } else {
    kernels::blockMassFromRowLogMass(args, at::get_num_threads());
  }
  return mass;
}

std::string kernelName(const at::Tensor& q, int block) {
  const char* dtype[] = {"f32", "f16", "bf16"};
  return fmt::format("{}_attention_{}_d{}_b{}", q.device().is_cpu() ? "cpu" : "cuda",
                     dtype[int(kernelDType(q))], q.size(3), block);
}

}  // namespace ditscope::collector
